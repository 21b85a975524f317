//! Extensions of every kind and names of several parts, well-formed or changed here and there.
#![allow(unreachable_pub)]

use super::certificates::der::{common_name, oid, seq, tlv};
use super::certificates::{CLIENT_AUTH, Ext, SERVER_AUTH};
use super::chains::MX;
use super::dice::Dice;
use super::mutate::mutate;

/// An extension and what it is: well-formed, or damaged, which may leave it well-formed.
pub fn extension(dice: &mut Dice) -> (&'static str, Ext) {
    let all = extensions();
    let mut extension = dice.pick_ref(&all).clone();
    extension.critical = dice.one_in(4);
    if dice.one_in(2) {
        return ("extension", extension);
    }
    extension.value = mutate(dice, extension.value);
    ("odd-extension", extension)
}

const PKIX: [u8; 6] = [0x2b, 6, 1, 5, 5, 7];

fn extensions() -> Vec<Ext> {
    let ce = |number: u8, value: Vec<u8>| Ext::new(&[0x55, 0x1d, number], false, value);
    let pkix = |arcs: &[u8], value: Vec<u8>| Ext::new(&[&PKIX, arcs].concat(), false, value);
    let netscape = |value: &[u8]| {
        Ext::new(&[0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 1, 1], false, value.to_vec())
    };
    let mut all = vec![
        Ext::alt_names(&general_names()),
        ce(18, tlv(0x30, &general_names().concat())),
        ce(31, distribution_points()),
        ce(46, distribution_points()),
        Ext::purposes(&[SERVER_AUTH, CLIENT_AUTH, &[0x2a, 3, 4]]),
        Ext::key_usage(0xfe),
        ce(15, vec![3, 3, 7, 0x86, 0x80]),
        Ext::ca(Some(3)),
        Ext::subject_key_id(&[7; 20]),
        ce(35, authority_key_id()),
        ce(32, seq(&[&seq(&[&oid(&[0x2a, 3, 4]), &seq(&[&seq(&[&oid(&[0x2a, 3, 5])])])])])),
        ce(33, seq(&[&seq(&[&oid(&[0x2a, 3, 4]), &oid(&[0x2a, 3, 5])])])),
        ce(36, seq(&[&[0x80, 1, 0], &[0x81, 1, 0]])),
        ce(54, vec![2, 1, 0]),
        netscape(&[3, 2, 6, 0x40]),
        netscape(&[3, 2, 7, 0x80]),
        netscape(&[3, 2, 0, 0xff]),
        // Addresses and numbers of networks (RFC 3779): inherited, and spelt out.
        pkix(&[1, 7], seq(&[&seq(&[&[4, 2, 0, 1], &[5, 0]])])),
        pkix(&[1, 7], seq(&[&seq(&[&[4, 2, 0, 1], &seq(&[&[3, 2, 0, 10]])])])),
        pkix(&[1, 8], seq(&[&tlv(0xa0, &[5, 0])])),
        pkix(&[1, 8], seq(&[&tlv(0xa0, &seq(&[&[2, 1, 5]]))])),
        pkix(&[1, 1], seq(&[&seq(&[&oid(&[&PKIX[..], &[48, 1]].concat()), &tlv(0x86, b"h://a")])])),
        pkix(&[1, 24], seq(&[&[2, 1, 5]])),
        pkix(&[48, 1, 5], vec![5, 0]),
        pkix(&[1, 14], seq(&[&seq(&[&oid(&[&PKIX[..], &[21, 1]].concat())])])),
    ];
    for base in general_names() {
        let permitted = [tlv(0x82, b"example.org"), base.clone()];
        all.push(Ext::constraints(&permitted, &[]));
        all.push(Ext::constraints(&[], &[base]));
    }
    all
}

/// A name of each of the nine types.
fn general_names() -> Vec<Vec<u8>> {
    let other = [oid(&[0x2a, 3, 4]), tlv(0xa0, &tlv(12, b"a"))].concat();
    vec![
        tlv(0x82, MX.as_bytes()),
        tlv(0xa0, &other),
        tlv(0x81, b"u@example.org"),
        tlv(0xa3, &seq(&[&seq(&[])])),
        tlv(0xa4, &common_name("Lower")),
        tlv(0xa5, &tlv(0xa1, &tlv(12, b"a"))),
        tlv(0x86, b"https://example.org/"),
        tlv(0x87, &[192, 0, 2, 1]),
        tlv(0x88, &[0x2a, 3, 4]),
    ]
}

fn distribution_points() -> Vec<u8> {
    let at = tlv(0xa0, &tlv(0xa0, &tlv(0x86, b"http://example.org/crl")));
    let relative = tlv(0xa0, &tlv(0xa1, &attribute(&[0x55, 4, 3], 12, "a")));
    let issuer = tlv(0xa2, &tlv(0xa4, &common_name("Lower")));
    let one = seq(&[&at, &[0x81, 2, 5, 0x60], &issuer]);
    seq(&[&one, &seq(&[&relative, &issuer])])
}

fn authority_key_id() -> Vec<u8> {
    seq(&[&tlv(0x80, &[10; 20]), &tlv(0xa1, &tlv(0xa4, &common_name("Root"))), &[0x82, 1, 10]])
}

fn attribute(arcs: &[u8], tag: u8, text: &str) -> Vec<u8> {
    seq(&[&oid(arcs), &tlv(tag, text.as_bytes())])
}

/// One name in two forms, which may be of one name still: relative names of several attributes in
/// another order, twice, with other letters, spaces and kinds of string.
pub fn names(dice: &mut Dice) -> (Vec<u8>, Vec<u8>) {
    let texts = ["a", "b", "A  b", "a B ", "\u{e9}"];
    let mut one: Vec<Vec<(u8, u8, String)>> = Vec::new();
    for _ in 0..=dice.roll(2) {
        let count = 1 + dice.roll(4);
        let pick = |_| (dice.pick(&[3, 10, 11]), 12, dice.pick(&texts).to_owned());
        one.push((0..count).map(pick).collect());
    }
    let mut other = one.clone();
    for set in &mut other {
        let last = set.len() - 1;
        match dice.roll(8) {
            0 => set.reverse(),
            1 => set[0] = set[last].clone(),
            2 => set.push(set[0].clone()),
            3 => set[0].2 = set[0].2.to_uppercase(),
            4 => set[0].2 = format!(" {} ", set[0].2),
            5 => set[last].1 = dice.pick(&[0x13, 0x14, 0x16, 0x1a, 0x12]),
            6 => set[0].0 = 7,
            _ => {}
        }
    }
    let der = |sets: &[Vec<(u8, u8, String)>]| {
        let sets = sets.iter().map(|set| {
            let parts = set.iter().map(|(arc, tag, text)| attribute(&[0x55, 4, *arc], *tag, text));
            tlv(0x31, &parts.collect::<Vec<_>>().concat())
        });
        tlv(0x30, &sets.collect::<Vec<_>>().concat())
    };
    let (one, other) = (der(&one), der(&other));
    match dice.roll(4) {
        0 => (one.clone(), mutate(dice, one)),
        _ => (one, other),
    }
}
