//! Changes in the octets of what is encoded in DER.
#![allow(unreachable_pub)]

use super::certificates::der::tlv;
use super::dice::Dice;

/// Changes an octet or two, or the form of an element.
pub fn mutate(dice: &mut Dice, mut der: Vec<u8>) -> Vec<u8> {
    for _ in 0..=dice.roll(3) {
        let Some(length) = u64::try_from(der.len()).ok().filter(|it| *it > 0) else { break };
        let at = usize::try_from(dice.roll(length)).unwrap();
        match dice.roll(8) {
            0..=2 => der[at] ^= 1 << dice.roll(8),
            3 => der[at] = u8::try_from(dice.roll(256)).unwrap(),
            4 => der[at] = dice.pick(&[0, 1, 2, 3, 5, 6, 0x13, 0x17, 0x18, 0x30, 0x31, 0xa0, 0xa3]),
            5 => drop(der.remove(at)),
            6 => der.insert(at, u8::try_from(dice.roll(256)).unwrap()),
            _ => reshape(dice, &mut der),
        }
    }
    der
}

/// Takes an element at random for another one, with all lengths around it put right.
fn reshape(dice: &mut Dice, der: &mut Vec<u8>) {
    let tree = elements(der, 0);
    if tree.is_empty() {
        return;
    }
    let path = dice.pick_ref(&tree).clone();
    let (start, header, end) = path[path.len() - 1];
    let (tag, value) = (der[start], der[start + header..end].to_vec());
    let mut new = match dice.roll(6) {
        0 => Vec::new(),
        1 => [&der[start..end], &der[start..end]].concat(),
        2 => tlv(tag, &[]),
        3 => tlv(tag, &[&value[..], &[u8::try_from(dice.roll(256)).unwrap()]].concat()),
        4 => tlv(u8::try_from(dice.roll(256)).unwrap(), &value),
        _ => tlv(tag, value.get(1..).unwrap_or_default()),
    };
    // From within outwards, each element anew around what has changed.
    let mut inner = (start, end);
    for (start, header, end) in path[..path.len() - 1].iter().rev() {
        let value = [&der[start + header..inner.0], &new, &der[inner.1..*end]].concat();
        if value.len() > 60_000 {
            return;
        }
        new = tlv(der[*start], &value);
        inner = (*start, *end);
    }
    *der = [&der[..inner.0], &new, &der[inner.1..]].concat();
}

/// All elements in definite form, each with those around it: start, octets of header, end.
fn elements(der: &[u8], offset: usize) -> Vec<Vec<(usize, usize, usize)>> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let [tag, first, ..] = der[at..] {
        let (header, length) = match (first, &der[at + 2..]) {
            (0..=0x7f, _) => (2, usize::from(first)),
            (0x81, [one, ..]) => (3, usize::from(*one)),
            (0x82, [one, two, ..]) => (4, usize::from(*one) << 8 | usize::from(*two)),
            _ => return found,
        };
        let end = at + header + length;
        if end > der.len() {
            return found;
        }
        let this = (offset + at, header, offset + end);
        found.push(vec![this]);
        if tag & 0x20 != 0 {
            let inner = elements(&der[at + header..end], offset + at + header);
            found.extend(inner.into_iter().map(|path| [&[this][..], &path].concat()));
        }
        at = end;
    }
    found
}
