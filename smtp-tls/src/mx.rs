//! Which hosts take the mail of a domain, and in which order they are tried.
//!
//! [RFC 5321 section 5.1](https://www.rfc-editor.org/rfc/rfc5321#section-5.1) and, for domains
//! that take none, [RFC 7505](https://www.rfc-editor.org/rfc/rfc7505).

use std::collections::BTreeSet;

use crate::resolve::{Answer, Name, Outcome, Question, Record};

/// How many mail hosts of a domain are tried in one delivery attempt; those of the worst
/// preference are left out. Ours: a domain's owner chooses the number, and each may cost minutes.
pub const HOSTS: usize = 12;

/// Where the mail of a domain goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MailHosts {
    /// These hosts, in the order in which they are tried; at least one.
    Listed(Vec<Name>),
    /// The domain has no MX record and is its own host, under the name asked for: an alias of it is
    /// followed when its addresses are looked up.
    Implicit(Name),
    /// The domain says that it takes no mail (RFC 7505).
    NullMx,
    /// The domain does not exist.
    NoSuchDomain,
    /// The domain has MX records, and none of them names a host.
    Unusable,
    /// No host is better than this server itself: mail would go round in a loop.
    OnlyOurselves,
}

impl MailHosts {
    /// Reads the answer to the question for the domain's MX records.
    ///
    /// Hosts of equal preference are put in an order that depends on `seed`, as RFC 5321 section
    /// 5.1 demands that the load be spread; the same seed gives the same order. A host with one of our own
    /// names is left out, and with it every host of the same or a worse preference, as it demands too.
    #[must_use]
    pub fn from_answer(
        question: &Question,
        answer: &Answer,
        own_names: &BTreeSet<Name>,
        seed: u64,
    ) -> Self {
        let mut names = answer.chain.iter().map(|hop| &hop.target).chain([&question.name]);
        match &answer.outcome {
            Outcome::Records(records) => Self::listed(records, own_names, seed),
            Outcome::NoData if names.any(|name| own_names.contains(name)) => Self::OnlyOurselves,
            Outcome::NoData => Self::Implicit(question.name.clone()),
            Outcome::NxDomain => Self::NoSuchDomain,
        }
    }

    fn listed(records: &[Record], own_names: &BTreeSet<Name>, seed: u64) -> Self {
        let mut hosts: Vec<(u16, u64, &Name)> = records
            .iter()
            .filter_map(|record| match record {
                Record::Mx { preference, host } => Some((*preference, mix(seed, host), host)),
                _ => None,
            })
            .collect();
        // RFC 7505 section 3: the one record "0 ."; beside others the root names no host.
        if let [(_, _, only)] = hosts.as_slice()
            && only.is_root()
            && records.len() == 1
        {
            return Self::NullMx;
        }
        hosts.retain(|(_, _, host)| !host.is_root());
        hosts.sort();
        if let Some(own) = hosts.iter().find(|(_, _, host)| own_names.contains(*host)) {
            let own = own.0;
            hosts.retain(|(preference, ..)| *preference < own);
            if hosts.is_empty() {
                return Self::OnlyOurselves;
            }
        }
        let mut names: Vec<Name> = Vec::new();
        for (_, _, host) in hosts {
            if names.len() < HOSTS && !names.contains(host) {
                names.push(host.clone());
            }
        }
        if names.is_empty() { Self::Unusable } else { Self::Listed(names) }
    }
}

/// A number for the place of a host among its equals: any mixing of the seed with the name does.
fn mix(seed: u64, host: &Name) -> u64 {
    let mut state = seed ^ 0x9e37_79b9_7f4a_7c15;
    for byte in host.as_str().bytes() {
        state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(29);
    }
    state
}

#[cfg(test)]
mod tests {
    use crate::resolve::{Hop, Judged, Kind, Security};

    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn mx(preference: u16, host: &str) -> Record {
        Record::Mx { preference, host: name(host) }
    }

    fn hosts(outcome: Outcome, seed: u64) -> MailHosts {
        let question = Question::new(name("d.test"), Kind::Mx);
        let answer = Answer {
            outcome,
            security: Security::Insecure,
            chain: Vec::new(),
            judged: Judged::HopByHop,
        };
        let own_names = OWN.map(name).into_iter().collect();
        MailHosts::from_answer(&question, &answer, &own_names, seed)
    }

    const OWN: [&str; 2] = ["me.test", "also-me.test"];

