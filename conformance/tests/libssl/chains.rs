//! Chains at random, but always the same ones: every choice comes from one seed.

use serde_json::{Value, json};

use super::certificates::der::{common_name, name, tlv};
use super::certificates::{ANY_PURPOSE, CLIENT_AUTH, Cert, Ext, Key, NOW, SERVER_AUTH};

use super::dice::Dice;
use super::mint::Mint;
use super::odd;

pub const MX: &str = "mx.example.org";

/// A case: what was sent, the records, and what was changed in the making.
pub struct Case {
    pub request: Value,
    pub changes: Vec<&'static str>,
}

const NAMES: [&str; 4] = ["Root", "Upper", "Lower", "Leaf CA"];

/// Makes a case: one chain in three is good but for a single oddity.
pub fn case(dice: &mut Dice, mint: &mut Mint) -> Case {
    match dice.one_in(3) {
        true => nearly_good(dice),
        false => any(dice, mint),
    }
}

/// A chain of leaf, intermediate and root, good but for one extension or name.
fn nearly_good(dice: &mut Dice) -> Case {
    let keys = [Key(10), Key(11), Key(12)];
    let mut certs = [
        Cert::ca(NAMES[0], NAMES[0], keys[0]),
        Cert::ca(NAMES[1], NAMES[0], keys[1]),
        Cert::leaf(NAMES[1], &[MX], keys[2]),
    ];
    let at = usize::try_from(dice.roll(3)).unwrap();
    let what = match dice.roll(4) {
        0 if at < 2 => {
            odd_name(dice, &mut certs, at);
            "odd-name"
        }
        _ => {
            let (what, extension) = odd::extension(dice);
            let is_there = certs[at].extensions.iter().any(|it| it.oid == extension.oid);
            match is_there && dice.one_in(2) {
                true => {
                    certs[at].extensions.push(extension);
                    "duplicate-extension"
                }
                false => {
                    certs[at] = certs[at].clone().with(extension);
                    what
                }
            }
        }
    };
    let [root, sub, leaf] = [0, 1, 2].map(|at: usize| certs[at].sign(keys[at.saturating_sub(1)]));
    let anchor = if dice.one_in(2) { &root } else { &sub };
    let numbers = (dice.pick(&[0, 1]), dice.pick(&[0, 1]));
    let record = dane::publish::record(
        dane::CertUsage::DANE_TA,
        dane::Selector(numbers.0),
        dane::Matching(numbers.1),
        anchor,
    );
    let sent = if dice.one_in(2) { vec![leaf, sub] } else { vec![leaf, sub, root] };
    let records = record.iter().map(ToString::to_string).collect();
    Case { request: request(&sent, records, &[MX]), changes: vec![what] }
}

fn odd_name(dice: &mut Dice, certs: &mut [Cert], at: usize) {
    let (one, other) = odd::names(dice);
    if certs[at].subject == certs[at].issuer {
        certs[at].issuer.clone_from(&one);
    }
    certs[at].subject = one;
    certs[at + 1].issuer = other;
}

fn request(sent: &[Vec<u8>], records: Vec<String>, names: &[&str]) -> Value {
    let chain: Vec<String> = sent.iter().map(|der| base64(der)).collect();
    json!({
        "op": "dane.verify", "tlsa": records, "chain_b64": chain, "names": names, "now": NOW,
    })
}

