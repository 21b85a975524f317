//! One policy fetch at a time for a domain.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, Weak};

use mta_sts::PolicyDomain;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Lets one delivery or refresh at a time fetch the policy of a domain and store it; the others wait
/// and find it in the store
/// ([RFC 8461 section 3.3](https://www.rfc-editor.org/rfc/rfc8461#section-3.3) limits the fetches).
/// Clones are the same gates.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gates(Arc<std::sync::Mutex<Waiting>>);

type Waiting = BTreeMap<String, Weak<Mutex<()>>>;

/// Holding it, nobody else fetches the policy of the domain.
pub(crate) type Pass = OwnedMutexGuard<()>;

impl Gates {
    pub(crate) async fn pass(&self, domain: &PolicyDomain) -> Pass {
        self.of(domain).lock_owned().await
    }

    fn of(&self, domain: &PolicyDomain) -> Arc<Mutex<()>> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = gates.get(domain.as_str()).and_then(Weak::upgrade) {
            return gate;
        }
        // Those that nobody holds or waits for are forgotten, so that only those in use are kept.
        gates.retain(|_, gate| gate.strong_count() > 0);
        let gate = Arc::default();
        gates.insert(domain.as_str().to_owned(), Arc::downgrade(&gate));
        gate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_passes_at_a_time_and_a_domain_does_not_wait_for_another() {
        let gates = Gates::default();
        let (one, other) = ("one.test".parse().unwrap(), "other.test".parse().unwrap());
        let pass = gates.pass(&one).await;
        assert!(gates.of(&one).try_lock().is_err());
        let _other = gates.pass(&other).await;
        drop(pass);
        let _again = gates.pass(&one).await;
    }

    #[tokio::test]
    async fn a_gate_that_nobody_uses_is_forgotten() {
        let gates = Gates::default();
        for number in 0..100 {
            drop(gates.pass(&format!("d{number}.test").parse().unwrap()).await);
        }
        assert_eq!(gates.0.lock().unwrap().len(), 1);
    }
}
