//! Which records of a set may be acted on, as closed types, and digest agility.

use alloc::vec::Vec;

use crate::der::{Certificate, PublicKeyInfo};
use crate::digest::{DigestAlgorithm, Digests};
use crate::tlsa::{CertUsage, Matching, Selector, Tlsa};

/// Under which rules records are used.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Profile {
    /// [RFC 7672](https://www.rfc-editor.org/rfc/rfc7672#section-3.1): DANE-EE and DANE-TA only.
    #[default]
    Smtp,
    /// [RFC 7671](https://www.rfc-editor.org/rfc/rfc7671#section-4): all four usages. The two of
    /// the public PKI need roots.
    Generic,
}

/// A certificate usage that can be acted on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Usage {
    /// 0: a CA on an ordinary path.
    PkixTa,
    /// 1: the server's certificate, with an ordinary path.
    PkixEe,
    /// 2: a trust anchor.
    DaneTa,
    /// 3: the server's certificate or key, and nothing else.
    DaneEe,
}

impl TryFrom<CertUsage> for Usage {
    type Error = Unusable;

    fn try_from(usage: CertUsage) -> Result<Self, Unusable> {
        match usage {
            CertUsage::PKIX_TA => Ok(Self::PkixTa),
            CertUsage::PKIX_EE => Ok(Self::PkixEe),
            CertUsage::DANE_TA => Ok(Self::DaneTa),
            CertUsage::DANE_EE => Ok(Self::DaneEe),
            CertUsage(number) => Err(Unusable::Usage(number)),
        }
    }
}

impl From<Usage> for CertUsage {
    fn from(usage: Usage) -> Self {
        match usage {
            Usage::PkixTa => Self::PKIX_TA,
            Usage::PkixEe => Self::PKIX_EE,
            Usage::DaneTa => Self::DANE_TA,
            Usage::DaneEe => Self::DANE_EE,
        }
    }
}

/// A selector that can be acted on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Selected {
    /// 0: the whole certificate.
    Certificate,
    /// 1: its SubjectPublicKeyInfo.
    PublicKey,
}

impl TryFrom<Selector> for Selected {
    type Error = Unusable;

    fn try_from(selector: Selector) -> Result<Self, Unusable> {
        match selector {
            Selector::CERT => Ok(Self::Certificate),
            Selector::SPKI => Ok(Self::PublicKey),
            Selector(number) => Err(Unusable::Selector(number)),
        }
    }
}

impl Selected {
    /// The octets of a certificate that this selects.
    pub(crate) fn of<'a>(self, certificate: &Certificate<'a>) -> &'a [u8] {
        match self {
            Self::Certificate => certificate.whole,
            Self::PublicKey => certificate.spki.whole,
        }
    }
}

/// How the data of a usable record is compared.
#[derive(Clone, Copy, Debug)]
pub enum Comparison {
    /// The data is the selected part itself.
    Full,
    /// The data is a digest of it.
    Digest(&'static dyn DigestAlgorithm),
}

/// A record that may be acted on.
#[derive(Clone, Debug)]
pub struct UsableRecord {
    index: usize,
    usage: Usage,
    selected: Selected,
    comparison: Comparison,
    /// Of its digest, 0 is the strongest; none for full data.
    rank: Option<usize>,
    tlsa: Tlsa,
}

impl UsableRecord {
    /// Judges one record; `index` is its place in the RRset.
    ///
    /// # Errors
    ///
    /// [`Unusable`] says why it may not be acted on.
    pub fn judge(
        index: usize,
        tlsa: &Tlsa,
        profile: Profile,
        digests: &Digests,
    ) -> Result<Self, Unusable> {
        let usage = Usage::try_from(tlsa.usage())?;
        match (profile, usage) {
            (Profile::Smtp, Usage::PkixTa | Usage::PkixEe) => {
                return Err(Unusable::Usage(tlsa.usage().0));
            }
            (Profile::Smtp | Profile::Generic, _) => {}
        }
        let selected = Selected::try_from(tlsa.selector())?;
        let (rank, comparison) = match tlsa.matching() {
            Matching::FULL => (None, Comparison::Full),
            other => match digests.find(other) {
                Some((rank, digest)) => (Some(rank), Comparison::Digest(digest)),
                None => return Err(Unusable::Matching(other.0)),
            },
        };
        check_data(selected, comparison, tlsa.data())?;
        Ok(Self { index, usage, selected, comparison, rank, tlsa: tlsa.clone() })
    }

