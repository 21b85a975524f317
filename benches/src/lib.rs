//! Single operations of the suite, to be repeated: for counting instructions and for the clock.
//!
//! [`OPERATIONS`] has each by its name. Run one a number of times and the time of the loop alone comes
//! back. Nothing is asserted of time; the tests see only that each operation does what it says.

#[path = "../../dane/tests/common/mod.rs"]
#[expect(clippy::unwrap_used, reason = "it is made for tests, where these are allowed")]
mod certificates;
mod clock;
mod dane;
mod hostile;
mod mta_sts;
mod reference;
pub mod session;
pub mod starttls;
pub mod tlsrpt;

use core::time::Duration;

pub use clock::{best, repeat};
pub use mta_sts::{RECORD, read_record};
pub use reference::reference_report;

/// An operation by its name.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Operation {
    /// Its name on the command line.
    pub name: &'static str,
    /// Makes the input, and tells how long so many repetitions took.
    pub run: fn(usize) -> Duration,
}

/// All operations.
pub const OPERATIONS: &[Operation] = &[
    Operation { name: "nothing", run: mta_sts::nothing },
    Operation { name: "record", run: mta_sts::record },
    Operation { name: "policy-borrowed", run: mta_sts::policy_borrowed },
    Operation { name: "policy", run: mta_sts::policy },
    Operation { name: "policy-16k", run: |count| mta_sts::large_policy(16_384, count) },
    Operation { name: "policy-32k", run: |count| mta_sts::large_policy(32_768, count) },
    Operation { name: "policy-64k", run: |count| mta_sts::large_policy(65_536, count) },
    Operation { name: "host", run: mta_sts::host },
    Operation { name: "match-3", run: mta_sts::match_few },
    Operation { name: "match-3-host", run: mta_sts::match_few_by_host },
    Operation { name: "match-3-none", run: mta_sts::match_few_none },
    Operation { name: "match-2890", run: mta_sts::match_many },
    Operation { name: "match-2890-none", run: mta_sts::match_many_none },
    Operation { name: "cached", run: mta_sts::cached },
    Operation { name: "load", run: mta_sts::load },
    Operation { name: "report-tokens", run: tlsrpt::tokens },
    Operation { name: "report-read", run: tlsrpt::report_read },
    Operation { name: "report-write", run: tlsrpt::report_write },
    Operation { name: "datagram-write", run: tlsrpt::datagram_write },
    Operation { name: "tally-1k", run: tlsrpt::tally_1k },
    Operation { name: "ehlo", run: |count| starttls::ehlo(starttls::EHLO, count) },
    Operation { name: "ehlo-long", run: |count| starttls::ehlo(&starttls::long_ehlo(), count) },
    Operation { name: "hostile-reply", run: starttls::hostile_reply },
    Operation { name: "endless-line", run: starttls::endless_line },
    Operation { name: "end-entity-p256", run: dane::end_entity_p256 },
    Operation { name: "end-entity-rsa", run: dane::end_entity_rsa },
    Operation { name: "anchor", run: dane::anchor },
    Operation { name: "signature", run: dane::signature },
    Operation { name: "discovery", run: dane::discovery },
    Operation { name: "hostile-p256", run: hostile::keys_p256 },
    Operation { name: "hostile-p384", run: hostile::keys_p384 },
    Operation { name: "hostile-ed25519", run: hostile::keys_ed25519 },
    Operation { name: "hostile-rsa-4096", run: hostile::keys_rsa_4096 },
    Operation { name: "hostile-rsa-8192", run: hostile::keys_rsa_8192 },
    #[cfg(feature = "aws-lc-rs")]
    Operation { name: "hostile-aws-p384", run: hostile::aws_keys_p384 },
    #[cfg(feature = "aws-lc-rs")]
    Operation { name: "hostile-aws-p521", run: hostile::aws_keys_p521 },
    #[cfg(feature = "aws-lc-rs")]
    Operation { name: "hostile-aws-rsa-8192", run: hostile::aws_keys_rsa_8192 },
    Operation { name: "hostile-constraints", run: hostile::constraints },
    Operation { name: "hostile-long-names", run: hostile::long_names },
    Operation { name: "hostile-long-mails", run: hostile::long_mails },
    Operation { name: "hostile-names", run: hostile::names },
    Operation { name: "hostile-digests", run: hostile::digests },
    Operation { name: "hostile-all", run: hostile::all },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_runs_and_has_a_name_of_its_own() {
        for (at, operation) in OPERATIONS.iter().enumerate() {
            assert!(OPERATIONS.iter().skip(at + 1).all(|other| other.name != operation.name));
            assert!((operation.run)(2) > Duration::ZERO, "{}", operation.name);
        }
    }
}
