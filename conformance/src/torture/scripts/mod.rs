//! The scripts, by the phase in which the server turns hostile.

mod ehlo;
mod flood;
mod gap;
mod greeting;
mod handshake;
mod honest;
mod mail;
mod malformed;
mod offer;
mod ordinary;
mod require_tls;
mod sealed;
mod slow;
mod starttls;

use super::script::Script;

/// All scripts, in the order of the phases. Ids are unique and stable.
#[must_use]
pub fn scripts() -> Vec<Script> {
    [
        honest::scripts(),
        greeting::scripts(),
        ehlo::scripts(),
        offer::scripts(),
        starttls::scripts(),
        gap::scripts(),
        handshake::scripts(),
        sealed::scripts(),
        mail::scripts(),
        malformed::scripts(),
        flood::scripts(),
        ordinary::scripts(),
        require_tls::scripts(),
        slow::scripts(),
    ]
    .concat()
}

/// Replies that are none, in any phase: a name, the octets, the reason and the section.
const MALFORMED: &[(&str, &[u8], &str, &str)] = &[
    ("bare-lf", b"220 mx.torture.test\n", "malformed-reply", "RFC 5321 section 2.3.8"),
    ("bare-cr-hides-a-line", b"220 mx\r250 STARTTLS\r\n", "malformed-reply", RFC5321_2_3_8),
    ("cr-cr-lf", b"220 mx.torture.test\r\r\n", "malformed-reply", RFC5321_2_3_8),
    ("nul", b"220 mx\0.torture.test\r\n", "malformed-reply", RFC5321_4_2),
    ("empty-line", b"\r\n220 mx.torture.test\r\n", "malformed-reply", RFC5321_4_2),
    ("code-000", b"000 mx.torture.test\r\n", "malformed-reply", RFC5321_4_2),
    ("code-099", b"099 mx.torture.test\r\n", "malformed-reply", RFC5321_4_2),
    ("code-199", b"199 mx.torture.test\r\n", "malformed-reply", RFC5321_4_2),
    ("code-260", b"260 mx.torture.test\r\n", "malformed-reply", RFC5321_4_2),
    ("code-600", b"600 mx.torture.test\r\n", "malformed-reply", RFC5321_4_2),
    ("code-22x", b"22x mx.torture.test\r\n", "malformed-reply", RFC5321_4_2),
    ("code-plus", b"+22 mx.torture.test\r\n", "malformed-reply", RFC5321_4_2),
    ("code-of-four", b"2200 mx.torture.test\r\n", "malformed-reply", RFC5321_4_2_1),
    ("underscore", b"220_mx.torture.test\r\n", "malformed-reply", RFC5321_4_2_1),
    ("tab", b"220\tmx.torture.test\r\n", "malformed-reply", RFC5321_4_2_1),
    ("another-protocol", b"SSH-2.0-torture\r\n", "malformed-reply", RFC5321_4_2),
];

const RFC5321_2_3_8: &str = "RFC 5321 section 2.3.8";
const RFC5321_4_2: &str = "RFC 5321 section 4.2";
const RFC5321_4_2_1: &str = "RFC 5321 section 4.2.1";
const RFC3207_4: &str = "RFC 3207 section 4";
const RFC3207_4_2: &str = "RFC 3207 section 4.2";
const RFC3207_6: &str = "RFC 3207 section 6";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::torture::{Evidence, Step, Verdict};

    #[test]
    fn there_are_many_scripts_and_their_ids_are_unique() {
        let all = scripts();
        assert!(all.len() >= 480, "{}", all.len());
        let ids: BTreeSet<&str> = all.iter().map(|script| script.id.as_str()).collect();
        assert_eq!(ids.len(), all.len());
    }

    #[test]
    fn only_a_server_that_stalls_or_drips_is_known_by_waiting() {
        for script in scripts() {
            let waits = |step: &Step| matches!(step, Step::Stall | Step::Drip(_));
            let stalls = script.steps.iter().any(waits);
            assert_eq!(stalls, script.evidence == Evidence::Waits, "{}", script.id);
        }
    }

    #[test]
    fn who_needs_tls_never_goes_on_without() {
        for script in scripts() {
            for expected in [&script.expected.encrypt, &script.expected.authenticate] {
                let verdict = expected.verdict;
                assert!(matches!(verdict, Verdict::Secured | Verdict::Refused), "{}", script.id);
            }
        }
    }

    #[test]
    fn what_is_not_secured_has_a_reason() {
        for script in scripts() {
            let by = &script.expected;
            for expected in [&by.opportunistic, &by.encrypt, &by.authenticate] {
                let is_secured = expected.verdict == Verdict::Secured;
                assert_eq!(is_secured, expected.reasons.is_empty(), "{}", script.id);
            }
        }
    }
}