    /// When it is tried: what comes first is smallest.
    fn turn(&self) -> (u8, u8, Option<usize>) {
        let usage = match self.usage {
            Usage::DaneEe => 0,
            Usage::DaneTa => 1,
            Usage::PkixEe => 2,
            Usage::PkixTa => 3,
        };
        let selected = match self.selected {
            Selected::PublicKey => 0,
            Selected::Certificate => 1,
        };
        (usage, selected, self.rank)
    }

    /// Its place in the RRset.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Its certificate usage.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// Its selector.
    #[must_use]
    pub fn selected(&self) -> Selected {
        self.selected
    }

    /// How its data is compared.
    #[must_use]
    pub fn comparison(&self) -> Comparison {
        self.comparison
    }

    /// The record itself.
    #[must_use]
    pub fn tlsa(&self) -> &Tlsa {
        &self.tlsa
    }
}

fn check_data(selected: Selected, comparison: Comparison, data: &[u8]) -> Result<(), Unusable> {
    if data.is_empty() {
        return Err(Unusable::NoData);
    }
    let key = match (comparison, selected) {
        (Comparison::Digest(digest), _) if data.len() == digest.output_len() => return Ok(()),
        (Comparison::Digest(_), _) => return Err(Unusable::DigestLength(data.len())),
        (Comparison::Full, Selected::Certificate) => {
            Certificate::parse(data).map_err(|_| Unusable::NotACertificate)?.spki
        }
        (Comparison::Full, Selected::PublicKey) => {
            PublicKeyInfo::parse(data).map_err(|_| Unusable::NotAKey)?
        }
    };
    if key.is_weak() { Err(Unusable::WeakKey) } else { Ok(()) }
}

/// Why a record may not be acted on.
///
/// [RFC 6698 section 4.1](https://www.rfc-editor.org/rfc/rfc6698#section-4.1),
/// [RFC 7672 section 3.1.3](https://www.rfc-editor.org/rfc/rfc7672#section-3.1.3).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unusable {
    /// The digest has this many octets, which its kind does not have.
    #[error("digest of {0} octets, which is not the length of its kind")]
    DigestLength(usize),
    /// The matching type is of no known digest.
    #[error("matching type {0} is not supported")]
    Matching(u8),
    /// There is no data.
    #[error("record has no data")]
    NoData,
    /// The full data is not exactly one certificate.
    #[error("data is not one certificate")]
    NotACertificate,
    /// The full data is not exactly one SubjectPublicKeyInfo.
    #[error("data is not one public key")]
    NotAKey,
    /// The selector is unknown.
    #[error("selector {0} is not supported")]
    Selector(u8),
    /// The certificate usage is unknown, or not one of the profile's.
    #[error("certificate usage {0} is not supported")]
    Usage(u8),
    /// The full data holds a key too weak to be accepted.
    #[error("data holds a weak key")]
    WeakKey,
}

impl Unusable {
    /// A stable word for this reason.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::DigestLength(_) => "digest-length",
            Self::Matching(_) => "unsupported-matching-type",
            Self::NoData => "no-data",
            Self::NotACertificate => "not-a-certificate",
            Self::NotAKey => "not-a-public-key",
            Self::Selector(_) => "unsupported-selector",
            Self::Usage(_) => "unsupported-usage",
            Self::WeakKey => "weak-key",
        }
    }
}

/// The usable records of an RRset, at least one, after digest agility.
///
/// DANE-EE comes first, which needs no path; then DANE-TA, PKIX-EE and PKIX-TA. Within a usage keys
/// come before certificates, and whole data before digests, so that the records of one digest of
/// one part stand side by side, in the order of the RRset.
#[derive(Clone, Debug)]
pub struct UsableSet {
    records: Vec<UsableRecord>,
    /// All of the RRset.
    published: Vec<Tlsa>,
    /// The places of the other records and why they are not usable: none if outweighed.
    unused: Vec<(usize, Option<Unusable>)>,
    digests: Digests,
}

impl UsableSet {
    /// Picks the usable records out of an RRset; weaker digests are dropped for each pair of usage
    /// and selector ([RFC 7671 section 9](https://www.rfc-editor.org/rfc/rfc7671#section-9)).
    ///
    /// # Errors
    ///
    /// [`NoUsableRecords`] if there is none or there are too many records.
    pub fn select(
        records: &[Tlsa],
        profile: Profile,
        digests: &Digests,
    ) -> Result<Self, NoUsableRecords> {
        if records.len() > MAX_RECORDS {
            return Err(NoUsableRecords::TooMany(records.len()));
        }
        let (mut usable, mut unused) = (Vec::new(), Vec::new());
        for (index, tlsa) in records.iter().enumerate() {
            match UsableRecord::judge(index, tlsa, profile, digests) {
                Ok(record) => usable.push(record),
                Err(why) => unused.push((index, Some(why))),
            }
        }
        if usable.is_empty() {
            return Err(NoUsableRecords::AllUnusable);
        }
        usable.sort_by_key(UsableRecord::turn);
        drop_weaker_digests(&mut usable, &mut unused);
        Ok(Self { records: usable, published: records.to_vec(), unused, digests: *digests })
    }

