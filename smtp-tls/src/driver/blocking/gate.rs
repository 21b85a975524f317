//! One policy fetch at a time for a domain.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use mta_sts::PolicyDomain;

/// Lets one delivery at a time fetch the policy of a domain; the others wait and find it in the store
/// ([RFC 8461 section 3.3](https://www.rfc-editor.org/rfc/rfc8461#section-3.3) limits the fetches).
#[derive(Debug, Default)]
pub(super) struct Gates {
    held: Mutex<BTreeSet<PolicyDomain>>,
    freed: Condvar,
}

/// Holding it, nobody else fetches the policy of the domain.
#[derive(Debug)]
pub(in crate::driver) struct Pass<'g> {
    gates: &'g Gates,
    domain: PolicyDomain,
}

impl Gates {
    pub(super) fn pass(&self, domain: &PolicyDomain) -> Pass<'_> {
        let is_held = |held: &mut BTreeSet<_>| held.contains(domain);
        let held = self.freed.wait_while(self.lock(), is_held);
        held.unwrap_or_else(PoisonError::into_inner).insert(domain.clone());
        Pass { gates: self, domain: domain.clone() }
    }

    /// A set is whole whoever panicked.
    fn lock(&self) -> MutexGuard<'_, BTreeSet<PolicyDomain>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.gates.lock().remove(&self.domain);
        self.gates.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::{AtomicU32, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn one_passes_at_a_time_and_a_domain_does_not_wait_for_another() {
        let (gates, inside) = (Gates::default(), AtomicU32::new(0));
        let (one, other) = ("one.test".parse().unwrap(), "other.test".parse().unwrap());
        let held = gates.pass(&one);
        drop(gates.pass(&other));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let _pass = gates.pass(&one);
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    thread::yield_now();
                    inside.fetch_sub(1, Ordering::SeqCst);
                });
            }
            drop(held);
        });
        assert!(gates.lock().is_empty());
    }
}
