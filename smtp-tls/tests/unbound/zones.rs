//! The zones of the world, signed by BIND's tools.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How a zone is signed.
#[derive(Clone, Copy)]
pub enum Signing {
    /// Not at all.
    Not,
    /// With this algorithm and these options of `dnssec-signzone`.
    With(&'static str, &'static [&'static str]),
}

/// What the parent says of a zone's key.
#[derive(Clone, Copy)]
pub enum Parent {
    /// Its DS record.
    Vouches,
    /// Nothing.
    Silent,
    /// A DS record of no key.
    Errs,
}

pub struct Zone {
    pub name: &'static str,
    pub signing: Signing,
    pub parent: Parent,
    pub records: &'static str,
    /// What is changed in the zone after it was signed: a text and what stands in its place.
    pub tampered: Option<(&'static str, &'static str)>,
}

const P256: &str = "ECDSAP256SHA256";

const fn zone(name: &'static str, signing: Signing, records: &'static str) -> Zone {
    Zone { name, signing, parent: Parent::Vouches, records, tampered: None }
}

/// Children come before their parents, whose DS records they give.
pub const ZONES: &[Zone] = &[
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

/// Signs all zones in this folder, and gives the root's key as DNSKEY record.
pub fn sign(folder: &Path) -> io::Result<String> {
    let mut vouched: Vec<(&str, String)> = Vec::new();
    let mut anchor = String::new();
    for zone in ZONES {
        let mut text = format!(
            "$ORIGIN {}\n$TTL 300\n@ SOA ns.world. mail.world. 1 3600 600 86400 300\n\
             @ NS ns.world.\n{}",
            absolute(zone.name),
            zone.records,
        );
        for (_, ds) in vouched.iter().filter(|(name, _)| parent(name) == zone.name) {
            text.push_str(ds);
        }
        let path = file(folder, zone.name);
        fs::write(&path, text)?;
        let Signing::With(algorithm, options) = zone.signing else { continue };
        let key = tool(folder, "dnssec-keygen", &["-q", "-a", algorithm, "-f", "KSK", zone.name])?;
        let key = key.trim();
        match zone.parent {
            Parent::Vouches => {
                vouched.push((zone.name, tool(folder, "dnssec-dsfromkey", &["-2", key])?));
            }
            Parent::Errs => {
                let ds = format!("{} DS 1 13 2 {}\n", absolute(zone.name), "00".repeat(32));
                vouched.push((zone.name, ds));
            }
            Parent::Silent => {}
        }
        let path = path.to_str().ok_or(io::ErrorKind::InvalidInput)?;
        let fixed = ["-q", "-P", "-z", "-S", "-O", "full", "-o", zone.name, "-f", path];
        tool(folder, "dnssec-signzone", &[&fixed, options, &[path, key]].concat())?;
        if let Some((old, new)) = zone.tampered {
            let text = fs::read_to_string(path)?;
            assert!(text.contains(old), "there is nothing to tamper with");
            fs::write(path, text.replace(old, new))?;
        }
        if zone.name == "." {
            let text = fs::read_to_string(folder.join(format!("{key}.key")))?;
            anchor = text.lines().filter(|line| !line.starts_with(';')).collect();
        }
    }
    Ok(anchor)
}

pub fn file(folder: &Path, zone: &str) -> PathBuf {
    folder.join(format!("zone-{}", if zone == "." { "root" } else { zone }))
}

fn absolute(name: &str) -> String {
    if name == "." { name.to_owned() } else { format!("{name}.") }
}

fn parent(name: &str) -> &str {
    name.split_once('.').map_or(".", |(_, parent)| parent)
}

fn tool(folder: &Path, program: &str, arguments: &[&str]) -> io::Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(io::Error::other(format!("{program} {arguments:?}: {said}")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
