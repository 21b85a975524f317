//! The zones of the world: every kind of denial, the common algorithms, broken zones, and aliases across
//! all of them.

use super::signed_dns::zones::{P256, Parent, Signing, Zone, zone};

/// Children come before their parents, whose DS records they give.
pub const ZONES: &[Zone<'static>] = &[
    zone("nsec.world", Signing::With(P256, &[]), NAMES),
    zone("nsec3.world", Signing::With(P256, &["-3", "-", "-H", "0"]), NAMES),
    zone("salted.world", Signing::With(P256, &["-3", "beef", "-H", "5"]), NAMES),
    zone("below.optout.world", Signing::With(P256, &[]), NAMES),
    zone("plain.optout.world", Signing::Not, NAMES),
    zone(
        "optout.world",
        Signing::With(P256, &["-3", "-", "-H", "0", "-A"]),
        "mx A 127.0.0.1\nplain NS ns.world.\nbelow NS ns.world.\n",
    ),
    zone("rsa.world", Signing::With("RSASHA256", &[]), NAMES),
    zone("rsa512.world", Signing::With("RSASHA512", &[]), NAMES),
    zone("p384.world", Signing::With("ECDSAP384SHA384", &[]), NAMES),
    zone("ed25519.world", Signing::With("ED25519", &[]), NAMES),
    zone("plain.world", Signing::Not, NAMES),
    Zone { parent: Parent::Silent, ..zone("island.world", Signing::With(P256, &[]), NAMES) },
    Zone { parent: Parent::Errs, ..zone("wrong.world", Signing::With(P256, &[]), NAMES) },
    zone(
        "expired.world",
        Signing::With(P256, &["-s", "20200101000000", "-e", "20200201000000"]),
        NAMES,
    ),
    Zone {
        tampered: Some(("127.0.0.1", "127.0.0.66")),
        ..zone("tampered.world", Signing::With(P256, &[]), NAMES)
    },
    zone("world", Signing::With(P256, &[]), WORLD),
    zone(".", Signing::With(P256, &[]), "world. NS ns.world.\nns.world. A 127.0.0.1\n"),
];

/// The same in most zones.
const NAMES: &str = "\
@ MX 10 mx
@ TXT \"v=TLSRPTv1; rua=mailto:tls@nsec.world\"
mx A 127.0.0.1
_25._tcp.mx TLSA 3 1 1 ( 0707070707070707070707070707070707070707070707070707070707070707 )
host.deep.down A 127.0.0.3
*.wild A 127.0.0.2
_25._tcp.wild TLSA 3 1 1 ( 0808080808080808080808080808080808080808080808080808080808080808 )
*.wildname CNAME mx
away DNAME nsec.world.
to-nsec CNAME mx.nsec.world.
to-nsec3 CNAME mx.nsec3.world.
to-rsa CNAME mx.rsa.world.
to-plain CNAME mx.plain.world.
to-plain-nsec CNAME to-nsec.plain.world.
to-tampered CNAME mx.tampered.world.
to-nothing CNAME nothing.nsec.world.
to-nothing3 CNAME nothing.nsec3.world.
";

const WORLD: &str = "\
ns A 127.0.0.1
nsec NS ns
nsec3 NS ns
salted NS ns
optout NS ns
rsa NS ns
rsa512 NS ns
p384 NS ns
ed25519 NS ns
plain NS ns
island NS ns
wrong NS ns
expired NS ns
tampered NS ns
";
