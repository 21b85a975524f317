//! Properties that hold for any input, one function for each surface.
//!
//! A function takes any bytes, makes its input out of them, and fails an assertion if the property
//! does not hold. proptest calls them on the stable toolchain, libFuzzer in the folder `fuzz`.

pub mod dane;
pub mod input;
pub mod mta_sts;
pub mod smtp;
pub mod testee;
pub mod tlsrpt;

use serde_json::{Map, Value};

use crate::vector::File;

/// A property of a surface.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    /// Its name, which is that of the fuzz target.
    pub name: &'static str,
    /// Fails if the property does not hold for this input.
    pub check: fn(&[u8]),
    /// The input that holds the material of a request, if it has any for this surface.
    seed: fn(&str, &Map<String, Value>) -> Option<Vec<u8>>,
}

impl Property {
    /// Inputs made out of vectors.
    pub fn seeds<'a>(&'a self, files: &'a [File]) -> impl Iterator<Item = Vec<u8>> + 'a {
        let vectors = files.iter().flat_map(|file| &file.vectors);
        vectors.filter_map(|vector| (self.seed)(vector.operation(), &vector.request))
    }
}

/// All properties.
pub const ALL: &[Property] = &[
    Property { name: "mta_sts_record", check: mta_sts::record, seed: mta_sts::seed_record },
    Property { name: "mta_sts_policy", check: mta_sts::policy, seed: mta_sts::seed_policy },
    Property { name: "mta_sts_match", check: mta_sts::matches, seed: mta_sts::seed_match },
    Property { name: "mta_sts_response", check: mta_sts::response, seed: mta_sts::seed_response },
    Property {
        name: "mta_sts_discovery",
        check: mta_sts::discovery,
        seed: mta_sts::seed_discovery,
    },
    Property { name: "mta_sts_stored", check: mta_sts::stored, seed: mta_sts::seed_stored },
    Property { name: "smtp_reply", check: smtp::reply, seed: smtp::seed_reply },
    Property { name: "smtp_session", check: smtp::session, seed: smtp::seed_session },
    Property { name: "smtp_upgrade", check: smtp::upgrade, seed: smtp::seed_upgrade },
    Property { name: "smtp_server", check: smtp::server, seed: smtp::seed_server },
    Property { name: "smtp_mailer", check: smtp::mailer, seed: smtp::seed_mailer },
    Property { name: "smtp_message", check: smtp::message, seed: smtp::seed_message },
    Property { name: "dane_tlsa", check: dane::tlsa, seed: dane::seed_tlsa },
    Property { name: "dane_der", check: dane::der, seed: dane::seed_der },
    Property { name: "dane_verify", check: dane::verify, seed: dane::seed_verify },
    Property { name: "dane_discovery", check: dane::discovery, seed: dane::seed_discovery },
    Property { name: "tlsrpt_record", check: tlsrpt::record, seed: tlsrpt::seed_record },
    Property { name: "tlsrpt_report", check: tlsrpt::report, seed: tlsrpt::seed_report },
    Property { name: "tlsrpt_gzip", check: tlsrpt::gzip, seed: tlsrpt::seed_report },
    Property { name: "tlsrpt_datagram", check: tlsrpt::datagram, seed: tlsrpt::seed_datagram },
    Property { name: "tlsrpt_tally", check: tlsrpt::tally, seed: tlsrpt::seed_tally },
    Property { name: "tlsrpt_stored", check: tlsrpt::stored, seed: tlsrpt::seed_stored },
    Property { name: "tlsrpt_mail", check: tlsrpt::mail, seed: tlsrpt::seed_mail },
    Property { name: "testee_line", check: testee::line, seed: testee::seed_line },
];

/// Fails.
#[expect(clippy::panic, reason = "this is how a property tells that it does not hold")]
fn fail(why: &str) -> ! {
    panic!("{why}")
}

/// The request of a vector in its type, where it is one of this operation.
fn request<T: serde::de::DeserializeOwned>(
    wanted: &str,
    operation: &str,
    request: &Map<String, Value>,
) -> Option<T> {
    if operation != wanted {
        return None;
    }
    serde_json::from_value(Value::Object(request.clone())).ok()
}
