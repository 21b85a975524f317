//! The name by which a host is asked, and the name that its certificate must have.

use core::net::Ipv4Addr;

use conformance::lab::Lab;
use conformance::lab::smtp::Handshake;
use pki_types::UnixTime;
use smtp_tls::attempt::Assurance;
use smtp_tls::report::Fate;
use smtp_tls::resolve::{Answer, Kind, LookUp, LookUpError, Outcome, Question, Record};

use crate::mailer::{Driver, ad_bit, resolving_by};
use crate::{deliver, domain};

/// The server names that a host was asked for.
fn asked_for(lab: &Lab, host: &str) -> Vec<Option<String>> {
    let sessions = lab.ledger().sessions();
    sessions
        .into_iter()
        .filter(|session| session.host == host)
        .filter_map(|session| match session.handshake {
            Handshake::Done(tls) => Some(tls.sni),
            _ => None,
        })
        .collect()
}

// checks: mta-sts/V06, dane/DANE-S1, smtp-starttls/SMTP-U4
#[tokio::test]
async fn rfc8461_7_1_the_host_is_asked_for_by_name() {
    let lab = Lab::start(UnixTime::now()).unwrap();
    let mailer = ad_bit(Driver::Tokio, &lab);
    for (name, host, server_name) in [
        ("sts.test", "mx.sts.test", "mx.sts.test"),
        ("self-signed.test", "mx.self-signed.test", "mx.self-signed.test"),
        ("dane-ee.test", "mx.dane-ee.test", "mx.dane-ee.test"),
        // Under DANE it is the base domain: that behind the alias where the records are there.
        ("dane-mx-cname.test", "mail.dane-hosting.test", "mail.dane-hosting.test"),
        ("dane-mx-out.test", "mail.unsigned-hosting.test", "mx.dane-mx-out.test"),
    ] {
        let report = deliver(&mailer, domain(&lab, name), &["postmaster"]).await;
        assert_eq!(report.fates[0].word(), "delivered", "{name}");
        assert_eq!(asked_for(&lab, host), [Some(server_name.to_owned())], "{name}");
    }
}

/// Gives `mx.sts.test` other addresses.
#[derive(Clone)]
struct Moved<L>(L, Vec<Ipv4Addr>);

impl<L: LookUp + Sync> LookUp for Moved<L> {
    async fn look_up(&self, question: &Question) -> Result<Answer, LookUpError> {
        let mut answer = self.0.look_up(question).await?;
        if question.kind == Kind::A && question.name.as_str() == "mx.sts.test" {
            answer.outcome = Outcome::Records(self.1.iter().copied().map(Record::A).collect());
        }
        Ok(answer)
    }
}

// checks: mta-sts/V07
#[tokio::test]
async fn rfc8461_4_2_the_name_to_verify_is_the_same_at_each_address() {
    let lab = Lab::start(UnixTime::now()).unwrap();
    let nobody = [1, 2].map(|last| Ipv4Addr::new(127, 99, 99, last));
    let own = lab.address_of("mx.sts.test").unwrap();
    let mailer = resolving_by(&lab, |look_up| Moved(look_up, vec![nobody[0], nobody[1], own]));
    let report = deliver(&mailer, domain(&lab, "sts.test"), &["postmaster"]).await;
    let Fate::Delivered { assurance, .. } = &report.fates[0] else { panic!("{:?}", report.fates) };
    assert_eq!(*assurance, Assurance::Pkix);
    assert_eq!(asked_for(&lab, "mx.sts.test"), [Some("mx.sts.test".to_owned())]);

    // At the address of a host that has a good certificate for its own name.
    let other = lab.address_of("mx2.sts-second-mx.test").unwrap();
    let mailer = resolving_by(&lab, |look_up| Moved(look_up, vec![other]));
    let report = deliver(&mailer, domain(&lab, "sts.test"), &["postmaster"]).await;
    assert_eq!(report.fates[0].word(), "deferred");
    assert_eq!(report.first_tls_failure(), Some("certificate-host-mismatch"));
}