    /// The records that are not acted on: place, record, and why, none if a stronger digest outweighs
    /// it.
    pub(crate) fn unused(&self) -> impl Iterator<Item = (usize, &Tlsa, Option<Unusable>)> {
        self.unused.iter().filter_map(|(at, why)| Some((*at, self.published.get(*at)?, *why)))
    }

    /// The certificates of the `2 0 0` records, usable or not, in the order of the RRset.
    pub(crate) fn published_anchors(&self) -> impl Iterator<Item = &[u8]> {
        let numbers = (CertUsage::DANE_TA, Selector::CERT, Matching::FULL);
        let is_one = move |one: &&Tlsa| (one.usage(), one.selector(), one.matching()) == numbers;
        self.published.iter().filter(is_one).map(Tlsa::data)
    }

    /// The records, in the order in which they are tried.
    #[must_use]
    pub fn records(&self) -> &[UsableRecord] {
        &self.records
    }

    /// The table of digests that the set was made with.
    #[must_use]
    pub fn digests(&self) -> &Digests {
        &self.digests
    }

    /// Whether every record is DANE-EE with a public key, so that a raw public key could match
    /// ([RFC 7671 section 5.1](https://www.rfc-editor.org/rfc/rfc7671#section-5.1)).
    #[must_use]
    pub fn only_dane_ee_keys(&self) -> bool {
        self.records
            .iter()
            .all(|record| record.usage == Usage::DaneEe && record.selected == Selected::PublicKey)
    }
}

/// Why each of these records cannot be used; those that can are left out.
pub(crate) fn why_unusable(records: &[Tlsa], profile: Profile, digests: &Digests) -> Vec<Unusable> {
    let judge = |tlsa| UsableRecord::judge(0, tlsa, profile, digests).err();
    records.iter().filter_map(judge).collect()
}

/// Records of one RRset at most: more than four keys in rollover with all digests need.
pub const MAX_RECORDS: usize = 64;

/// Why no record of an RRset may be acted on.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NoUsableRecords {
    /// There is no record, or none that is usable.
    #[error("no usable tlsa record")]
    AllUnusable,
    /// There are this many records.
    #[error("{0} tlsa records, expected at most {max}", max = MAX_RECORDS)]
    TooMany(usize),
}

impl NoUsableRecords {
    /// A stable word for this reason.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::AllUnusable => "all-unusable",
            Self::TooMany(_) => "too-many-records",
        }
    }
}

