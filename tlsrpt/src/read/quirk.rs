//! What a lenient reader tolerates, in words that stay the same.

use alloc::vec::Vec;
use core::fmt;

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The stable word.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }
    };
}

words! {
    /// How a report departs from RFC 8460 or I-JSON. A lenient reader goes on, a strict one refuses.
    Quirk {
        /// A byte-order mark stands first.
        ByteOrderMark = "byte-order-mark",
        /// Something follows the object.
        TrailingBytes = "trailing-bytes",
        /// Bytes are not UTF-8: U+FFFD was put in.
        NotUtf8 = "not-utf-8",
        /// Half of a surrogate pair was escaped: U+FFFD was put in.
        LoneSurrogate = "lone-surrogate",
        /// A control character stands in a string unescaped.
        RawControlCharacter = "raw-control-character",
        /// An object has two members of one name: the last one counts.
        DuplicateMember = "duplicate-member",
        /// The checksum or the length at the end of gzip data is wrong.
        GzipCrc = "gzip-crc",
        /// Something follows the gzip data.
        GzipTrailingBytes = "gzip-trailing-bytes",
        /// `organization-name` is missing.
        OrganizationNameMissing = "organization-name-missing",
        /// `contact-info` is missing.
        ContactInfoMissing = "contact-info-missing",
        /// `contact-info` is not a mail address.
        ContactInfoNotAddress = "contact-info-not-address",
        /// `report-id` is missing: what the caller knows was put in.
        ReportIdMissing = "report-id-missing",
        /// `report-id` is a number or a truth value: its text was taken.
        ReportIdNotString = "report-id-not-string",
        /// A date has no zone: UTC was assumed.
        DateWithoutZone = "date-without-zone",
        /// A date has a space instead of `T`.
        DateSpaceSeparator = "date-space-separator",
        /// A date is a number of seconds since 1970.
        DateEpochNumber = "date-epoch-number",
        /// A date has the time `24:00:00`.
        DateHour24 = "date-hour-24",
        /// `policies` is one object.
        PoliciesNotArray = "policies-not-array",
        /// `policy` is missing.
        PolicyMissing = "policy-missing",
        /// `policy-type` is missing: empty text was put in.
        PolicyTypeMissing = "policy-type-missing",
        /// `policy-type` is not one of the three that exist.
        PolicyTypeUnknown = "policy-type-unknown",
        /// `policy-domain` is missing or empty: the report domain, where known, was put in.
        PolicyDomainMissing = "policy-domain-missing",
        /// `policy-domain` has other characters than ASCII.
        PolicyDomainNotAscii = "policy-domain-not-ascii",
        /// `policy-string` is one string: it was split at line ends and semicolons.
        PolicyStringNotArray = "policy-string-not-array",
        /// `policy-string` is missing where the policy type needs it.
        PolicyStringMissing = "policy-string-missing",
        /// `policy-string` is one string that is a JSON array: it was unpacked.
        PolicyStringNestedJson = "policy-string-nested-json",
        /// `mx-host` is one string.
        MxHostNotArray = "mx-host-not-array",
        /// `mx-host` is missing where the policy type needs it.
        MxHostMissing = "mx-host-missing",
        /// `mx-host` is named `mx-host-pattern`.
        MxHostPatternKey = "mx-host-pattern-key",
        /// `summary` is missing: its counts are 0.
        SummaryMissing = "summary-missing",
        /// A count is missing: it is 0.
        CountMissing = "count-missing",
        /// A count is digits in a string, or a number with a fraction of zero.
        CountNotInteger = "count-not-integer",
        /// A count is larger than 2^53-1; it was cut at 2^63-1.
        CountTooLarge = "count-too-large",
        /// `failure-details` is `null`.
        FailureDetailsNull = "failure-details-null",
        /// `failure-details` is one object.
        FailureDetailsNotArray = "failure-details-not-array",
        /// An element of `failure-details` is `null`: it was skipped.
        FailureDetailsNullElement = "failure-details-null-element",
        /// `result-type` is missing: empty text was put in.
        ResultTypeMissing = "result-type-missing",
        /// An address is not one; where one could be taken out of the text, it was.
        IpNotAddress = "ip-not-address",
        /// `receiving-mx-helo` has several lines.
        HeloMultiLine = "helo-multi-line",
        /// `additional-information` is not a URI.
        AdditionalInformationNotUri = "additional-information-not-uri",
        /// `additional-information` is named `additional-info-uri`.
        AdditionalInfoUriKey = "additional-info-uri-key",
        /// `failure-reason-code` is named `failure-error-code`.
        FailureErrorCodeKey = "failure-error-code-key",
        /// `failure-reason-code` is a number or a truth value: its text was taken.
        FailureReasonCodeNotString = "failure-reason-code-not-string",
        /// The mail is not a `multipart/report`.
        MimeNotReport = "mime-not-report",
        /// The `report-type` parameter is missing or not `tlsrpt`.
        ReportTypeMissing = "report-type-missing",
        /// The report's part has another media type than the two that RFC 8460 registers.
        MediaType = "media-type",
        /// Gzip is called JSON, or the reverse.
        MediaTypeMismatch = "media-type-mismatch",
        /// The report is inside a multipart inside the mail.
        NestedMultipart = "nested-multipart",
        /// The report is in a mail that was forwarded as an attachment.
        Forwarded = "forwarded",
        /// The mail has several reports.
        SeveralReports = "several-reports",
        /// `TLS-Report-Domain` or `TLS-Report-Submitter` is missing.
        TlsReportHeaderMissing = "tls-report-header-missing",
        /// `TLS-Report-Submitter` is not the domain of `contact-info`.
        SubmitterMismatch = "submitter-mismatch",
    }
}

words! {
    /// What is legal in a report, yet suspicious.
    Anomaly {
        /// A failure has more sessions than failed in all.
        DetailExceedsTotal = "detail-exceeds-total",
        /// Sessions failed, and not one failure says why.
        FailuresWithoutDetails = "failures-without-details",
        /// The report covers anything but one UTC day.
        NotOneUtcDay = "not-one-utc-day",
        /// The mail's subject disagrees with the report.
        SubjectMismatch = "subject-mismatch",
        /// The file's name disagrees with the report.
        FilenameMismatch = "filename-mismatch",
    }
}

/// Words in the order in which they first came up, each once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Found<T>(Vec<T>);

impl<T> Default for Found<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy + PartialEq> Found<T> {
    pub(crate) fn add(&mut self, word: T) {
        if !self.0.contains(&word) {
            self.0.push(word);
        }
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        &self.0
    }

    pub(crate) fn first(&self) -> Option<T> {
        self.0.first().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kebab_case_and_stand_for_one_thing() {
        let quirks = Quirk::ALL.iter().map(|quirk| quirk.word());
        let words: Vec<_> =
            quirks.chain(Anomaly::ALL.iter().map(|anomaly| anomaly.word())).collect();
        for (at, word) in words.iter().enumerate() {
            let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            assert!(word.bytes().all(fine), "{word}");
            assert_eq!(words.iter().position(|other| other == word), Some(at), "{word}");
        }
    }
}
