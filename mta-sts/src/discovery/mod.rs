//! The policy for one delivery: TXT answer, cached entry, a fetch if the id changed, outcome.

mod machine;
mod options;
mod outcome;
mod refresh;
mod trace;

pub use machine::{Action, Discovery, Input, TxtAnswer, UnexpectedInput};
pub use options::{OnTxtFailure, Options, Override};
pub use outcome::{Applied, Decision, FetchMade, NoPolicy, Outcome, ReportedFailure, Source};
pub use refresh::{Refresh, RefreshCause, RefreshOutcome, RefreshResult};
pub use trace::{Step, Trace};

#[cfg(test)]
mod tests;
