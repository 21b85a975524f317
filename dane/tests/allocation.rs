//! DANE-EE from the octets of a certificate allocates nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use allocation_counter::measure;
use common::{Cert, Key, NOW, rsa_spki};
use core::time::Duration;
use dane::{CertUsage, Digests, Matching, Profile, Selector, UsableSet, Verifier, publish};
use pki_types::{CertificateDer, UnixTime};

#[test]
fn w8_dane_ee_does_not_allocate() {
    assert!(measure(|| drop(vec![1_u8; 10])).count_total > 0, "the counter counts");
    let plain = Cert::leaf("CA", &["mx.example.org"], Key(1));
    for cert in [plain.clone(), plain.spki(rsa_spki(2048))] {
        let der = CertificateDer::from(cert.sign(Key(2)));
        for (selector, matching) in [
            (Selector::SPKI, Matching::SHA2_256),
            (Selector::SPKI, Matching::SHA2_512),
            (Selector::CERT, Matching::SHA2_256),
            (Selector::CERT, Matching::FULL),
            (Selector::SPKI, Matching::FULL),
        ] {
            let record = publish::record(CertUsage::DANE_EE, selector, matching, &der).unwrap();
            let usable = UsableSet::select(&[record], Profile::Smtp, &Digests::default()).unwrap();
            let now = UnixTime::since_unix_epoch(Duration::from_secs(NOW));
            let allocations = measure(|| {
                let verdict = Verifier::new(&usable, &[], &[]).verify(&der, &[], now);
                assert!(verdict.is_ok());
            });
            assert_eq!(allocations.count_total, 0, "{selector:?} {matching:?}");
        }
    }
}
