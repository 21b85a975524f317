//! REQUIRETLS offered, or not where it counts. A message that asks for it goes nowhere else.

use super::super::draft::READY;
use super::super::draft::script;
use super::super::script::{Script, Tls};

const SECTION: &str = "RFC 8689 section 4.2.1";

pub(super) fn scripts() -> Vec<Script> {
    let new = |name: &str, title: &str| script(format!("requiretls/{name}"), title, SECTION);
    let in_clear = |name: &str, title: &str| {
        new(name, title)
            .until_ehlo()
            .send(b"250-mx\r\n250-REQUIRETLS\r\n250 STARTTLS\r\n")
            .expect("STARTTLS")
            .send(READY)
            .tls(Tls::HONEST)
            .expect("EHLO")
    };
    vec![
        new("offered", "offered inside TLS")
            .until_ehlo_in_tls()
            .send(b"250-mx\r\n250 REQUIRETLS\r\n"),
        in_clear("in-clear-only", "offered in clear alone").send(b"250-mx\r\n250 SIZE\r\n"),
        in_clear("first-line-only", "inside TLS on the first line alone")
            .send(b"250-REQUIRETLS\r\n250 SIZE\r\n"),
        in_clear("garbled", "inside TLS garbled").send(b"250-mx\r\n250 REQUIRETLSX\r\n"),
    ]
}
