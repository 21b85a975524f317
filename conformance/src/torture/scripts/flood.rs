//! Too much.

use super::super::draft::script;
use super::super::script::{MailFate, Script};

const LIMITS: &str = "RFC 5321 section 4.5.3.1.5";

/// A reply of 99 kB in lines that are short enough.
fn reply(code: &str) -> Vec<u8> {
    let line = format!("{code}-{}\r\n", "x".repeat(993));
    line.repeat(99).into_bytes()
}

/// 300 kB and no line end.
fn line(code: &str) -> Vec<u8> {
    format!("{code} {}", "x".repeat(300_000)).into_bytes()
}

pub(super) fn scripts() -> Vec<Script> {
    let mut all = Vec::new();
    for (phase, begin, code) in [
        ("greeting", (|script| script) as fn(Script) -> Script, "220"),
        ("ehlo", Script::until_ehlo, "250"),
        ("starttls", Script::until_starttls, "220"),
        ("sealed", Script::until_ehlo_in_tls, "250"),
    ] {
        let begun = |name: &str, title: &str| {
            begin(script(format!("{phase}/{name}"), format!("{phase}: {title}"), LIMITS))
        };
        all.extend([
            begun("99-kb", "a reply of 99 kB").send(&reply(code)).refused(&["reply-too-long"]),
            begun("endless-line", "300 kB without a line end")
                .send(&line(code))
                .refused(&["line-too-long"]),
            begun("endless-empty-lines", "lines of a code alone")
                .send(&format!("{code}-\r\n").repeat(20_000).into_bytes())
                .refused(&["reply-too-long"]),
        ]);
    }
    for (phase, begin, code) in [
        ("mail-from", Script::until_mail as fn(Script) -> Script, "250"),
        ("mail-rcpt", Script::until_rcpt, "250"),
        ("mail-data", Script::until_data, "354"),
        ("mail-end", |script| script.until_data().send(b"354 go\r\n").message(), "250"),
    ] {
        let begun = |name: &str, title: &str| {
            let base = script(format!("{phase}/{name}"), format!("{phase}: {title}"), LIMITS);
            begin(base).mail(MailFate::Deferred)
        };
        all.extend([
            begun("99-kb", "a reply of 99 kB").send(&reply(code)),
            begun("endless-line", "300 kB without a line end").send(&line(code)),
        ]);
    }
    all
}
