//! What a store has to tell the operator.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use mta_sts::{PolicyDomain, StoredFormError};

/// Something the operator should know of a durable store.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Event {
    /// What was kept of this domain was damaged and is dropped.
    Dropped {
        /// The domain. Without its policy it is as unprotected as on first contact.
        domain: PolicyDomain,
        /// What was damaged.
        part: Part,
        /// How.
        damage: Damage,
    },
    /// Something was kept under a name that is no domain, and is dropped.
    DroppedNameless,
    /// So many events were not kept, for nobody had taken those before them.
    Missed(u64),
}

/// What of a domain.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Part {
    /// Its policy.
    Entry,
    /// Its fetches of late.
    History,
}

/// Why kept bytes were not taken.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Damage {
    /// They are not what was written.
    #[error(transparent)]
    Form(#[from] StoredFormError),
    /// They were written for another domain.
    #[error("the stored form is of another domain")]
    OtherDomain,
}

/// Events that wait to be taken: the oldest [`EVENTS`].
#[derive(Debug, Default)]
pub(super) struct Events(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<Event>,
    missed: u64,
}

impl Events {
    pub(super) fn push(&self, event: Event) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.events.len() < EVENTS {
            waiting.events.push_back(event);
        } else {
            waiting.missed += 1;
        }
    }

    /// All of them, the oldest first; each is given out once.
    pub(super) fn take(&self) -> Vec<Event> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let missed = core::mem::take(&mut waiting.missed);
        let missed = (missed > 0).then_some(Event::Missed(missed));
        waiting.events.drain(..).chain(missed).collect()
    }
}

/// Events kept. Ours: a disk that goes bad yields one for each domain.
const EVENTS: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_bounded_and_the_rest_is_counted() {
        let dropped = |number: usize| Event::Dropped {
            domain: format!("d{number}.example").parse().unwrap(),
            part: Part::Entry,
            damage: Damage::OtherDomain,
        };
        let events = Events::default();
        (0..EVENTS).for_each(|number| events.push(dropped(number)));
        let taken = events.take();
        assert_eq!((taken.len(), &taken[0]), (EVENTS, &dropped(0)));
        (0..EVENTS + 2).for_each(|number| events.push(dropped(number)));
        assert_eq!(events.take().last(), Some(&Event::Missed(2)));
        assert_eq!(events.take(), []);
    }
}
