//! Deliveries that want the policy of one domain at the same time.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use conformance::lab::Lab;
use futures_util::future::join_all;
use pki_types::UnixTime;
use smtp_tls::resolve::{Answer, LookUp, LookUpError, Question};

use crate::mailer::resolving_by;
use crate::{deliver, domain, fetches};

/// Counts the questions about a domain and its policy.
#[derive(Clone)]
struct Counting<L>(L, Arc<AtomicUsize>);

impl<L: LookUp + Sync> LookUp for Counting<L> {
    async fn look_up(&self, question: &Question) -> Result<Answer, LookUpError> {
        if ["sts.test", "_mta-sts.sts.test"].contains(&question.name.as_str()) {
            self.1.fetch_add(1, Ordering::SeqCst);
        }
        self.0.look_up(question).await
    }
}

#[tokio::test]
async fn who_waits_for_the_policy_asks_the_dns_once() {
    let lab = Lab::start(UnixTime::now()).unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let mailer = resolving_by(&lab, |look_up| Counting(look_up, Arc::clone(&count)));
    let sts = domain(&lab, "sts.test");
    let reports = join_all((0..8).map(|_| deliver(&mailer, sts, &["postmaster"]))).await;
    assert!(reports.iter().all(|report| report.fates[0].word() == "delivered"));
    assert_eq!(fetches(&lab, "mta-sts.sts.test"), 1);
    // The MX records and the record of MTA-STS, for each delivery.
    assert_eq!(count.load(Ordering::SeqCst), 16);
}
