//! The recipients that no host has answered for good.

use smtp_starttls::NextAction;

use crate::report::{Cause, Fate, Report};

/// The recipients that are left, and whether a bounce for lack of TLS is still possible.
#[derive(Clone, Debug)]
pub(super) struct Left {
    places: Vec<Place>,
}

/// A recipient that is left.
#[derive(Clone, Debug)]
struct Place {
    place: usize,
    /// The worst that is known; nothing before the first host.
    so_far: SoFar,
}

/// What the hosts so far came to for a recipient, the later the harder to replace.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum SoFar {
    Nothing,
    /// No host offers what the message, or a recipient, needs: for good, unless another host may.
    Unfit,
    /// No host is secured as a message with REQUIRETLS demands: likewise.
    LacksTls,
    /// A host may do better later.
    MayDoBetter,
    /// A host asks to come again.
    AskedToComeAgain,
}

impl SoFar {
    fn of(fate: &Fate) -> Option<Self> {
        match fate {
            Fate::Deferred(Cause::Session { failure, .. })
                if failure.next_action == NextAction::NextMxElseBounce =>
            {
                Some(Self::LacksTls)
            }
            Fate::Deferred(Cause::Answered { .. }) => Some(Self::AskedToComeAgain),
            Fate::Deferred(Cause::Unconfirmed { .. }) => None,
            Fate::Deferred(_) => Some(Self::MayDoBetter),
            Fate::Refused(Cause::Unfit { .. }) => Some(Self::Unfit),
            Fate::Delivered { .. } | Fate::Refused(_) => None,
        }
    }
}

impl Left {
    pub(super) fn new(recipients: usize) -> Self {
        let place = |place| Place { place, so_far: SoFar::Nothing };
        Self { places: (0..recipients).map(place).collect() }
    }

    /// Their places in the envelope.
    pub(super) fn places(&self) -> Vec<usize> {
        self.places.iter().map(|left| left.place).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// What all get who are left, unless another host does better. Those whom the fate settles for good
    /// are left no longer.
    pub(super) fn all_get(&mut self, fate: &Fate, report: &mut Report) {
        for place in self.places() {
            self.one_gets(place, fate.clone(), report);
        }
    }

    /// What one of them gets.
    ///
    /// What is less final stands: who was asked to come again is not told of a later host that could
    /// not be reached, and one host that could not be asked keeps the others from being the whole truth.
    pub(super) fn one_gets(&mut self, place: usize, fate: Fate, report: &mut Report) {
        let Some(at) = self.places.iter().position(|left| left.place == place) else { return };
        match (SoFar::of(&fate), self.places.get_mut(at)) {
            (Some(so_far), Some(left)) if so_far < left.so_far => return,
            (Some(so_far), Some(left)) => left.so_far = so_far,
            (None, _) | (_, None) => {
                self.places.remove(at);
            }
        }
        if let Some(slot) = report.fates.get_mut(place) {
            *slot = fate;
        }
    }

    /// All hosts were tried: what was only a matter of TLS for a message with REQUIRETLS is now final
    /// ([RFC 8689 section 4.2.1](https://www.rfc-editor.org/rfc/rfc8689#section-4.2.1)).
    pub(super) fn no_host_left(&mut self, report: &mut Report) {
        for left in core::mem::take(&mut self.places) {
            let Some(slot) = report.fates.get_mut(left.place) else { continue };
            if let Fate::Deferred(Cause::Session { host, failure, refusal }) = slot
                && left.so_far == SoFar::LacksTls
            {
                let (host, refusal) = (host.clone(), refusal.clone());
                let failure = failure.at_last_mx();
                *slot = Fate::Refused(Cause::Session { host, failure, refusal });
            }
        }
    }
}
