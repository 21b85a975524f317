//! How entries, histories and pins stand in a durable store.
//!
//! An entry or a history is the domain, a zero byte, and the stored form of the core, which has a
//! version and a checksum. The domain stands in it so that one that got under another name is not taken.

use mta_sts::publish::content_id;
use mta_sts::{
    CacheEntry, FetchHistory, Override, Policy, PolicyDomain, PolicyId, Profile, Stored,
};

use super::event::{Damage, Part};

/// What of a domain was damaged, and how.
pub(super) type Damaged = Vec<(Part, Damage)>;

/// An entry as it is kept.
pub(super) fn entry_bytes(domain: &PolicyDomain, entry: &CacheEntry) -> Vec<u8> {
    of_domain(domain, &entry.to_bytes())
}

/// A history as it is kept; nothing if it is empty.
pub(super) fn history_bytes(domain: &PolicyDomain, history: &FetchHistory) -> Option<Vec<u8>> {
    (*history != FetchHistory::default()).then(|| of_domain(domain, &history.to_bytes()))
}

/// What is kept of a domain, without what is damaged.
pub(super) fn read(
    domain: &PolicyDomain,
    entry: Option<&[u8]>,
    history: Option<&[u8]>,
) -> (Stored, Damaged) {
    let mut damaged = Damaged::new();
    let entry = entry.and_then(|bytes| {
        let entry = inner(domain, bytes).and_then(|form| Ok(CacheEntry::from_bytes(form)?));
        entry.map_err(|damage| damaged.push((Part::Entry, damage))).ok()
    });
    let history = history.and_then(|bytes| {
        let history = inner(domain, bytes).and_then(|form| Ok(FetchHistory::from_bytes(form)?));
        history.map_err(|damage| damaged.push((Part::History, damage))).ok()
    });
    (Stored::new(entry, history.unwrap_or_default()), damaged)
}

/// A pin as it is kept: the hash of domain and rest, a version, a word, the policy if it has one.
pub(super) fn pin_text(domain: &PolicyDomain, pin: &Override) -> Option<String> {
    let (word, policy) = match pin {
        Override::Nothing => return None,
        Override::Enforce => ("enforce", ""),
        Override::Pinned(policy) => ("pinned", policy.as_str()),
        Override::DangerTesting => ("danger-testing", ""),
        Override::DangerOff => ("danger-off", ""),
        Override::DangerPinned(policy) => ("danger-pinned", policy.as_str()),
    };
    let text = format!("{PIN_VERSION} {word}\n{policy}");
    Some(format!("{} {text}", pin_hash(domain, &text)))
}

/// Reads a pin; nothing if it is damaged.
pub(super) fn read_pin(domain: &PolicyDomain, text: &str) -> Option<Override> {
    let (hash, text) = text.split_once(' ')?;
    if hash != pin_hash(domain, text).as_str() {
        return None;
    }
    let (word, body) = text.strip_prefix(PIN_VERSION)?.strip_prefix(' ')?.split_once('\n')?;
    // What was accepted once stays so: a stricter profile concerns what is pinned from now on.
    let policy = || Policy::parse(body.as_bytes(), Profile::Interop).ok();
    Some(match word {
        "enforce" => Override::Enforce,
        "pinned" => Override::Pinned(policy()?),
        "danger-testing" => Override::DangerTesting,
        "danger-off" => Override::DangerOff,
        "danger-pinned" => Override::DangerPinned(policy()?),
        _ => return None,
    })
}

fn pin_hash(domain: &PolicyDomain, text: &str) -> PolicyId {
    content_id(&format!("{domain} {text}"))
}

fn of_domain(domain: &PolicyDomain, form: &[u8]) -> Vec<u8> {
    [domain.as_str().as_bytes(), &[0], form].concat()
}

