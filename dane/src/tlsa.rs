//! TLSA records: three open numbers and data, read and written as RDATA and as text.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

/// A certificate usage as it stands in a record: any number
/// ([RFC 6698 section 2.1.1](https://www.rfc-editor.org/rfc/rfc6698#section-2.1.1)).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CertUsage(pub u8);

impl CertUsage {
    /// A CA constraint on an ordinary path.
    pub const PKIX_TA: Self = Self(0);
    /// A certificate constraint on an ordinary path.
    pub const PKIX_EE: Self = Self(1);
    /// A trust anchor of the domain's own.
    pub const DANE_TA: Self = Self(2);
    /// The server's certificate or key.
    pub const DANE_EE: Self = Self(3);
}

/// Which part of a certificate is matched: any number
/// ([RFC 6698 section 2.1.2](https://www.rfc-editor.org/rfc/rfc6698#section-2.1.2)).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Selector(pub u8);

impl Selector {
    /// The whole certificate.
    pub const CERT: Self = Self(0);
    /// Its SubjectPublicKeyInfo.
    pub const SPKI: Self = Self(1);
}

/// How the data is matched: any number
/// ([RFC 6698 section 2.1.3](https://www.rfc-editor.org/rfc/rfc6698#section-2.1.3)).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Matching(pub u8);

impl Matching {
    /// The data is the selected part itself.
    pub const FULL: Self = Self(0);
    /// The data is its SHA2-256 digest.
    pub const SHA2_256: Self = Self(1);
    /// The data is its SHA2-512 digest.
    pub const SHA2_512: Self = Self(2);
    /// Reserved for private use.
    pub const PRIVATE: Self = Self(255);
}

/// A TLSA record, whatever its numbers and data. Clones share the data.
///
/// It is read from RDATA (`TryFrom<&[u8]>`) or from text (`FromStr`); `Display` writes the text
/// form in lower case, without white space in the data:
///
/// ```text
/// tlsa = num 1*WSP num 1*WSP num [ 1*WSP data ]
/// num  = 1*3DIGIT               ; 0 to 255
/// data = *( HEXDIG / WSP )      ; an even count of digits
/// ```
///
/// [RFC 6698 section 2](https://www.rfc-editor.org/rfc/rfc6698#section-2).
///
/// ```
/// let record: dane::Tlsa = "3 1 1 00FF".parse()?;
/// assert_eq!(record.to_string(), "3 1 1 00ff");
/// assert_eq!(dane::Tlsa::try_from(&record.to_rdata()[..]), Ok(record));
/// # Ok::<(), dane::TlsaTextError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Tlsa {
    usage: CertUsage,
    selector: Selector,
    matching: Matching,
    data: Arc<[u8]>,
}

impl Tlsa {
    /// A record of these fields.
    ///
    /// # Errors
    ///
    /// [`RdataError::Long`] if the data does not fit into RDATA.
    pub fn new(
        usage: CertUsage,
        selector: Selector,
        matching: Matching,
        data: impl Into<Arc<[u8]>>,
    ) -> Result<Self, RdataError> {
        let data = data.into();
        if data.len() > limits::DATA {
            return Err(RdataError::Long(data.len().saturating_add(3)));
        }
        Ok(Self { usage, selector, matching, data })
    }

    /// The certificate usage.
    #[must_use]
    pub fn usage(&self) -> CertUsage {
        self.usage
    }

    /// The selector.
    #[must_use]
    pub fn selector(&self) -> Selector {
        self.selector
    }

    /// The matching type.
    #[must_use]
    pub fn matching(&self) -> Matching {
        self.matching
    }

    /// The certificate association data.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The RDATA: three octets and the data.
    #[must_use]
    pub fn to_rdata(&self) -> Vec<u8> {
        let mut rdata = Vec::with_capacity(self.data.len().saturating_add(3));
        rdata.extend_from_slice(&[self.usage.0, self.selector.0, self.matching.0]);
        rdata.extend_from_slice(&self.data);
        rdata
    }
}

impl TryFrom<&[u8]> for Tlsa {
    type Error = RdataError;

    fn try_from(rdata: &[u8]) -> Result<Self, RdataError> {
        match rdata {
            [usage, selector, matching, data @ ..] => {
                Self::new(CertUsage(*usage), Selector(*selector), Matching(*matching), data)
            }
            _ => Err(RdataError::Short(rdata.len())),
        }
    }
}

impl fmt::Display for Tlsa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.usage.0, self.selector.0, self.matching.0)?;
        if !self.data.is_empty() {
            f.write_str(" ")?;
        }
        self.data.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl FromStr for Tlsa {
    type Err = TlsaTextError;

    fn from_str(text: &str) -> Result<Self, TlsaTextError> {
        let (usage, at) = number(text, 0)?;
        let (selector, at) = number(text, space(text, at)?)?;
        let (matching, at) = number(text, space(text, at)?)?;
        let rest = text.as_bytes().get(at..).unwrap_or_default();
        if rest.first().is_some_and(|byte| !is_space(*byte)) {
            return Err(TlsaTextError::Space(at));
        }
        Ok(Self {
            usage: CertUsage(usage),
            selector: Selector(selector),
            matching: Matching(matching),
            data: octets(rest, at)?,
        })
    }
}

