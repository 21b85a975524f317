//! One change of one certificate.
#![allow(unreachable_pub)]

use super::certificates::der::{common_name, name, tlv};
use super::certificates::{ANY_PURPOSE, CLIENT_AUTH, Cert, Ext, SERVER_AUTH, rsa_spki};
use super::chains::{MX, NAMES};
use super::dice::Dice;
use super::odd;

/// What is changed, and the certificate then.
type Change = (&'static str, Cert);

/// Changes the certificate in one of three dozen ways, or not at all.
pub fn change(dice: &mut Dice, cert: Cert, is_leaf: bool) -> Change {
    match dice.roll(36) {
        0 => ("expired", cert.dates("100101000000Z", "110101000000Z")),
        1 => ("not-yet-valid", cert.dates("480101000000Z", "490101000000Z")),
        2 => ("v1", cert.v1()),
        way @ 3..=7 => authority(dice, way, cert, is_leaf),
        way @ 8..=14 => purpose_or_id(dice, way, cert),
        way @ 15..=18 if is_leaf => name_of_leaf(dice, way, cert),
        way @ 15..=18 => constraint(dice, way, cert),
        19 => ("policies", cert.with(Ext::new(&[0x55, 0x1d, 32], dice.one_in(2), policies()))),
        20 => ("is-ca", cert.with(Ext::ca(None))),
        21 => ("weak-key", cert.spki(rsa_spki(1024))),
        22 => ("duplicate-extension", with_another(cert, Ext::key_usage(0x86))),
        23 => ("other-form-of-name", other_form(dice, cert)),
        way @ 24..=26 => date(dice, way, cert),
        27 => {
            let version = dice.pick(&[None, Some(0), Some(1), Some(3), Some(0x7f)]);
            ("version", Cert { version, ..cert })
        }
        28 if is_leaf => ("odd-names", odd_names(dice, cert)),
        28 => ("serial", cert.serial(dice.pick(&[0, 0x80, 0xff]))),
        29..34 => {
            let (what, extension) = odd::extension(dice);
            (what, cert.with(extension))
        }
        _ => ("nothing", cert),
    }
}

/// What makes it the certificate of an authority.
fn authority(dice: &mut Dice, way: u64, cert: Cert, is_leaf: bool) -> Change {
    match way {
        3 => ("not-ca", cert.with(Ext::not_ca())),
        4 => ("no-basic-constraints", cert.without(19)),
        5 => ("no-key-usage", cert.without(15)),
        6 => ("key-usage", cert.with(Ext::key_usage(dice.pick(&[0x80, 0x20, 0x04, 0x02, 0x84])))),
        _ => {
            let what = if is_leaf { "is-ca" } else { "path-length" };
            (what, cert.with(Ext::ca(Some(u8::try_from(dice.roll(2)).unwrap()))))
        }
    }
}

fn purpose_or_id(dice: &mut Dice, way: u64, cert: Cert) -> Change {
    match way {
        8 => ("server-purpose", cert.with(Ext::purposes(&[SERVER_AUTH]))),
        9 => ("client-purpose", cert.with(Ext::purposes(&[CLIENT_AUTH]))),
        10 => ("any-purpose", cert.with(Ext::purposes(&[ANY_PURPOSE]))),
        11 => ("unknown-critical", cert.with(Ext::new(&[0x2a, 3, 4], true, vec![5, 0]))),
        12 => ("unknown-extension", cert.with(Ext::new(&[0x2a, 3, 4], false, vec![5, 0]))),
        13 => ("key-id", cert.with(Ext::authority_key_id(&[dice.pick(&[10, 11, 99]); 20]))),
        _ => ("subject-key-id", cert.with(Ext::subject_key_id(&[dice.pick(&[10, 11, 99]); 20]))),
    }
}

/// A constraint on the names below.
fn constraint(dice: &mut Dice, way: u64, cert: Cert) -> Change {
    let dns = |base: &str| tlv(0x82, base.as_bytes());
    match way {
        15 => {
            let base = dice.pick(&["example.org", "example.net", "", MX, ".example.org"]);
            ("permitted", cert.with(Ext::constraints(&[dns(base)], &[])))
        }
        16 => {
            let base = dice.pick(&["example.org", "example.net", MX]);
            ("excluded", cert.with(Ext::constraints(&[], &[dns(base)])))
        }
        17 => {
            let base = tlv(0xa4, &common_name(dice.pick(&["Lower", MX])));
            ("directory", cert.with(Ext::constraints(&[base], &[])))
        }
        _ => {
            let base = dice.pick(&["example.org", "example.net"]);
            ("mail", cert.with(Ext::constraints(&[tlv(0x81, base.as_bytes())], &[])))
        }
    }
}

fn name_of_leaf(dice: &mut Dice, way: u64, cert: Cert) -> Change {
    match way {
        15 => ("common-name", cert.without(17).subject(common_name(MX))),
        16 => {
            let name = dice.pick(&["*.example.org", "a.b", "*.org"]);
            ("alt-names", cert.with(Ext::dns_names(&[name])))
        }
        17 => {
            let ip = Ext::alt_names(&[tlv(0x87, &[192, 0, 2, 1]), tlv(0x81, b"u@example.net")]);
            ("addresses", cert.with(ip).subject(common_name(MX)))
        }
        _ => {
            let mail: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];
            ("mail-in-name", cert.subject(name(&[(mail, 0x16, b"u@example.net")])))
        }
    }
}

fn policies() -> Vec<u8> {
    tlv(0x30, &tlv(0x30, &tlv(6, &[0x2a, 3])))
}

fn with_another(mut cert: Cert, extension: Ext) -> Cert {
    cert.extensions.push(extension);
    cert
}

/// The subject or issuer as another kind of text, in capitals.
fn other_form(dice: &mut Dice, mut cert: Cert) -> Cert {
    let text = NAMES[dice.below(4)].to_uppercase();
    let form = name(&[(&[0x55, 4, 3], 0x13, text.as_bytes())]);
    match dice.one_in(2) {
        true => cert.issuer = form,
        false => cert.subject = form,
    }
    cert
}

/// Dates about the second of the check, or none at all.
fn date(dice: &mut Dice, way: u64, cert: Cert) -> Change {
    let about_now = ["260728115959Z", "260728120000Z", "260728120001Z"];
    let none = ["300231000000Z", "3001010000Z", "300101000000+0100", "", "300101000060Z"];
    match way {
        24 => ("ends-now", cert.dates("250101000000Z", dice.pick(&about_now))),
        25 => ("begins-now", cert.dates(dice.pick(&about_now), "300101000000Z")),
        _ => ("bad-date", cert.dates("250101000000Z", dice.pick(&none))),
    }
}

const ODD_NAMES: [&[u8]; 11] = [
    b"mx.example.org\0.evil.example",
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
];

fn odd_names(dice: &mut Dice, cert: Cert) -> Cert {
    let cert = cert.with(Ext::alt_names(&[tlv(0x82, dice.pick(&ODD_NAMES))]));
    cert.subject(common_name(dice.pick(&[MX, "x.example"])))
}
