//! Every amount that somebody else chooses, and how much of it is looked at.

/// Bytes of a record: 16 character-strings of 255 bytes hold all that was ever seen.
pub const RECORD: usize = 4_096;
/// URIs of a record, of whatever scheme.
pub const URIS: usize = 32;

/// Bytes of any one string of a report or datagram.
pub const STRING: usize = 65_536;

/// Bytes of an EHLO name kept in a failure row: a domain name has no more.
pub const HELO: usize = 255;
/// Bytes of an MX host name kept in a failure row.
pub const HOST: usize = 255;
/// Bytes of a failure reason kept in a failure row: it is a peer's or a library's free text.
pub const REASON: usize = 512;
/// Bytes of additional information; a longer one is dropped, for a cut URI is none.
pub const INFORMATION: usize = 512;
/// Failure keys counted exactly for one policy of one domain; more go to overflow rows.
pub const FAILURE_KEYS: usize = 256;
/// Texts of a domain's record that are kept apart on one day: each is a report of its own. Sessions
/// under more are refused.
pub const RECORDS: usize = 8;
/// Bytes that one text of a domain's record may take on one day, all policies and failures under it:
/// a domain that shows everybody another policy takes no more than that. Each policy counts as its
/// bytes and [`POLICY_ROW`], so that there are at most 255, and each failure as its bytes and
/// [`FAILURE_ROW`]. What comes under further policies is counted in one policy of its type, that of
/// further failures in overflow rows.
pub const RECORD_BYTES: usize = 1 << 20;
/// Bytes as which a policy counts beside its own, for [`RECORD_BYTES`].
pub const POLICY_ROW: usize = 4_096;
/// Bytes as which a failure counts beside its own, for [`RECORD_BYTES`].
pub const FAILURE_ROW: usize = 64;
/// Bytes of everything that identifies one policy: no more than a datagram can carry.
pub const POLICY: usize = 262_144;
/// Bytes of a report's JSON that we write: receivers commonly refuse more than ten megabytes.
pub const REPORT: usize = 10_000_000;
/// Seconds after a day's end until it is sealed: time enough for sessions that end at midnight.
pub const SEAL_AFTER: u64 = 600;
/// Seconds by which a session's end may lie in the future: clocks of one fleet differ.
pub const CLOCK_SKEW: u64 = 600;

/// Bytes of a report that is read, as it arrives: the most that common receivers take.
pub const COMPRESSED: usize = 10_000_000;
/// Bytes of the JSON of a report that is read, after decompression or without one.
pub const INFLATED: usize = 20_000_000;
/// How many times larger than what has arrived its JSON may be.
pub const RATIO: usize = 200;
/// Bytes of JSON from which on [`RATIO`] counts: small reports of many equal rows shrink well.
pub const RATIO_FROM: usize = 1_000_000;
/// Arrays and objects inside one another, also in members that are ignored.
pub const DEPTH: usize = 64;
/// Policies of a report.
pub const POLICIES: usize = 100_000;
/// Policy strings and MX patterns of a report, of all its policies.
pub const STRINGS: usize = 400_000;
/// Failure rows of a report: with the members that real rows have, [`INFLATED`] holds some 70,000.
pub const DETAILS: usize = 100_000;
/// Members without a meaning of one object whose names are remembered, to tell those that come
/// twice.
pub const UNKNOWN_MEMBERS: usize = 10_000;

/// Bytes of a datagram: a sender's default buffer ends at 212,992.
pub const DATAGRAM: usize = 262_144;
/// Arrays and objects of a datagram inside one another.
pub const DATAGRAM_DEPTH: usize = 16;
/// Policies of a datagram.
pub const DATAGRAM_POLICIES: usize = 16;
/// Failures of one policy of a datagram.
pub const DATAGRAM_FAILURES: usize = 256;
/// Strings, or MX patterns, of one policy of a datagram.
pub const DATAGRAM_STRINGS: usize = 256;

/// Seconds after the seal within which the first attempt comes: the example of RFC 8460 section 4.1.
pub const FIRST_ATTEMPT_WITHIN: u64 = 14_400;
/// Seconds from the first attempt to the last (RFC 8460 section 5.5).
pub const RETRY_FOR: u64 = 86_400;
/// Seconds to the second attempt, at most; each further wait is twice as long.
pub const FIRST_WAIT: u64 = 300;
/// Seconds of the longest wait: six attempts a day reach a receiver that is down for hours.
pub const LONGEST_WAIT: u64 = 14_400;

/// Bytes of a mail: the largest report as base64, with room for its other parts.
///
/// All reports of a mail together hold no more than [`INFLATED`] bytes, [`POLICIES`], [`STRINGS`]
/// and [`DETAILS`], as if they were one. So reading a mail takes at most 128 MiB beside its own
/// bytes, and what is read keeps at most 64 MiB.
pub const MAIL: usize = 40_000_000;
/// Multiparts and messages inside one another.
pub const MIME_DEPTH: usize = 8;
/// Parts of a mail.
pub const MIME_PARTS: usize = 256;
/// Bytes of the header of a mail or of one of its parts.
pub const MIME_HEADER: usize = 65_536;
