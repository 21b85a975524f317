//! The report of `tlsa check` for people.

use core::fmt;

use crate::finding::FindingRow;
use crate::report::{AddressRow, DomainRow, HostRow, Report, Shown, Verdict};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.domain.iter().try_for_each(|domain| domain.fmt(f))?;
        self.hosts.iter().enumerate().try_for_each(|(at, host)| {
            if at > 0 || self.domain.is_some() {
                writeln!(f)?;
            }
            host.fmt(f)
        })
    }
}

impl fmt::Display for DomainRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, exchangers, .. } = self;
        match (self.mx, exchangers.len()) {
            ("not-asked", _) => writeln!(f, "domain {name}: MX records are not asked for"),
            ("null", _) => writeln!(f, "domain {name}: takes no mail"),
            ("no-host", _) => writeln!(f, "domain {name}: MX records name no host"),
            ("failed", _) => writeln!(f, "domain {name}: MX records cannot be had"),
            (mx, 0) => writeln!(f, "domain {name}: {mx}, has no MX records and is its own host"),
            (mx, 1) => writeln!(f, "domain {name}: MX records are {mx} and name 1 host"),
            (mx, count) => writeln!(f, "domain {name}: MX records are {mx} and name {count} hosts"),
        }?;
        self.findings.iter().try_for_each(|finding| writeln!(f, "{finding}"))
    }
}

impl fmt::Display for HostRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} port {}", self.host, self.port)?;
        match self.preference {
            Some(preference) => writeln!(f, ", preference {preference}"),
            None => writeln!(f),
        }?;
        match (&self.base, self.because) {
            (Some(base), None) => writeln!(f, "policy: {} by the records of {base}", self.policy),
            (_, why) => writeln!(f, "policy: {} ({})", self.policy, why.unwrap_or_default()),
        }?;
        if !self.names.is_empty() {
            writeln!(f, "names: {}", self.names.join(", "))?;
        }
        for (index, row) in self.records.iter().enumerate() {
            match &row.unusable {
                None => writeln!(f, "record {index}: {}", row.record),
                Some(why) => writeln!(
                    f,
                    "record {index}: {}: not usable: {}: {}",
                    row.record, why.reason, why.explanation
                ),
            }?;
        }
        for (at, row) in self.addresses.iter().enumerate() {
            let before = self.addresses.iter().take(at);
            match before.clone().find(|other| other.shown == row.shown) {
                Some(same) => writeln!(f, "{}: the same as at {}", row.address, same.address),
                None => row.fmt(f),
            }?;
        }
        self.findings.iter().try_for_each(|finding| writeln!(f, "{finding}"))?;
        match (self.verdict.authenticated, self.assurance) {
            // RFC 7672 section 2.2.1: this is not to be taken for secure delivery.
            (true, Some("half")) => {
                writeln!(f, "verdict: {}, but insecure MX records name it", self.verdict)
            }
            _ => writeln!(f, "verdict: {}", self.verdict),
        }
    }
}

impl fmt::Display for AddressRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shown { tls, chain, matches, verdict, findings, .. } = &self.shown;
        let tls = tls.as_deref().map_or_else(String::new, |version| format!("{version}, "));
        writeln!(f, "{}: {tls}{verdict}", self.address)?;
        if !chain.is_empty() {
            for row in matches {
                let at: Vec<String> = row.certificates.iter().map(ToString::to_string).collect();
                match at.as_slice() {
                    [] => writeln!(f, "  record {} matches nothing that is sent", row.record),
                    at => {
                        writeln!(f, "  record {} matches certificate {}", row.record, at.join(", "))
                    }
                }?;
            }
        }
        for row in chain {
            writeln!(f, "  certificate {}:", row.depth)?;
            row.records.iter().try_for_each(|record| writeln!(f, "    {record}"))?;
        }
        findings.iter().try_for_each(|finding| writeln!(f, "  {finding}"))
    }
}

impl fmt::Display for FindingRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = self.record.map_or_else(String::new, |index| format!(" (record {index})"));
        write!(f, "{}: {}{about}: {}", self.severity, self.problem, self.remedy)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match (self.authenticated, self.judged) {
            (true, _) => "authenticated",
            (false, true) => "not authenticated",
            (false, false) => "not judged",
        };
        match &self.explanation {
            None => f.write_str(word),
            Some(why) => write!(f, "{word}: {why}"),
        }
    }
}
