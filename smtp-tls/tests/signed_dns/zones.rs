//! Zones, signed by BIND's tools.

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

#[derive(Clone, Copy)]
pub struct Zone<'a> {
    pub name: &'a str,
    pub signing: Signing,
    pub parent: Parent,
    pub records: &'a str,
    /// What is changed in the zone after it was signed: a text and what stands in its place.
    pub tampered: Option<(&'a str, &'a str)>,
}

/// The algorithm of most zones.
pub const P256: &str = "ECDSAP256SHA256";

/// A zone for whose key the parent vouches.
pub const fn zone<'a>(name: &'a str, signing: Signing, records: &'a str) -> Zone<'a> {
    Zone { name, signing, parent: Parent::Vouches, records, tampered: None }
}

/// Signs zones in this folder, and gives the root's key as DNSKEY record. Children come before their
/// parents, whose DS records they give.
pub fn sign(folder: &Path, zones: &[Zone<'_>]) -> io::Result<String> {
    let mut vouched: Vec<(&str, String)> = Vec::new();
    let mut anchor = String::new();
    for zone in zones {
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
            assert!(text.contains(old), "{}: no {old:?} to tamper with: {text}", zone.name);
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