/// The chain goes from a leaf over none to three issuers.
fn any(dice: &mut Dice, mint: &mut Mint) -> Case {
    let mut changes = Vec::new();
    mint.draw(dice, &mut changes);
    let depth = 1 + usize::try_from(dice.roll(3)).unwrap();
    // certs[0] is the root, the last one the leaf.
    let mut certs: Vec<Cert> = Vec::new();
    let keys: Vec<Key> = (0..=depth).map(|at| Key(u8::try_from(10 + at).unwrap())).collect();
    let with_ids = dice.one_in(2);
    for at in 0..depth {
        let issuer = NAMES[at.saturating_sub(1)];
        let mut ca = Cert::ca(NAMES[at], issuer, keys[at]);
        if with_ids {
            ca = ca.with(Ext::subject_key_id(&keys[at].id()));
            ca = ca.with(Ext::authority_key_id(&keys[at.saturating_sub(1)].id()));
        }
        certs.push(ca);
    }
    let mut leaf = Cert::leaf(NAMES[depth - 1], &[MX], keys[depth]);
    if with_ids {
        leaf = leaf.with(Ext::authority_key_id(&keys[depth - 1].id()));
    }
    if dice.one_in(12) {
        changes.push("self-signed-leaf");
        leaf.issuer = common_name(MX);
        leaf.subject = common_name(MX);
        leaf = leaf.without(35);
    }
    certs.push(leaf);
    for _ in 0..dice.roll(3) {
        let at = usize::try_from(dice.roll(u64::try_from(certs.len()).unwrap())).unwrap();
        let is_leaf = at == depth;
        let (what, cert) = change(dice, certs[at].clone(), is_leaf);
        changes.push(what);
        certs[at] = cert;
    }
    if dice.one_in(8) {
        changes.push("odd-name");
        let at = usize::try_from(dice.roll(u64::try_from(depth).unwrap())).unwrap();
        odd_name(dice, &mut certs, at);
    }
    let signer = |at: usize| match at {
        0 => keys[0],
        _ if certs[at].issuer == certs[at].subject && at == depth => keys[at],
        at => keys[at - 1],
    };
    let mut ders: Vec<Vec<u8>> =
        (0..=depth).map(|at| mint.sign(dice, &certs[at], signer(at))).collect();
    if dice.one_in(15) {
        changes.push("bad-signature");
        let at = usize::try_from(dice.roll(u64::try_from(ders.len()).unwrap())).unwrap();
        ders[at] = mint.sign(dice, &certs[at], Key(77));
    }
    if dice.one_in(12) {
        changes.push("mutated");
        let at = usize::try_from(dice.roll(u64::try_from(ders.len()).unwrap())).unwrap();
        for _ in 0..=dice.roll(2) {
            let len = u64::try_from(ders[at].len()).unwrap();
            let octet = usize::try_from(dice.roll(len)).unwrap();
            ders[at][octet] ^= 1 << dice.roll(8);
        }
    }
    let universe = others(dice, mint, &certs, &keys, &mut changes);
    let mut sent: Vec<Vec<u8>> = ders.iter().rev().skip(1).cloned().collect();
    if dice.one_in(3) {
        changes.push("no-root");
        sent.pop();
    }
    for extra in &universe {
        if dice.one_in(2) {
            let len = u64::try_from(sent.len()).unwrap();
            let at = usize::try_from(dice.roll(len + 1)).unwrap();
            sent.insert(at, extra.clone());
        }
    }
    if dice.one_in(4) && sent.len() > 1 {
        changes.push("shuffled");
        let len = u64::try_from(sent.len()).unwrap();
        for _ in 0..3 {
            let (a, b) = (dice.roll(len), dice.roll(len));
            sent.swap(usize::try_from(a).unwrap(), usize::try_from(b).unwrap());
        }
    }
    let leaf = ders[depth].clone();
    sent.insert(0, leaf);
    let mut targets = ders;
    targets.extend(universe);
    if mint.odd {
        changes.push("no-such-algorithm");
    }
    let count = 1 + dice.roll(3);
    let records: Vec<String> = (0..count).map(|_| record(dice, &targets, &mut changes)).collect();
    let names: &[&str] = dice.pick(&[&[MX][..], &[MX, "example.org"], &["example.org"], &[MX]]);
    Case { request: request(&sent, records, names), changes }
}

fn base64(der: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(der)
}

