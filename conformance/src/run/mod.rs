//! The runner: puts vectors to a testee and compares the answers.

pub mod exceptions;
mod external;
mod judge;
mod report;

use serde_json::{Map, Value};

use crate::testee;
use crate::vector::{File, Vector};

pub use external::{External, Limits};
pub use judge::{CAPABILITIES, Outcome, judge};
pub use report::{Report, Row};

/// Something that answers requests.
pub trait Testee {
    /// The answer to a request, which holds its id and operation.
    ///
    /// # Errors
    ///
    /// [`Silence`] where there is no answer.
    fn ask(&mut self, request: Map<String, Value>) -> Result<Value, Silence>;

    /// Whether this testee must give the reasons that vectors name, and answer every operation.
    fn strictness(&self) -> Strictness;
}

/// How much is asked of a testee.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Strictness {
    /// Every operation, and the reasons that vectors name.
    Own,
    /// It may lack operations and leave reasons out.
    Other,
}

/// Why there is no answer.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Silence {
    /// It could not be started.
    #[error("the testee could not be started: {0}")]
    NotStarted(String),
    /// It has ended.
    #[error("the testee ended without an answer ({0})")]
    Ended(String),
    /// It took too long.
    #[error("no answer within {0} seconds")]
    TimedOut(u64),
    /// What it answered is not an answer to this request.
    #[error("not an answer to this request: {0}")]
    Malformed(String),
    /// It was silent before and is not started once more.
    #[error("not asked: the testee was lost before")]
    Lost,
}

/// Our own testee, asked in process.
#[derive(Clone, Copy, Debug, Default)]
pub struct InProcess;

impl Testee for InProcess {
    fn ask(&mut self, request: Map<String, Value>) -> Result<Value, Silence> {
        let reply = testee::reply_to(request);
        serde_json::to_value(&reply).map_err(|error| Silence::Malformed(error.to_string()))
    }

    fn strictness(&self) -> Strictness {
        Strictness::Own
    }
}

/// A vector with the document it is from, and what came of it.
#[derive(Clone, Debug)]
pub struct Judged<'a> {
    /// The document.
    pub spec: &'a str,
    /// The vector.
    pub vector: &'a Vector,
    /// What came of it.
    pub outcome: Outcome,
}

/// Puts to `testee` every vector of `files` whose document is `spec`, or all of them.
pub fn run<'a>(testee: &mut impl Testee, files: &'a [File], spec: Option<&str>) -> Vec<Judged<'a>> {
    let wanted = files.iter().filter(|file| spec.is_none_or(|spec| spec == file.spec));
    wanted
        .flat_map(|file| file.vectors.iter().map(|vector| (file.spec.as_str(), vector)))
        .map(|(spec, vector)| Judged { spec, vector, outcome: put(testee, vector) })
        .collect()
}

fn put(testee: &mut impl Testee, vector: &Vector) -> Outcome {
    let mut request = vector.request.clone();
    request.insert("id".into(), vector.id.clone().into());
    match testee.ask(request) {
        Ok(answer) => judge(&vector.expect, &answer, testee.strictness()),
        Err(silence) => Outcome::Failed(vec![silence.to_string()]),
    }
}
