//! The policy for one delivery: TXT answer, cached entry, a fetch if the id changed, outcome.

mod input;
mod machine;
mod options;
mod outcome;
mod refresh;
mod state;
mod trace;

pub use input::{Action, Input, TxtAnswer, UnexpectedInput};
pub use machine::Discovery;
pub use options::{OnTxtFailure, Options, Override};
pub use outcome::{Applied, Decision, FetchMade, NoPolicy, Outcome, ReportedFailure, Source};
pub use refresh::{Refresh, RefreshCause, RefreshOutcome, RefreshResult};
pub use trace::{Step, Trace};

#[cfg(test)]
mod tests;
