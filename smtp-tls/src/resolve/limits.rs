//! Every amount that a peer or a zone's owner chooses, and how much of it is taken.

use core::time::Duration;

/// Bytes of a name as text, without the root dot
/// ([RFC 1035 section 2.3.4](https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4)).
pub const NAME: usize = 253;

/// Bytes of a label, from the same section.
pub const LABEL: usize = 63;

/// Aliases followed from the question's name: an eleventh is an error. Ours; resolvers use figures
/// of the same size.
pub const HOPS: usize = 10;

/// Records of the answer section that are looked at, signatures included: one more is an error.
/// Ours: far beyond the largest sets of mail exchangers and addresses in use.
pub const RECORDS: usize = 512;

/// UDP payload offered to the resolver, in bytes, beyond which it answers over TCP. It keeps clear of
/// fragments ([RFC 9715](https://www.rfc-editor.org/rfc/rfc9715)).
pub const UDP_PAYLOAD: u16 = 1232;

/// How long one look-up may take in all, retries and TCP included: three resolvers, two tries each.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// How long to wait for one UDP reply before asking once more.
pub const TRY: Duration = Duration::from_secs(5);
