//! The decision table of deliveries, as a model that remembers in its own way, against the machine:
//! every sequence of a few events, from a first contact and after busy hours.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use core::time::Duration;

use mta_sts::{
    Action, Decision, Discovery, FetchError, FetchMade, Input, Mode, Options, PolicyBody, Stored,
    TxtAnswer, UnixTime,
};

const DEPTH: usize = 4;
/// After a busy hour, of which there are several.
const BUSY_DEPTH: usize = 2;
const MAX_AGE: u64 = 600;
/// The same moment, a back-off later, and a lifetime later.
const STEPS: [u64; 3] = [0, 300, MAX_AGE + 1];
const IDS: [&str; 2] = ["a", "b"];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fetch {
    Fails,
    Valid(Mode, u64),
}

const FETCHES: [Fetch; 5] = [
    Fetch::Fails,
    Fetch::Valid(Mode::Enforce, MAX_AGE),
    Fetch::Valid(Mode::Testing, MAX_AGE),
    Fetch::Valid(Mode::None, MAX_AGE),
    Fetch::Valid(Mode::Enforce, 0),
];

/// What is cached: an id, a mode, and when it was fetched.
type Entry = (&'static str, Mode, u64);

/// What a delivery comes to: the policy applied, whether a fetch was made, whether a failure is told.
#[derive(Debug, Eq, PartialEq)]
struct Verdict {
    applied: Option<(&'static str, Mode)>,
    fetched: bool,
    told: bool,
}

#[derive(Clone, Default)]
struct Model {
    entry: Option<Entry>,
    /// The last failed fetch for each id.
    failed: [Option<u64>; 2],
    /// When a fetch was made, and whether it failed.
    fetches: Vec<(u64, bool)>,
}

impl Model {
    fn deliver(&mut self, record: Option<usize>, fetch: Fetch, now: u64) -> Verdict {
        let live = self.entry.filter(|(_, _, at)| now - at <= MAX_AGE);
        let keeps = |fetched, told| Verdict {
            applied: live.map(|(id, mode, _)| (id, mode)).filter(|(_, mode)| *mode != Mode::None),
            fetched,
            // Rows 9 and 10: nothing is told while a `none` is cached.
            told: told && live.is_none_or(|(_, mode, _)| mode != Mode::None),
        };
        let Some(id) = record else { return keeps(false, false) };
        if live.is_some_and(|(cached, _, _)| cached == IDS[id]) {
            return keeps(false, false);
        }
        if self.failed[id].is_some_and(|at| now - at < 300) {
            return keeps(false, true);
        }
        let recent = self.fetches.iter().filter(|(at, _)| now - at < 3_600);
        let failures = recent.clone().filter(|(_, failed)| *failed).count();
        // While a policy is live all fetches count; without one those that failed.
        if failures >= 12 || (live.is_some() && recent.count() >= 12) {
            return keeps(false, failures > 0);
        }
        self.fetches.push((now, fetch == Fetch::Fails));
        let Fetch::Valid(mode, max_age) = fetch else {
            self.failed[id] = Some(now);
            return keeps(true, true);
        };
        self.failed[id] = None;
        self.entry = (max_age > 0).then_some((IDS[id], mode, now));
        let applied = (mode != Mode::None).then_some((IDS[id], mode));
        Verdict { applied, fetched: true, told: false }
    }
}

fn brought(fetch: Fetch) -> Result<PolicyBody, FetchError> {
    let Fetch::Valid(mode, max_age) = fetch else { return Err(FetchError::ConnectionFailed) };
    let body = format!("version: STSv1\nmode: {mode}\nmx: a.example\nmax_age: {max_age}\n");
    PolicyBody::from_response(200, [&b"text/plain"[..]], [], body.into_bytes())
}

fn deliver(stored: &mut Stored, record: Option<usize>, fetch: Fetch, now: u64) -> Verdict {
    let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
    let domain = "example.org".parse().unwrap();
    let mut machine = Discovery::new(domain, stored.clone(), &Options::default(), now);
    let records = record.map(|id| [format!("v=STSv1; id={}", IDS[id])]);
    machine.handle(Input::Txt(TxtAnswer::from_records(records)), now).unwrap();
    if let Action::Fetch { .. } = machine.action() {
        machine.handle(Input::Fetched(brought(fetch)), now).unwrap();
    }
    let outcome = machine.into_outcome().unwrap();
    stored.apply(&outcome.update);
    let applied = match &outcome.decision {
        Decision::Apply(applied) => {
            let id = IDS.into_iter().find(|id| *id == applied.id().as_str());
            Some((id.unwrap(), applied.mode()))
        }
        Decision::NoPolicy(_) => None,
        other => panic!("{other:?}"),
    };
    let fetched = outcome.fetch == FetchMade::Yes;
    Verdict { applied, fetched, told: outcome.failure.is_some() }
}

fn explore(
    model: &Model,
    stored: &Stored,
    now: u64,
    depth: usize,
    path: &mut Vec<String>,
) -> usize {
    if depth == 0 {
        return 1;
    }
    let mut sequences = 0;
    for step in STEPS {
        let now = now + step;
        for record in [None, Some(0), Some(1)] {
            for fetch in FETCHES {
                let (mut model, mut stored) = (model.clone(), stored.clone());
                let expected = model.deliver(record, fetch, now);
                let found = deliver(&mut stored, record, fetch, now);
                path.push(format!("{now}: {record:?} {fetch:?}"));
                assert_eq!(found, expected, "after {path:#?}");
                // What a fetch would have brought does not matter where none was made.
                let asked = expected.fetched;
                sequences += explore(&model, &stored, now, depth - 1, path);
                path.pop();
                if !asked {
                    break;
                }
            }
        }
    }
    sequences
}

#[test]
fn s3_1_every_short_sequence_of_deliveries_obeys_the_table() {
    let start = 1_800_000_000;
    let found = explore(&Model::default(), &Stored::default(), start, DEPTH, &mut Vec::new());
    assert!(found > 50_000, "{found} sequences are few");
}

/// What is stored after these fetches, each for an id of its own and the last for the first of
/// [`IDS`], and what the model knows of them.
fn busy(fetches: &[Fetch], start: u64) -> (Model, Stored) {
    let (mut model, mut stored) = (Model::default(), Stored::default());
    for (&fetch, n) in fetches.iter().zip(0..) {
        let now = UnixTime::since_unix_epoch(Duration::from_secs(start + n));
        let domain = "example.org".parse().unwrap();
        let mut machine = Discovery::new(domain, stored.clone(), &Options::default(), now);
        let is_last = n as usize + 1 == fetches.len();
        let id = if is_last { IDS[0].to_owned() } else { format!("busy{n}") };
        let answer = TxtAnswer::from_records([[format!("v=STSv1; id={id}")]]);
        machine.handle(Input::Txt(answer), now).unwrap();
        machine.handle(Input::Fetched(brought(fetch)), now).unwrap();
        stored.apply(&machine.into_outcome().unwrap().update);
        model.fetches.push((start + n, fetch == Fetch::Fails));
        if let (Fetch::Valid(mode, 1..), true) = (fetch, is_last) {
            model.entry = Some((IDS[0], mode, start + n));
        } else if is_last {
            model.failed[0] = (fetch == Fetch::Fails).then_some(start + n);
        }
    }
    (model, stored)
}

#[test]
fn s3_3_i3_every_short_sequence_after_a_busy_hour_obeys_the_table() {
    let start = 1_800_000_000;
    let (fails, once) = (Fetch::Fails, Fetch::Valid(Mode::Enforce, 0));
    let kept = Fetch::Valid(Mode::Enforce, MAX_AGE);
    for busy_with in [
        [fails; 11].to_vec(),
        [fails; 12].to_vec(),
        [once; 11].to_vec(),
        [once; 40].to_vec(),
        [[fails; 11].as_slice(), &[once; 40]].concat(),
        [[fails, once].repeat(11), vec![once; 14]].concat(),
        [[fails, once].repeat(11), vec![fails]].concat(),
        [kept; 11].to_vec(),
        [kept; 12].to_vec(),
        [[fails; 3].as_slice(), &[kept; 9]].concat(),
    ] {
        let (model, stored) = busy(&busy_with, start);
        let now = start + busy_with.len() as u64;
        for now in [now, now + 300, start + 3_600] {
            explore(&model, &stored, now, BUSY_DEPTH, &mut vec![format!("{busy_with:?}")]);
        }
    }
}
