//! Chains at random, but always the same ones: every choice comes from one seed.

use serde_json::{Value, json};

use super::certificates::der::common_name;
use super::certificates::{CLIENT_AUTH, Cert, Ext, Key, NOW};
use super::change::change;
use super::dice::Dice;
use super::mint::Mint;
use super::odd;

pub const MX: &str = "mx.example.org";

/// A case: what was sent, the records, and what was changed in the making.
pub struct Case {
    pub request: Value,
    pub changes: Vec<&'static str>,
}

/// The issuers, from the root down.
pub const NAMES: [&str; 4] = ["Root", "Upper", "Lower", "Leaf CA"];

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
    let at = dice.below(3);
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
    let (mut certs, keys) = plain(dice, &mut changes);
    spoil(dice, &mut certs, &mut changes);
    let ders = signed(dice, mint, &certs, &keys, &mut changes);
    let universe = others(dice, mint, &certs, &keys, &mut changes);
    let sent = sent(dice, &ders, &universe, &mut changes);
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

/// Certificates that are good, the root first and the leaf last, with the key of each.
fn plain(dice: &mut Dice, changes: &mut Vec<&'static str>) -> (Vec<Cert>, Vec<Key>) {
    let depth = 1 + dice.below(3);
    let keys: Vec<Key> = (0..=depth).map(|at| Key(u8::try_from(10 + at).unwrap())).collect();
    let with_ids = dice.one_in(2);
    let issuer = |at: usize| {
        let parent = at.saturating_sub(1);
        let ca = Cert::ca(NAMES[at], NAMES[parent], keys[at]);
        match with_ids {
            true => ca
                .with(Ext::subject_key_id(&keys[at].id()))
                .with(Ext::authority_key_id(&keys[parent].id())),
            false => ca,
        }
    };
    let mut certs: Vec<Cert> = (0..depth).map(issuer).collect();
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
    (certs, keys)
}

/// Changes at most three things in them.
fn spoil(dice: &mut Dice, certs: &mut [Cert], changes: &mut Vec<&'static str>) {
    let depth = certs.len() - 1;
    for _ in 0..dice.roll(3) {
        let at = dice.below(certs.len());
        let (what, cert) = change(dice, certs[at].clone(), at == depth);
        changes.push(what);
        certs[at] = cert;
    }
    if dice.one_in(8) {
        changes.push("odd-name");
        let at = dice.below(depth);
        odd_name(dice, certs, at);
    }
}

/// Their octets, of which a signature or a few bits may be wrong.
fn signed(
    dice: &mut Dice,
    mint: &mut Mint,
    certs: &[Cert],
    keys: &[Key],
    changes: &mut Vec<&'static str>,
) -> Vec<Vec<u8>> {
    let depth = certs.len() - 1;
    let signer = |at: usize| match at {
        0 => keys[0],
        _ if certs[at].issuer == certs[at].subject && at == depth => keys[at],
        at => keys[at - 1],
    };
    let mut ders: Vec<Vec<u8>> =
        (0..=depth).map(|at| mint.sign(dice, &certs[at], signer(at))).collect();
    if dice.one_in(15) {
        changes.push("bad-signature");
        let at = dice.below(ders.len());
        ders[at] = mint.sign(dice, &certs[at], Key(77));
    }
    if dice.one_in(12) {
        changes.push("mutated");
        let at = dice.below(ders.len());
        for _ in 0..=dice.roll(2) {
            let octet = dice.below(ders[at].len());
            ders[at][octet] ^= 1 << dice.roll(8);
        }
    }
    ders
}

/// What the server sends of them and beside them, and in which order; the leaf first.
fn sent(
    dice: &mut Dice,
    ders: &[Vec<u8>],
    universe: &[Vec<u8>],
    changes: &mut Vec<&'static str>,
) -> Vec<Vec<u8>> {
    let mut sent: Vec<Vec<u8>> = ders.iter().rev().skip(1).cloned().collect();
    if dice.one_in(3) {
        changes.push("no-root");
        sent.pop();
    }
    for extra in universe {
        if dice.one_in(2) {
            let at = dice.below(sent.len() + 1);
            sent.insert(at, extra.clone());
        }
    }
    if dice.one_in(4) && sent.len() > 1 {
        changes.push("shuffled");
        for _ in 0..3 {
            let (a, b) = (dice.below(sent.len()), dice.below(sent.len()));
            sent.swap(a, b);
        }
    }
    sent.insert(0, ders[ders.len() - 1].clone());
    sent
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
    let at = dice.below(certs.len() - 1);
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

fn record(dice: &mut Dice, targets: &[Vec<u8>], changes: &mut Vec<&'static str>) -> String {
    let at = dice.below(targets.len());
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