fn inner<'a>(domain: &PolicyDomain, bytes: &'a [u8]) -> Result<&'a [u8], Damage> {
    let form = bytes.strip_prefix(domain.as_str().as_bytes());
    form.and_then(|rest| rest.strip_prefix(&[0])).ok_or(Damage::OtherDomain)
}

/// The version of pins that is written and read.
const PIN_VERSION: &str = "STSp1";

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use mta_sts::{StoredFormError, UnixTime};

    use super::*;

    const BODY: &str = "version: STSv1\nmode: testing\nmx: mx.example\nmax_age: 86400\n";

    fn domain(name: &str) -> PolicyDomain {
        name.parse().unwrap()
    }

    fn entry() -> CacheEntry {
        let at = UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_000));
        CacheEntry::new("1".parse().unwrap(), BODY.parse().unwrap(), at)
    }

    #[test]
    fn what_is_written_is_read() {
        let one = domain("a.example");
        let history = FetchHistory::default().with_fetch(
            "1".parse().unwrap(),
            None,
            UnixTime::since_unix_epoch(Duration::from_secs(5)),
        );
        let entry_form = entry_bytes(&one, &entry());
        let history_form = history_bytes(&one, &history).unwrap();
        let (stored, damaged) = read(&one, Some(&entry_form), Some(&history_form));
        assert_eq!((stored, damaged), (Stored::new(Some(entry()), history), Vec::new()));
        assert_eq!(history_bytes(&one, &FetchHistory::default()), None);
        assert_eq!(read(&one, None, None), (Stored::default(), Vec::new()));
    }

    #[test]
    fn what_is_of_another_domain_is_not_taken() {
        let form = entry_bytes(&domain("a.example"), &entry());
        let other = (Part::Entry, Damage::OtherDomain);
        for name in ["b.example", "a.exampl", "a.example.org", "a.exampleSTSe"] {
            let (stored, damaged) = read(&domain(name), Some(&form), None);
            assert_eq!((stored, damaged), (Stored::default(), vec![other]), "{name}");
        }
    }

    #[test]
    fn one_flipped_bit_is_damage_and_spares_the_other_part() {
        let one = domain("a.example");
        let form = entry_bytes(&one, &entry());
        for bit in 0..form.len() * 8 {
            let mut bytes = form.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let (stored, damaged) = read(&one, Some(&bytes), None);
            assert!(stored.entry.is_none() && damaged.len() == 1, "bit {bit}");
            let (stored, damaged) = read(&one, Some(&form), Some(&bytes));
            assert!(stored.entry.is_some(), "bit {bit}");
            assert_eq!(damaged[0].0, Part::History, "bit {bit}");
        }
        let cut = &form[..form.len() - 1];
        let expected = Damage::Form(StoredFormError::Checksum);
        assert_eq!(read(&one, Some(cut), None).1, [(Part::Entry, expected)]);
    }

    #[test]
    fn pins_are_read_again_and_damaged_ones_are_not() {
        let one = domain("a.example");
        let policy: Policy = BODY.parse().unwrap();
        for pin in [
            Override::Enforce,
            Override::Pinned(policy.clone()),
            Override::DangerTesting,
            Override::DangerOff,
            Override::DangerPinned(policy),
        ] {
            let text = pin_text(&one, &pin).unwrap();
            assert_eq!(read_pin(&one, &text), Some(pin));
            assert_eq!(read_pin(&domain("b.example"), &text), None);
            for at in 0..text.len() {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= 1;
                let damaged = String::from_utf8(bytes).unwrap();
                assert_eq!(read_pin(&one, &damaged), None, "{damaged}");
                assert_eq!(read_pin(&one, &text[..at]), None);
            }
        }
        assert_eq!(pin_text(&one, &Override::Nothing), None);
        for text in ["STSp1 other\n", "STSp2 enforce\n", "STSp1 pinned\nnone"] {
            let text = format!("{} {text}", pin_hash(&one, text));
            assert_eq!(read_pin(&one, &text), None, "{text}");
        }
    }
}
