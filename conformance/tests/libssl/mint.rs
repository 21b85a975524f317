//! Certificates with keys of every kind. The private keys are in `keys.pem`, and a program over
//! OpenSSL signs with them.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::certificates::der::{bits, oid, seq, tlv};
use super::certificates::{Cert, Key};
use super::dice::Dice;

/// A kind of key: its name, the digests that it signs with, and the algorithms' identifiers.
type Kind = (&'static str, &'static [(&'static str, &'static str, &'static [u8])]);

const RSA: &[(&str, &str, &[u8])] = &[
    ("sha256", "-", &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11]),
    ("sha384", "-", &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12]),
    ("sha512", "-", &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13]),
    ("sha256", "pss", &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10]),
    ("sha1", "-", &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5]),
];
const EC: &[(&str, &str, &[u8])] = &[
    ("sha256", "-", &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]),
    ("sha384", "-", &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3]),
    ("sha512", "-", &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4]),
];
const ED25519: &[(&str, &str, &[u8])] = &[("-", "-", &[0x2b, 0x65, 0x70])];
const ED448: &[(&str, &str, &[u8])] = &[("-", "-", &[0x2b, 0x65, 0x71])];

/// In the order of `keys.pem`, which has each twice.
const KINDS: [Kind; 9] = [
    ("rsa-1024", RSA),
    ("rsa-2048", RSA),
    ("rsa-3072", RSA),
    ("rsa-4096", RSA),
    ("p-256", EC),
    ("p-384", EC),
    ("p-521", EC),
    ("ed25519", ED25519),
    ("ed448", ED448),
];

/// Signs certificates; the keys of a case are those of the file, or Ed25519 ones from their numbers.
pub struct Mint {
    process: Child,
    into: ChildStdin,
    from: BufReader<ChildStdout>,
    /// The public keys of the file.
    keys: Vec<Vec<u8>>,
    /// Which of them stand for the keys of the case.
    places: BTreeMap<u8, usize>,
    /// How many certificates there were of each kind of key, by kind and whether it signed.
    pub made: BTreeMap<String, u64>,
    /// Whether a certificate of the case has a signature of a kind that the provider does not have.
    pub odd: bool,
}

impl Mint {
    pub fn new(program: &str) -> Self {
        let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/libssl/keys.pem");
        let mut process = Command::new(program)
            .arg(keys)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let into = process.stdin.take().unwrap();
        let from = BufReader::new(process.stdout.take().unwrap());
        let (places, made) = (BTreeMap::new(), BTreeMap::new());
        let mut mint = Self { process, into, from, keys: Vec::new(), places, made, odd: false };
        loop {
            let key = mint.line();
            if key.is_empty() {
                break;
            }
            mint.keys.push(key);
        }
        assert_eq!(mint.keys.len(), 2 * KINDS.len());
        mint
    }

    fn line(&mut self) -> Vec<u8> {
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        let octet = |at: usize| u8::from_str_radix(&line[at..at + 2], 16).unwrap();
        (0..line.trim_end().len() / 2).map(|at| octet(2 * at)).collect()
    }

    /// Draws the kinds of key for a case: all Ed25519, or any. Says what is worth a word.
    pub fn draw(&mut self, dice: &mut Dice, changes: &mut Vec<&'static str>) {
        self.places.clear();
        self.odd = false;
        if dice.one_in(3) {
            return;
        }
        // Mostly kinds that all have; in some cases all kinds.
        let all = dice.one_in(3);
        for key in [10, 11, 12, 13, 50, 60, 70, 77] {
            let kind = match all {
                true => usize::try_from(dice.roll(9)).unwrap(),
                false => dice.pick(&[1, 1, 2, 3, 4, 4, 5, 7]),
            };
            let again = self.places.values().filter(|place| **place % KINDS.len() == kind).count();
            self.places.insert(key, kind + KINDS.len() * (again % 2));
            if KINDS[kind].0 == "rsa-1024" {
                changes.push("weak-key");
            }
        }
    }

    /// The certificate signed by a key of the case, its own key being one of them.
    pub fn sign(&mut self, dice: &mut Dice, cert: &Cert, signer: Key) -> Vec<u8> {
        let mut cert = cert.clone();
        let own = self.places.iter().find(|(number, _)| Key(**number).spki() == cert.spki);
        if let Some((_, place)) = own {
            cert.spki.clone_from(&self.keys[*place]);
            *self.made.entry(format!("key {}", KINDS[*place % KINDS.len()].0)).or_default() += 1;
        }
        let Some(place) = self.places.get(&signer.0).copied() else {
            *self.made.entry("signed by a seeded ed25519".into()).or_default() += 1;
            return cert.sign(signer);
        };
        let (kind, ways) = KINDS[place % KINDS.len()];
        // Curves go with the digest of their size, mostly; SHA-1 and PSS come now and then.
        let way = match (kind, dice.roll(12)) {
            ("p-384", 1..) => 1,
            ("p-521", 1..) => 2,
            (_, roll) if ways == RSA => {
                [0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4][usize::try_from(roll).unwrap()]
            }
            (_, roll) => usize::try_from(roll).unwrap() / 5 % ways.len(),
        };
        let (digest, padding, arcs) = ways[way];
        *self.made.entry(format!("signed by {kind} {digest} {padding}")).or_default() += 1;
        self.odd |= matches!(
            (kind, digest),
            ("p-521" | "ed448", _) | ("p-256" | "p-384", "sha512") | (_, "sha1")
        );
        let algorithm = [oid(arcs), parameters(ways == RSA, padding)].concat();
        cert.algorithms = (algorithm.clone(), algorithm.clone());
        let tbs = cert.tbs();
        let text: String = tbs.iter().map(|octet| format!("{octet:02x}")).collect();
        writeln!(self.into, "{place} {digest} {padding} {text}").unwrap();
        self.into.flush().unwrap();
        let signature = self.line();
        assert!(!signature.is_empty(), "{kind} {digest} {padding}");
        seq(&[&tbs, &tlv(0x30, &algorithm), &bits(&signature)])
    }
}

/// NULL for RSA, the digest and the length of the salt for RSASSA-PSS.
fn parameters(rsa: bool, padding: &str) -> Vec<u8> {
    let sha256 = seq(&[&oid(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1]), &[5, 0]]);
    let mask = oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8]);
    match (rsa, padding) {
        (_, "pss") => seq(&[
            &tlv(0xa0, &sha256),
            &tlv(0xa1, &seq(&[&mask, &sha256])),
            &tlv(0xa2, &[2, 1, 32]),
        ]),
        (true, _) => vec![5, 0],
        (false, _) => Vec::new(),
    }
}

impl Drop for Mint {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