/// Certificates beside the chain: a namesake, a twin, a cross-signed one, an unrelated one.
fn others(
    dice: &mut Dice,
    mint: &mut Mint,
    certs: &[Cert],
    keys: &[Key],
    changes: &mut Vec<&'static str>,
) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let at = usize::try_from(dice.roll(u64::try_from(certs.len() - 1).unwrap())).unwrap();
    let parent = keys[at.saturating_sub(1)];
    if dice.one_in(4) {
        changes.push("namesake");
        let mut namesake = certs[at].clone().spki(Key(50).spki()).serial(50);
        if dice.one_in(2) {
            namesake = namesake.without(14);
        }
        found.push(mint.sign(dice, &namesake, if at == 0 { Key(50) } else { parent }));
    }
    if dice.one_in(4) {
        changes.push("twin");
        let twin = certs[at].clone().serial(51);
        let twin = match dice.roll(3) {
            0 => twin.dates("100101000000Z", "110101000000Z"),
            1 => twin.dates("260101000000Z", "300101000000Z"),
            _ => twin.with(Ext::purposes(&[CLIENT_AUTH])),
        };
        found.push(mint.sign(dice, &twin, parent));
    }
    if dice.one_in(4) {
        changes.push("cross-signed");
        let mut cross = certs[at].clone().serial(52).without(35);
        cross.issuer = common_name("Old Root");
        found.push(mint.sign(dice, &cross, Key(60)));
        found.push(mint.sign(dice, &Cert::ca("Old Root", "Old Root", Key(60)), Key(60)));
    }
    if dice.one_in(4) {
        found.push(mint.sign(dice, &Cert::ca("Stranger", "Stranger", Key(70)), Key(70)));
    }
    found
}