    #[test]
    fn rfc5321_5_1_ourselves_and_all_that_are_no_better_are_left_out() {
        let listed = |hosts: &[&str]| MailHosts::Listed(hosts.iter().copied().map(name).collect());
        for (records, expected) in [
            (vec![mx(10, "a.test"), mx(20, "me.test"), mx(30, "c.test")], listed(&["a.test"])),
            (
                vec![mx(10, "a.test"), mx(20, "Also-Me.test."), mx(20, "b.test")],
                listed(&["a.test"]),
            ),
            (vec![mx(9, "me.test"), mx(5, "a.test"), mx(7, "also-me.test")], listed(&["a.test"])),
            (vec![mx(10, "me.test"), mx(20, "c.test")], MailHosts::OnlyOurselves),
            (vec![mx(10, "me.test"), mx(10, "c.test")], MailHosts::OnlyOurselves),
            (vec![mx(10, "me.test"), mx(5, ".")], MailHosts::OnlyOurselves),
        ] {
            for seed in 0..64 {
                assert_eq!(hosts(Outcome::Records(records.clone()), seed), expected);
            }
        }
        // Past the limit too.
        let mut records: Vec<_> = (0..20).map(|i| mx(i, &format!("h{i}.test"))).collect();
        records.push(mx(3, "me.test"));
        let expected = listed(&["h0.test", "h1.test", "h2.test"]);
        assert_eq!(hosts(Outcome::Records(records), 0), expected);
    }

    #[test]
    fn rfc5321_5_1_a_domain_that_is_its_own_host_may_be_this_server() {
        let question = |domain: &str| Question::new(name(domain), Kind::Mx);
        let mut answer = Answer {
            outcome: Outcome::NoData,
            security: Security::Insecure,
            chain: Vec::new(),
            judged: Judged::HopByHop,
        };
        let own_names = OWN.map(name).into_iter().collect();
        let of = |domain: &str, answer: &Answer| {
            MailHosts::from_answer(&question(domain), answer, &own_names, 0)
        };
        assert_eq!(of("me.test", &answer), MailHosts::OnlyOurselves);
        assert_eq!(of("d.test", &answer), MailHosts::Implicit(name("d.test")));
        answer.chain.push(Hop {
            name: name("d.test"),
            target: name("me.test"),
            security: Security::Insecure,
        });
        assert_eq!(of("d.test", &answer), MailHosts::OnlyOurselves);
    }

    // checks: dane/M7
    #[test]
    fn rfc7505_one_root_is_a_null_mx_and_beside_others_nothing() {
        let null = |preference| mx(preference, ".");
        assert_eq!(hosts(Outcome::Records(vec![null(0)]), 0), MailHosts::NullMx);
        assert_eq!(
            hosts(Outcome::Records(vec![null(0), mx(10, "a.test")]), 0),
            MailHosts::Listed(vec![name("a.test")])
        );
        assert_eq!(hosts(Outcome::Records(vec![null(0), null(1)]), 0), MailHosts::Unusable);
        let unreadable = Record::Unreadable(vec![0]);
        assert_eq!(hosts(Outcome::Records(vec![null(0), unreadable]), 0), MailHosts::Unusable);
    }

    // checks: dane/M5, mta-sts/V04
    #[test]
    fn rfc5321_5_1_without_mx_the_domain_is_its_own_host() {
        assert_eq!(hosts(Outcome::NoData, 0), MailHosts::Implicit(name("d.test")));
        assert_eq!(hosts(Outcome::NxDomain, 0), MailHosts::NoSuchDomain);
    }

    #[test]
    fn without_mx_an_alias_keeps_its_own_name() {
        let question = Question::new(name("d.test"), Kind::Mx);
        let answer = Answer {
            outcome: Outcome::NoData,
            security: Security::Secure,
            chain: vec![Hop {
                name: name("d.test"),
                target: name("t.test"),
                security: Security::Secure,
            }],
            judged: Judged::HopByHop,
        };
        let hosts = MailHosts::from_answer(&question, &answer, &BTreeSet::new(), 0);
        assert_eq!(hosts, MailHosts::Implicit(name("d.test")));
    }

    #[test]
    fn rfc5321_5_1_better_preference_first_for_every_seed() {
        let records = vec![mx(30, "c.test"), mx(10, "a.test"), mx(20, "b.test"), mx(10, "A.test.")];
        for seed in 0..64 {
            let expected = ["a.test", "b.test", "c.test"].map(name).to_vec();
            assert_eq!(hosts(Outcome::Records(records.clone()), seed), MailHosts::Listed(expected));
        }
    }

    #[test]
    fn rfc5321_5_1_equal_preference_spreads_the_load() {
        let records = vec![mx(10, "a.test"), mx(10, "b.test")];
        let first_is_a = (0..1000_u64)
            .filter(|seed| {
                let MailHosts::Listed(names) = hosts(Outcome::Records(records.clone()), *seed)
                else {
                    panic!("two hosts are listed")
                };
                names.first() == Some(&name("a.test"))
            })
            .count();
        assert!((400..=600).contains(&first_is_a), "{first_is_a} of 1000");
    }

    #[test]
    fn a_host_past_the_limit_is_left_out() {
        let records = |n: usize| {
            Outcome::Records((0..n).map(|i| mx(i as u16, &format!("h{i}.test"))).collect())
        };
        for n in [HOSTS, HOSTS + 1] {
            let MailHosts::Listed(names) = hosts(records(n), 7) else { panic!("hosts are listed") };
            assert_eq!(names.len(), HOSTS);
        }
    }
}
