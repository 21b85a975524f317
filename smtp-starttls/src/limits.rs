//! Every amount that the peer chooses, and how much of it is accepted.

/// Octets of one reply line with its CRLF; [RFC 5321 section 4.5.3.1.5] asks for 512, servers send more.
///
/// [RFC 5321 section 4.5.3.1.5]: https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.5
pub const REPLY_LINE: usize = 2048;

/// Lines of one reply; the longest honest EHLO replies have about thirty.
pub const REPLY_LINES: u16 = 512;

/// Octets of one reply, line ends included: a reply is read in fixed time and stored nowhere.
pub const REPLY: u32 = 65_536;

/// Octets of a domain name or address literal; [RFC 5321 section 4.5.3.1.2].
///
/// [RFC 5321 section 4.5.3.1.2]: https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.2
pub const DOMAIN: usize = 255;

/// Octets of one label of a domain name; [RFC 1035 section 2.3.4](https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4).
pub const LABEL: usize = 63;

/// Octets kept of the first word of a greeting; a longer word is cut and marked as cut.
pub const BANNER_NAME: usize = 128;

/// Digits of the SIZE limit of a server; [RFC 1870 section 4](https://www.rfc-editor.org/rfc/rfc1870#section-4).
pub const SIZE_DIGITS: usize = 20;

/// Octets kept, for the log, of what came in place of a TLS record.
pub const PLAINTEXT_SAMPLE: usize = 64;