/// Keeps full data and, for each pair of usage and selector, the strongest digest there is, which
/// comes before the weaker ones.
fn drop_weaker_digests(
    records: &mut Vec<UsableRecord>,
    dropped: &mut Vec<(usize, Option<Unusable>)>,
) {
    let mut strongest: Option<(Usage, Selected, usize)> = None;
    records.retain(|record| {
        let Some(rank) = record.rank else { return true };
        match strongest {
            Some((usage, selected, best))
                if (usage, selected) == (record.usage, record.selected) =>
            {
                if rank > best {
                    dropped.push((record.index, None));
                }
                rank == best
            }
            _ => {
                strongest = Some((record.usage, record.selected, rank));
                true
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec;

    use super::*;
    use crate::digest::{MAX_DIGEST, Sha256, Sha512};

    fn judge(text: &str, profile: Profile) -> Result<UsableRecord, Unusable> {
        UsableRecord::judge(0, &text.parse().unwrap(), profile, &Digests::default())
    }

    fn why(text: &str) -> (Unusable, &'static str) {
        let why = judge(text, Profile::Smtp).unwrap_err();
        (why, why.reason())
    }

    #[test]
    fn rfc6698_4_1_each_reason_for_a_record_to_be_unusable() {
        let digest = "ab".repeat(32);
        assert_eq!(why("3 1 1 ab"), (Unusable::DigestLength(1), "digest-length"));
        assert_eq!(
            why(&format!("3 1 3 {digest}")),
            (Unusable::Matching(3), "unsupported-matching-type")
        );
        assert_eq!(why("3 1 1"), (Unusable::NoData, "no-data"));
        assert_eq!(why("3 0 0 3000"), (Unusable::NotACertificate, "not-a-certificate"));
        assert_eq!(why("3 1 0 3000"), (Unusable::NotAKey, "not-a-public-key"));
        assert_eq!(
            why(&format!("3 2 1 {digest}")),
            (Unusable::Selector(2), "unsupported-selector")
        );
        assert_eq!(why(&format!("4 1 1 {digest}")), (Unusable::Usage(4), "unsupported-usage"));
    }

    #[test]
    fn dane_u1_the_profile_decides_on_the_usages_of_the_public_pki() {
        let digest = "ab".repeat(32);
        for usage in 0..=255 {
            let text = format!("{usage} 1 1 {digest}");
            assert_eq!(judge(&text, Profile::Smtp).is_ok(), matches!(usage, 2 | 3), "{usage}");
            assert_eq!(judge(&text, Profile::Generic).is_ok(), usage <= 3, "{usage}");
        }
    }

    #[derive(Debug)]
    struct Private;

    impl DigestAlgorithm for Private {
        fn matching(&self) -> Matching {
            Matching(200)
        }

        fn output_len(&self) -> usize {
            4
        }

        fn digest(&self, input: &[u8], output: &mut [u8; MAX_DIGEST]) {
            let [a, b, c, d, ..] = output;
            let sum = input.iter().fold(0_u32, |sum, octet| sum.rotate_left(5) ^ u32::from(*octet));
            [*a, *b, *c, *d] = sum.to_be_bytes();
        }
    }

    #[test]
    fn dane_u7_a_digest_of_the_table_is_usable_and_has_its_rank() {
        let table = Digests::new(&[&Private, &Sha512, &Sha256]).unwrap();
        let records: Vec<Tlsa> = [
            format!("3 1 1 {}", "ab".repeat(32)),
            "3 1 200 01020304".into(),
            format!("3 0 1 {}", "ab".repeat(32)),
        ]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
        let set = UsableSet::select(&records, Profile::Smtp, &table).unwrap();
        let kept: Vec<usize> = set.records().iter().map(UsableRecord::index).collect();
        assert_eq!(kept, [1, 2]);
        let set = UsableSet::select(&records, Profile::Smtp, &Digests::default()).unwrap();
        let kept: Vec<usize> = set.records().iter().map(UsableRecord::index).collect();
        assert_eq!(kept, [0, 2]);
    }

    #[test]
    fn dane_g1_the_order_of_the_table_is_the_order_of_strength() {
        let records: Vec<Tlsa> = [(1, 32), (2, 64)]
            .map(|(matching, len)| format!("3 1 {matching} {}", "ab".repeat(len)).parse().unwrap())
            .into();
        let table = Digests::new(&[&Sha256, &Sha512]).unwrap();
        let set = UsableSet::select(&records, Profile::Smtp, &table).unwrap();
        let kept: Vec<usize> = set.records().iter().map(UsableRecord::index).collect();
        assert_eq!(kept, vec![0]);
    }

    #[test]
    fn dane_g4_records_of_one_digest_of_one_part_stand_side_by_side() {
        let key = "300a300406022a03030200aa";
        let records: Vec<Tlsa> = [
            format!("2 1 1 {}", "ab".repeat(32)),
            format!("3 0 1 {}", "ab".repeat(32)),
            format!("3 1 1 {}", "ab".repeat(32)),
            format!("1 1 1 {}", "ab".repeat(32)),
            format!("3 0 2 {}", "ab".repeat(64)),
            format!("3 1 0 {key}"),
            format!("3 1 1 {}", "cd".repeat(32)),
            format!("3 0 2 {}", "cd".repeat(64)),
            format!("0 1 1 {}", "cd".repeat(32)),
        ]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
        let set = UsableSet::select(&records, Profile::Generic, &Digests::default()).unwrap();
        let order: Vec<usize> = set.records().iter().map(UsableRecord::index).collect();
        assert_eq!(order, [5, 2, 6, 4, 7, 0, 3, 8]);
        let unused: Vec<_> = set.unused().collect();
        assert_eq!(unused, [(1, &records[1], None)]);
    }

    // checks: dane/H8
    #[test]
    fn dane_e2_whether_a_raw_key_could_match() {
        let of = |texts: &[&str]| {
            let records: Vec<Tlsa> = texts
                .iter()
                .map(|numbers| format!("{numbers} {}", "ab".repeat(32)).parse().unwrap())
                .collect();
            UsableSet::select(&records, Profile::Smtp, &Digests::default()).unwrap()
        };
        assert!(of(&["3 1 1", "3 1 1"]).only_dane_ee_keys());
        assert!(of(&["3 1 1", "1 1 1"]).only_dane_ee_keys());
        assert!(!of(&["3 1 1", "3 0 1"]).only_dane_ee_keys());
        assert!(!of(&["3 1 1", "2 1 1"]).only_dane_ee_keys());
    }
}
