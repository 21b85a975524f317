//! The report for which targets are set: 187 policies of 20 failures, the same on every machine.
//!
//! Its numbers come from Python's generator of random numbers, seeded with 1; so a program of a few
//! lines in either language makes the same bytes.
#![expect(clippy::unwrap_used, reason = "writing into a string does not fail")]

use core::fmt::Write;

/// The JSON text, 1,072,617 bytes.
#[must_use]
pub fn reference_report() -> String {
    let mut random = Random::new();
    let mut json = String::from(HEAD);
    for i in 0..187 {
        json.push_str(if i == 0 { "" } else { "," });
        policy(&mut json, &mut random, i);
    }
    json.push_str("]}");
    json
}

fn policy(json: &mut String, random: &mut Random, i: u32) {
    let (mut details, mut failed) = (String::new(), 0);
    for j in 0..20 {
        let result_type = RESULT_TYPES.get(random.below(6) as usize).unwrap();
        let count = 1 + random.below(500);
        failed += count;
        details.push_str(if j == 0 { "" } else { "," });
        let (host, last) = (j % 4, j % 250);
        write!(
            details,
            r#"{{"result-type":"{result_type}","sending-mta-ip":"2001:db8:{i:x}::{j:x}","receiving-mx-hostname":"mx{host}.d{i}.example.com","receiving-mx-helo":"mx{host}.d{i}.example.com","receiving-ip":"203.0.113.{last}","failed-session-count":{count},"failure-reason-code":"X509_V_ERR_CERT_HAS_EXPIRED"}}"#
        )
        .unwrap();
    }
    let successful = random.below(100_001);
    write!(
        json,
        r#"{{"policy":{{"policy-type":"sts","policy-string":["version: STSv1","mode: enforce","mx: *.d{i}.example.com","max_age: 604800"],"policy-domain":"d{i}.example.com","mx-host":["*.d{i}.example.com"]}},"summary":{{"total-successful-session-count":{successful},"total-failure-session-count":{failed}}},"failure-details":[{details}]}}"#
    )
    .unwrap();
}

/// The Mersenne Twister MT19937 of Matsumoto and Nishimura, as Python seeds and asks it.
struct Random {
    state: [u32; N],
    at: usize,
}

impl Random {
    fn new() -> Self {
        let mut random = Self { state: [0; N], at: N };
        random.fill(19_650_218);
        // The seed is an array of the one word 1.
        let mixed = |before: u32, factor: u32| (before ^ before >> 30).wrapping_mul(factor);
        let mut i = 1;
        for _ in 0..N {
            let value = (random.word(i) ^ mixed(random.word(i - 1), 1_664_525)).wrapping_add(1);
            i = random.mix(i, value);
        }
        for _ in 0..N - 1 {
            let value = random.word(i) ^ mixed(random.word(i - 1), 1_566_083_941);
            i = random.mix(i, value.wrapping_sub(i as u32));
        }
        random.set(0, 1 << 31);
        random
    }

    fn fill(&mut self, seed: u32) {
        let mut value = seed;
        for (place, i) in self.state.iter_mut().zip(1..) {
            *place = value;
            value = (value ^ value >> 30).wrapping_mul(1_812_433_253).wrapping_add(i);
        }
    }

    /// Sets a word, and says which comes next: the first is skipped, and takes over the last.
    fn mix(&mut self, i: usize, value: u32) -> usize {
        self.set(i, value);
        if i + 1 < N {
            return i + 1;
        }
        self.set(0, value);
        1
    }

    fn word(&self, i: usize) -> u32 {
        *self.state.get(i % N).unwrap()
    }

    fn set(&mut self, i: usize, value: u32) {
        *self.state.get_mut(i).unwrap() = value;
    }

    fn next(&mut self) -> u32 {
        if self.at == N {
            for i in 0..N {
                let joined = self.word(i) & 1 << 31 | self.word(i + 1) & !(1 << 31);
                let odd = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
                self.set(i, self.word(i + 397) ^ joined >> 1 ^ odd);
            }
            self.at = 0;
        }
        let mut value = self.word(self.at);
        self.at += 1;
        value ^= value >> 11;
        value ^= value << 7 & 0x9d2c_5680;
        value ^= value << 15 & 0xefc6_0000;
        value ^ value >> 18
    }

    /// A number below this one: as many bits as it has, drawn again until they are below it.
    fn below(&mut self, bound: u32) -> u32 {
        loop {
            let value = self.next() >> bound.leading_zeros();
            if value < bound {
                return value;
            }
        }
    }
}

const N: usize = 624;

const HEAD: &str = r#"{"organization-name":"Company-X","date-range":{"start-datetime":"2026-11-20T00:00:00Z","end-datetime":"2026-11-20T23:59:59Z"},"contact-info":"sts-reporting@company-x.example","report-id":"5065427c-23d3-47ca-b6e0-946ea0e8c4be","policies":["#;

const RESULT_TYPES: [&str; 6] = [
    "certificate-expired",
    "starttls-not-supported",
    "certificate-host-mismatch",
    "certificate-not-trusted",
    "validation-failure",
    "sts-policy-fetch-error",
];

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn it_is_the_report_that_python_makes() {
        let json = reference_report();
        let digest = Sha256::digest(&json);
        let digest: String = digest.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        });
        assert_eq!(json.len(), 1_072_617);
        assert_eq!(digest, "7f11512f1d65e4cd0b2584e2cb13a9b1eb1d3114b596f297c32ccd540bda688e");
    }
}
