//! Letting the caller see what the server says.

use super::wait::Phase;
use crate::reply::ReplyLine;

/// Sees every reply line as it is read, for logs. Nothing it does changes a decision.
pub trait Notice {
    /// A whole line of the reply that is awaited in this phase.
    fn reply_line(&mut self, phase: Phase, line: &ReplyLine<'_>);
}

/// Sees nothing.
impl Notice for () {
    #[inline]
    fn reply_line(&mut self, _: Phase, _: &ReplyLine<'_>) {}
}

impl<F: FnMut(Phase, &ReplyLine<'_>)> Notice for F {
    fn reply_line(&mut self, phase: Phase, line: &ReplyLine<'_>) {
        self(phase, line);
    }
}