fn change(dice: &mut Dice, cert: Cert, is_leaf: bool) -> (&'static str, Cert) {
    let dns = |base: &str| tlv(0x82, base.as_bytes());
    match dice.roll(36) {
        0 => ("expired", cert.dates("100101000000Z", "110101000000Z")),
        1 => ("not-yet-valid", cert.dates("480101000000Z", "490101000000Z")),
        2 => ("v1", cert.v1()),
        3 => ("not-ca", cert.with(Ext::not_ca())),
        4 => ("no-basic-constraints", cert.without(19)),
        5 => ("no-key-usage", cert.without(15)),
        6 => ("key-usage", cert.with(Ext::key_usage(dice.pick(&[0x80, 0x20, 0x04, 0x02, 0x84])))),
        7 => (
            if is_leaf { "is-ca" } else { "path-length" },
            cert.with(Ext::ca(Some(u8::try_from(dice.roll(2)).unwrap()))),
        ),
        8 => ("server-purpose", cert.with(Ext::purposes(&[SERVER_AUTH]))),
        9 => ("client-purpose", cert.with(Ext::purposes(&[CLIENT_AUTH]))),
        10 => ("any-purpose", cert.with(Ext::purposes(&[ANY_PURPOSE]))),
        11 => ("unknown-critical", cert.with(Ext::new(&[0x2a, 3, 4], true, vec![5, 0]))),
        12 => ("unknown-extension", cert.with(Ext::new(&[0x2a, 3, 4], false, vec![5, 0]))),
        13 => ("key-id", cert.with(Ext::authority_key_id(&[dice.pick(&[10, 11, 99]); 20]))),
        14 => ("subject-key-id", cert.with(Ext::subject_key_id(&[dice.pick(&[10, 11, 99]); 20]))),
        15 if !is_leaf => {
            let base = dice.pick(&["example.org", "example.net", "", MX, ".example.org"]);
            ("permitted", cert.with(Ext::constraints(&[dns(base)], &[])))
        }
        16 if !is_leaf => {
            let base = dice.pick(&["example.org", "example.net", MX]);
            ("excluded", cert.with(Ext::constraints(&[], &[dns(base)])))
        }
        17 if !is_leaf => {
            let base = tlv(0xa4, &common_name(dice.pick(&["Lower", MX])));
            ("directory", cert.with(Ext::constraints(&[base], &[])))
        }
        18 if !is_leaf => {
            let base = dice.pick(&["example.org", "example.net"]);
            let base = tlv(0x81, base.as_bytes());
            ("mail", cert.with(Ext::constraints(&[base], &[])))
        }
        15 => ("common-name", cert.without(17).subject(common_name(MX))),
        16 => (
            "alt-names",
            cert.with(Ext::dns_names(&[dice.pick(&["*.example.org", "a.b", "*.org"])])),
        ),
        17 => {
            let ip = Ext::alt_names(&[tlv(0x87, &[192, 0, 2, 1]), tlv(0x81, b"u@example.net")]);
            ("addresses", cert.with(ip).subject(common_name(MX)))
        }
        18 => {
            let mail: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];
            ("mail-in-name", cert.subject(name(&[(mail, 0x16, b"u@example.net")])))
        }
        19 => (
            "policies",
            cert.with(Ext::new(&[0x55, 0x1d, 32], dice.one_in(2), {
                tlv(0x30, &tlv(0x30, &tlv(6, &[0x2a, 3])))
            })),
        ),
        20 => ("is-ca", cert.with(Ext::ca(None))),
        21 => ("weak-key", cert.spki(super::certificates::rsa_spki(1024))),
        22 => ("duplicate-extension", {
            let mut cert = cert;
            cert.extensions.push(Ext::key_usage(0x86));
            cert
        }),
        23 => ("other-form-of-name", {
            let form = name(&[(
                &[0x55, 4, 3],
                0x13,
                NAMES[usize::try_from(dice.roll(4)).unwrap()].to_uppercase().as_bytes(),
            )]);
            let mut cert = cert;
            match dice.one_in(2) {
                true => cert.issuer = form,
                false => cert.subject = form,
            }
            cert
        }),
        24 => (
            "ends-now",
            cert.dates(
                "250101000000Z",
                dice.pick(&["260728115959Z", "260728120000Z", "260728120001Z"]),
            ),
        ),
        25 => (
            "begins-now",
            cert.dates(
                dice.pick(&["260728115959Z", "260728120000Z", "260728120001Z"]),
                "300101000000Z",
            ),
        ),
        26 => (
            "bad-date",
            cert.dates(
                "250101000000Z",
                dice.pick(&[
                    "300231000000Z",
                    "3001010000Z",
                    "300101000000+0100",
                    "",
                    "300101000060Z",
                ]),
            ),
        ),
        27 => ("version", {
            let mut cert = cert;
            cert.version = dice.pick(&[None, Some(0), Some(1), Some(3), Some(0x7f)]);
            cert
        }),
        28 if is_leaf => (
            "odd-names",
            cert.with(Ext::alt_names(
                &[dice.pick(&[
                    &b"mx.example.org\0.evil.example"[..],
                    b"mx.example.org.",
                    b"MX.EXAMPLE.ORG",
                    b"*.org",
                    b"*",
                    b"",
                    b"m*.example.org",
                    b"*.*.org",
                    b"xn--mx.example.org",
                    b".example.org",
                    b"*.EXAMPLE.org",
                ])]
                .map(|it| tlv(0x82, it)),
            ))
            .subject(common_name(dice.pick(&[MX, "x.example"]))),
        ),
        28 => ("serial", cert.serial(dice.pick(&[0, 0x80, 0xff]))),
        29..34 => {
            let (what, extension) = odd::extension(dice);
            (what, cert.with(extension))
        }
        _ => ("nothing", cert),
    }
}

fn record(dice: &mut Dice, targets: &[Vec<u8>], changes: &mut Vec<&'static str>) -> String {
    let at = usize::try_from(dice.roll(u64::try_from(targets.len()).unwrap())).unwrap();
    let numbers =
        (dice.pick(&[2, 2, 2, 3, 3, 0, 1]), dice.pick(&[0, 1, 1]), dice.pick(&[0, 1, 1, 2]));
    let (usage, selector, matching) = numbers;
    let record = dane::publish::record(
        dane::CertUsage(usage),
        dane::Selector(selector),
        dane::Matching(matching),
        &targets[at],
    );
    let mut text = match record {
        Ok(record) => record.to_string(),
        // Of a certificate that was damaged: all of it can be published still.
        Err(_) => {
            let hex: String = targets[at].iter().map(|octet| format!("{octet:02x}")).collect();
            format!("{usage} 0 0 {hex}")
        }
    };
    match dice.roll(20) {
        0 => {
            changes.push("cut-data");
            text.truncate(text.len() - 2);
        }
        1 => {
            changes.push("wrong-data");
            let last = if text.ends_with('0') { "1" } else { "0" };
            text.replace_range(text.len() - 1.., last);
        }
        _ => {}
    }
    text
}