/// Why octets are not the RDATA of a TLSA record.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RdataError {
    /// There are this many octets, more than RDATA can have.
    #[error("tlsa rdata has {0} octets, expected at most {max}", max = limits::RDATA)]
    Long(usize),
    /// There are this many octets, fewer than the three numbers need.
    #[error("tlsa rdata has {0} octets, expected at least 3")]
    Short(usize),
}

impl RdataError {
    /// A stable word for this error.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Long(_) => "rdata-too-long",
            Self::Short(_) => "rdata-too-short",
        }
    }
}

/// Why a text is not a TLSA record. Offsets are in bytes from its start.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TlsaTextError {
    /// The byte here is neither a hexadecimal digit nor white space.
    #[error("byte at offset {0} is not a hexadecimal digit")]
    Hex(usize),
    /// The data has more octets than RDATA can hold; the first one too many starts here.
    #[error("data from offset {0} does not fit into a record")]
    Long(usize),
    /// The number that should stand here is missing or not 0 to 255.
    #[error("no number from 0 to 255 at offset {0}")]
    Number(usize),
    /// The data has an odd count of digits; the last one stands here.
    #[error("hexadecimal digit at offset {0} has no partner")]
    OddDigits(usize),
    /// White space should stand here.
    #[error("no white space at offset {0}")]
    Space(usize),
}

impl TlsaTextError {
    /// A stable word for this error.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Hex(_) => "invalid-hex",
            Self::Long(_) => "rdata-too-long",
            Self::Number(_) => "invalid-number",
            Self::OddDigits(_) => "odd-digits",
            Self::Space(_) => "missing-space",
        }
    }
}

/// The RRset of a TLSA answer: the records that can be read, and a count of those that cannot.
///
/// RDATA of fewer than three octets is not a record, but an RRset that holds it is still not empty:
/// whoever publishes it has TLSA, and TLS is due
/// ([RFC 7672 section 2.2](https://www.rfc-editor.org/rfc/rfc7672#section-2.2)).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TlsaSet {
    records: Vec<Tlsa>,
    malformed: usize,
}

impl TlsaSet {
    /// The set of these RDATA, in their order.
    pub fn from_rdata<'a>(rdata: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut set = Self::default();
        for one in rdata {
            match Tlsa::try_from(one) {
                Ok(record) => set.records.push(record),
                Err(RdataError::Long(_) | RdataError::Short(_)) => {
                    set.malformed = set.malformed.saturating_add(1);
                }
            }
        }
        set
    }

    /// The records that can be read, in their order.
    #[must_use]
    pub fn records(&self) -> &[Tlsa] {
        &self.records
    }

    /// How many RDATA could not be read.
    #[must_use]
    pub fn malformed(&self) -> usize {
        self.malformed
    }

    /// How many RDATA there are, malformed ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len().saturating_add(self.malformed)
    }

    /// Whether there is no RDATA at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<Vec<Tlsa>> for TlsaSet {
    fn from(records: Vec<Tlsa>) -> Self {
        Self { records, malformed: 0 }
    }
}

/// Limits on a record.
pub(crate) mod limits {
    /// Octets of RDATA: its length is a 16-bit number (RFC 1035 section 3.2.1).
    pub(crate) const RDATA: usize = 65_535;
    /// Octets of data: RDATA without the three numbers.
    pub(crate) const DATA: usize = RDATA - 3;
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Reads one to three digits at `at`; returns the number and where it ends.
fn number(text: &str, at: usize) -> Result<(u8, usize), TlsaTextError> {
    let rest = text.get(at..).unwrap_or_default();
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    match rest.get(..digits).map(str::parse) {
        Some(Ok(number)) if digits <= 3 => Ok((number, at.saturating_add(digits))),
        _ => Err(TlsaTextError::Number(at)),
    }
}

/// Skips at least one white space at `at`; returns where it ends.
fn space(text: &str, at: usize) -> Result<usize, TlsaTextError> {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    match rest.iter().take_while(|byte| is_space(**byte)).count() {
        0 if rest.is_empty() => Err(TlsaTextError::Number(at)),
        0 => Err(TlsaTextError::Space(at)),
        count => Ok(at.saturating_add(count)),
    }
}

/// Reads hexadecimal digits with white space anywhere between; `base` is the offset of `text`.
fn octets(text: &[u8], base: usize) -> Result<Arc<[u8]>, TlsaTextError> {
    let mut octets = Vec::new();
    let mut high = None;
    for (offset, byte) in text.iter().enumerate().filter(|(_, byte)| !is_space(**byte)) {
        let at = base.saturating_add(offset);
        let digit = hex_digit(*byte).ok_or(TlsaTextError::Hex(at))?;
        high = match high {
            None if octets.len() == limits::DATA => return Err(TlsaTextError::Long(at)),
            None => Some((digit, at)),
            Some((high, _)) => {
                octets.push(high << 4 | digit);
                None
            }
        };
    }
    match high {
        Some((_, at)) => Err(TlsaTextError::OddDigits(at)),
        None => Ok(octets.into()),
    }
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};
    use alloc::{format, vec};

