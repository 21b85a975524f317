//! What is printed: the scripts, and what a client did.

use core::net::SocketAddr;
use std::io::{self, Write};

use conformance::torture::{Channel, Expected, Script, Visit};
use serde_json::{Value, json};

use crate::Failed;
use crate::exit::Exit;

/// Prints to standard output.
pub(crate) struct Printer {
    pub(crate) json: bool,
}

impl Printer {
    pub(crate) fn list(&self, scripts: &[Script]) -> Result<(), Failed> {
        for script in scripts {
            if self.json {
                line(&described(script).to_string())?;
            } else {
                line(&format!("{:<44} {} ({})", script.id, script.title, script.section))?;
            }
        }
        Ok(())
    }

    pub(crate) fn listening(&self, address: SocketAddr) -> Result<(), Failed> {
        if self.json {
            line(&json!({ "listening": address.to_string() }).to_string())
        } else {
            line(&format!("listening at {address}"))
        }
    }

    pub(crate) fn result(&self, script: &Script, visits: &[Visit]) -> Result<(), Failed> {
        let reconnected = visits.len() > 1;
        let in_clear = visits.iter().any(Visit::went_on_in_clear);
        let message_in_clear = visits.iter().any(Visit::message_in_clear);
        let message_in_tls = visits.iter().any(|visit| visit.messages.contains(&Channel::Tls));
        if self.json {
            let mut value = described(script);
            if let Value::Object(object) = &mut value {
                object.insert("connections".to_owned(), json!(visits));
                object.insert("reconnected".to_owned(), json!(reconnected));
                object.insert("went_on_in_clear".to_owned(), json!(in_clear));
                object.insert("message_in_clear".to_owned(), json!(message_in_clear));
                object.insert("message_in_tls".to_owned(), json!(message_in_tls));
            }
            return line(&value.to_string());
        }
        line(&format!("\n{}: {} ({})", script.id, script.title, script.section))?;
        let by = &script.expected;
        for (word, expected) in [
            ("opportunistic", &by.opportunistic),
            ("encrypt", &by.encrypt),
            ("authenticate", &by.authenticate),
        ] {
            line(&format!("  asked of {word:<13} {}", asked(expected)))?;
        }
        visits.iter().enumerate().try_for_each(|(at, visit)| connection(at + 1, visit))?;
        line(&format!(
            "  reconnected: {}; went on in clear: {}; message in clear: {}; message in TLS: {}",
            yes(reconnected),
            yes(in_clear),
            yes(message_in_clear),
            yes(message_in_tls)
        ))
    }
}

fn connection(number: usize, visit: &Visit) -> Result<(), Failed> {
    let tls = match (&visit.tls, &visit.handshake_failure) {
        (Some(tls), _) => {
            let sni = tls.sni.as_deref().map_or_else(|| "no name".to_owned(), str::to_owned);
            format!("{}, {sni} asked for", tls.version)
        }
        (None, Some(failure)) => format!("no TLS: {}", failure.escape_default()),
        (None, None) => "no TLS".to_owned(),
    };
    let (end, after) = (json!(visit.end), visit.ended_after.as_millis());
    let end = end.as_str().unwrap_or_default().to_owned();
    line(&format!("  connection {number}: {tls}; {end} after {after} ms"))?;
    for seen in &visit.lines {
        let mark = match seen.channel {
            Channel::Clear => "clear",
            Channel::Tls => "TLS",
        };
        line(&format!("    {mark:<5} {}", seen.text.escape_default()))?;
    }
    Ok(())
}

fn described(script: &Script) -> Value {
    let by = &script.expected;
    let one = |expected: &Expected| json!({ "verdict": expected.verdict.to_string(), "reasons": expected.reasons });
    json!({
        "id": script.id,
        "title": script.title,
        "section": script.section,
        "asked_of": {
            "opportunistic": one(&by.opportunistic),
            "encrypt": one(&by.encrypt),
            "authenticate": one(&by.authenticate),
        },
    })
}

fn asked(expected: &Expected) -> String {
    let verdict = expected.verdict.to_string();
    if expected.reasons.is_empty() {
        verdict
    } else {
        format!("{verdict} ({})", expected.reasons.join(" or "))
    }
}

const fn yes(is_so: bool) -> &'static str {
    if is_so { "yes" } else { "no" }
}

/// One line, at once: who reads along must not wait for a buffer to fill.
fn line(text: &str) -> Result<(), Failed> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|error| (Exit::CannotWrite, format!("standard output cannot be written: {error}")))
}
