//! Policies with equal bodies, kept once.

use core::borrow::Borrow;
use core::hash::{Hash, Hasher};
use std::collections::HashSet;
use std::sync::Arc;

use mta_sts::Policy;

/// Each body in use.
#[derive(Default)]
pub(super) struct Bodies {
    known: HashSet<ByText>,
    bytes: usize,
}

/// A policy as a key: its text alone counts.
struct ByText(Arc<Policy>);

impl Bodies {
    /// Bytes of all different bodies.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The policy that all of this text share.
    pub(super) fn share(&mut self, policy: &Policy) -> Arc<Policy> {
        let text = policy.as_str();
        if let Some(known) = self.known.get(text) {
            return Arc::clone(&known.0);
        }
        let policy = Arc::new(policy.clone());
        self.bytes += text.len();
        self.known.insert(ByText(Arc::clone(&policy)));
        policy
    }

    /// Takes back what [`Bodies::share`] gave.
    pub(super) fn release(&mut self, policy: Arc<Policy>) {
        // This one and the one in the set: nobody else has it.
        if Arc::strong_count(&policy) == 2 && self.known.remove(policy.as_str()) {
            self.bytes -= policy.as_str().len();
        }
    }
}

impl Hash for ByText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_str().hash(state);
    }
}

impl PartialEq for ByText {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for ByText {}

impl Borrow<str> for ByText {
    fn borrow(&self) -> &str {
        self.0.as_str()
    }
}
