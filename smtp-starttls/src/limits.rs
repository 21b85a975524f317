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
pub const BANNER_NAME: usize = 112;

/// Digits of the SIZE limit of a server; [RFC 1870 section 4](https://www.rfc-editor.org/rfc/rfc1870#section-4).
pub const SIZE_DIGITS: usize = 20;

/// Octets kept, for the log, of what came in place of a TLS record.
pub const PLAINTEXT_SAMPLE: usize = 64;

/// Octets of a local part; [RFC 5321 section 4.5.3.1.1] asks receivers for 64, and addresses made by
/// programs have more.
///
/// [RFC 5321 section 4.5.3.1.1]: https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.1
pub const LOCAL_PART: usize = 255;

/// Recipients of one transaction; [RFC 5321 section 4.5.3.1.8] asks servers for 100.
///
/// [RFC 5321 section 4.5.3.1.8]: https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.8
pub const RECIPIENTS: u16 = 1024;

/// Octets of a line of a message without its CRLF; [RFC 5321 section 4.5.3.1.6].
///
/// [RFC 5321 section 4.5.3.1.6]: https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.6
pub const MESSAGE_LINE: usize = 998;

/// Octets of an envelope id as written, [RFC 3461 section 4.4](https://www.rfc-editor.org/rfc/rfc3461#section-4.4).
pub const ENVELOPE_ID: usize = 100;

/// Octets of an ORCPT value as written, [RFC 3461 section 4.2](https://www.rfc-editor.org/rfc/rfc3461#section-4.2).
pub const ORIGINAL_RECIPIENT: usize = 500;

/// A buffer of this many octets holds any command that this crate writes.
pub const COMMAND: usize = 1200;
