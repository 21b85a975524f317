//! The domains of the lab: every record set, as a full validator and as the lab itself judge it.

use std::collections::BTreeMap;

use conformance::lab::dns::Face;
use domain::dnssec::validator::context::ValidationState;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;

use crate::client::lab;
use crate::validator::{Validator, ask, dnssec, question};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_validator_agrees_on_every_record_set_of_the_world() {
    let lab = lab();
    let validator = Validator::new(lab.dns_address(), &lab.trust_anchor());
    let mut found = BTreeMap::new();
    let mut questions = lab.zones().record_sets();
    for domain in lab.domains() {
        for kind in [RecordType::MX, RecordType::A, RecordType::AAAA] {
            questions.push((domain.domain.to_owned(), kind));
        }
        for label in ["_mta-sts", "_smtp._tls"] {
            questions.push((format!("{label}.{}", domain.domain), RecordType::TXT));
        }
    }
    for (name, kind) in questions {
        let wanted = dnssec(question(&name, kind), 4096);
        let plain = ask(lab.zones(), &wanted, Face::Plain).unwrap();
        let reply = ask(lab.zones(), &wanted, Face::Validating).unwrap();
        let verdict = match (reply.metadata.response_code, reply.metadata.authentic_data) {
            (ResponseCode::ServFail, _) => ValidationState::Bogus,
            (_, true) => ValidationState::Secure,
            (_, false) => ValidationState::Insecure,
        };
        if plain.metadata.response_code == ResponseCode::ServFail {
            *found.entry("Failed".to_owned()).or_insert(0) += 1;
            continue;
        }
        let reference = validator.validate(&name, u16::from(kind).into()).await.0;
        assert_eq!(verdict, reference, "{name} {kind}");
        *found.entry(format!("{verdict:?}")).or_insert(0) += 1;
    }
    for (verdict, least) in [("Secure", 150), ("Insecure", 150), ("Bogus", 5), ("Failed", 1)] {
        assert!(found.get(verdict).is_some_and(|count| *count >= least), "{found:?}");
    }
}