    use super::*;

    #[test]
    fn rfc6698_2_1_short_rdata_is_no_record() {
        for len in 0..3 {
            let error = Tlsa::try_from(&vec![3; len][..]).unwrap_err();
            assert_eq!(error, RdataError::Short(len));
            assert_eq!(error.reason(), "rdata-too-short");
        }
        assert!(Tlsa::try_from(&[3, 1, 1][..]).unwrap().data().is_empty());
    }

    #[test]
    fn rfc6698_2_1_rdata_has_a_16_bit_length() {
        let rdata = vec![3; limits::RDATA + 1];
        assert_eq!(Tlsa::try_from(&rdata[..limits::RDATA]).unwrap().to_rdata().len(), 65_535);
        let error = Tlsa::try_from(&rdata[..]).unwrap_err();
        assert_eq!(error, RdataError::Long(65_536));
        assert_eq!(error.reason(), "rdata-too-long");
    }

    #[test]
    fn rfc6698_2_1_any_number_is_kept() {
        for number in 0..=255 {
            let record = Tlsa::try_from(&[number, 255 - number, number ^ 85, 7][..]).unwrap();
            assert_eq!(record.usage(), CertUsage(number));
            assert_eq!(record.selector(), Selector(255 - number));
            assert_eq!(record.matching(), Matching(number ^ 85));
            assert_eq!(record.to_string().parse(), Ok(record));
        }
    }

    #[test]
    fn rfc6698_2_2_text_that_is_no_record() {
        for (text, error, reason) in [
            ("", TlsaTextError::Number(0), "invalid-number"),
            (" 3 1 1 00", TlsaTextError::Number(0), "invalid-number"),
            ("3", TlsaTextError::Number(1), "invalid-number"),
            ("3 1", TlsaTextError::Number(3), "invalid-number"),
            ("3 1 ", TlsaTextError::Number(4), "invalid-number"),
            ("3 256 1 00", TlsaTextError::Number(2), "invalid-number"),
            ("3 0001 1 00", TlsaTextError::Number(2), "invalid-number"),
            ("3 -1 1 00", TlsaTextError::Number(2), "invalid-number"),
            ("3,1 1 00", TlsaTextError::Space(1), "missing-space"),
            ("3 1 1x00", TlsaTextError::Space(5), "missing-space"),
            ("3 1 1 0", TlsaTextError::OddDigits(6), "odd-digits"),
            ("3 1 1 00 0 ", TlsaTextError::OddDigits(9), "odd-digits"),
            ("3 1 1 0g", TlsaTextError::Hex(7), "invalid-hex"),
            ("3 1 1 00\n", TlsaTextError::Hex(8), "invalid-hex"),
            ("3 1 1 ä0", TlsaTextError::Hex(6), "invalid-hex"),
        ] {
            assert_eq!(text.parse::<Tlsa>(), Err(error), "{text:?}");
            assert_eq!(error.reason(), reason);
        }
    }

    #[test]
    fn rfc6698_2_2_data_longer_than_rdata_is_refused() {
        let text = format!("3 1 0 {}", "00".repeat(limits::DATA));
        assert_eq!(text.parse::<Tlsa>().unwrap().data().len(), limits::DATA);
        let error = format!("{text}00").parse::<Tlsa>().unwrap_err();
        assert_eq!(error, TlsaTextError::Long(6 + 2 * limits::DATA));
        assert_eq!(error.reason(), "rdata-too-long");
    }

    #[test]
    fn rfc6698_2_2_both_cases_and_inner_space_are_read_one_form_is_written() {
        for text in ["3 1 1 ab12CD", "3\t1 \t1   AB 12\tcd ", "003 01 1 aB12Cd"] {
            assert_eq!(text.parse::<Tlsa>().unwrap().to_string(), "3 1 1 ab12cd");
        }
        for text in ["3 1 1", "3 1 1 ", "3 1 1 \t"] {
            assert_eq!(text.parse::<Tlsa>().unwrap().to_string(), "3 1 1");
        }
    }

    #[test]
    fn a_set_with_unreadable_rdata_is_not_empty() {
        assert!(TlsaSet::default().is_empty());
        let set = TlsaSet::from_rdata([&[3, 1][..], &[3, 1, 1, 0], &[]]);
        assert_eq!((set.len(), set.malformed(), set.records().len()), (3, 2, 1));
        assert!(!TlsaSet::from_rdata([&[][..]]).is_empty());
    }

    #[test]
    fn messages_are_fit_for_a_log() {
        let text: String = TlsaTextError::Space(1).to_string();
        assert_eq!(text, "no white space at offset 1");
        assert_eq!(
            RdataError::Short(2).to_string(),
            "tlsa rdata has 2 octets, expected at least 3"
        );
    }
}
