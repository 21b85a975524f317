//! Policies with equal bodies, kept once.

use core::borrow::Borrow;
use core::hash::{Hash, Hasher};
use std::collections::HashMap;

use mta_sts::Policy;

/// The bodies in use.
#[derive(Default)]
pub(super) struct Bodies {
    places: Vec<Place>,
    /// Places without a body.
    free: Vec<u32>,
    by_text: HashMap<ByText, u32>,
    bytes: usize,
}

/// Which body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Body(u32);

struct Place {
    policy: Option<Policy>,
    /// How many entries use it.
    users: u32,
}

/// A policy as a key: its text alone counts.
struct ByText(Policy);

impl Bodies {
    /// Bytes of all different bodies.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// A body in use.
    pub(super) fn policy(&self, body: Body) -> Option<&Policy> {
        self.places.get(body.0 as usize)?.policy.as_ref()
    }

    /// Keeps this policy, or uses one of the same text.
    pub(super) fn share(&mut self, policy: &Policy) -> Body {
        if let Some(&at) = self.by_text.get(policy.as_str()) {
            if let Some(place) = self.places.get_mut(at as usize) {
                place.users += 1;
            }
            return Body(at);
        }
        let place = Place { policy: Some(policy.clone()), users: 1 };
        let at = match self.free.pop() {
            Some(at) => {
                if let Some(free) = self.places.get_mut(at as usize) {
                    *free = place;
                }
                at
            }
            None => {
                self.places.push(place);
                (self.places.len() - 1) as u32
            }
        };
        self.by_text.insert(ByText(policy.clone()), at);
        self.bytes += policy.as_str().len();
        Body(at)
    }

    /// Takes back what [`Bodies::share`] gave.
    pub(super) fn release(&mut self, body: Body) {
        let Some(place) = self.places.get_mut(body.0 as usize) else { return };
        place.users = place.users.saturating_sub(1);
        if place.users == 0
            && let Some(policy) = place.policy.take()
        {
            self.by_text.remove(policy.as_str());
            self.bytes -= policy.as_str().len();
            self.free.push(body.0);
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
