//! A testee for the crate `mail-auth`: `mta_sts.record`, `tlsrpt.record` and `tlsrpt.report`.
//!
//! The crate parses one record; which of several counts is up to its resolver, so a request with
//! several records is answered `unsupported`.

use std::io::{self, BufRead, Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::MultiGzDecoder;
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::mta_sts::{MtaSts, ReportUri, TlsRpt};
use mail_auth::report::tlsrpt::TlsReport;
use serde_json::{Value, json};

fn main() -> io::Result<()> {
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().split(b'\n') {
        let answer = answer(&line?);
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
    Ok(())
}

fn answer(line: &[u8]) -> Value {
    let request: Value = serde_json::from_slice(line).unwrap_or_default();
    let id = &request["id"];
    let is_strict = !request["profile"].is_string() || request["profile"] == "rfc";
    let answer = match request["op"].as_str().filter(|_| is_strict) {
        Some("mta_sts.record") => one_record(&request, mta_sts_record),
        Some("tlsrpt.record") => one_record(&request, tlsrpt_record),
        Some("tlsrpt.report") => tlsrpt_report(&request),
        Some(_) => Some(json!({"verdict": "unsupported"})),
        None if !is_strict => Some(json!({"verdict": "unsupported"})),
        None => None,
    };
    let mut answer =
        answer.unwrap_or_else(|| json!({"verdict": "bad-request", "reason": "bad-field"}));
    answer["id"] = id.clone();
    answer
}

fn one_record(request: &Value, parse: fn(&[u8]) -> Value) -> Option<Value> {
    let records: Vec<Vec<String>> = serde_json::from_value(request["txt"].clone()).ok()?;
    Some(match records.as_slice() {
        [] => json!({"verdict": "none"}),
        [strings] => parse(strings.concat().as_bytes()),
        _ => json!({"verdict": "unsupported"}),
    })
}

fn mta_sts_record(text: &[u8]) -> Value {
    match MtaSts::parse(text) {
        Ok(record) => json!({"verdict": "record", "policy_id": record.id}),
        Err(_) => json!({"verdict": "none"}),
    }
}

fn tlsrpt_record(text: &[u8]) -> Value {
    let Ok(record) = TlsRpt::parse(text) else { return json!({"verdict": "none"}) };
    let rua = record.rua.into_iter().map(|uri| match uri {
        ReportUri::Mail(address) => format!("mailto:{address}"),
        ReportUri::Http(uri) => uri,
    });
    json!({"verdict": "record", "rua": rua.collect::<Vec<_>>()})
}

fn tlsrpt_report(request: &Value) -> Option<Value> {
    if request["mode"] == "strict" {
        return Some(json!({"verdict": "unsupported"}));
    }
    let bytes = STANDARD.decode(request["report_b64"].as_str()?).ok()?;
    let text = if bytes.starts_with(&[0x1f, 0x8b]) { gunzip(&bytes) } else { Some(bytes) };
    let report = text.and_then(|text| TlsReport::parse_json(&text).ok());
    let written = report.and_then(|report| serde_json::to_value(report).ok());
    Some(match written {
        Some(report) => json!({"verdict": "report", "report": canonical(report)}),
        None => json!({"verdict": "invalid"}),
    })
}

/// The report as the protocol asks for it: what is absent has no member.
fn canonical(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(name, value)| {
                !value.is_null() && (name != "failure-details" || *value != json!([]))
            })
            .map(|(name, value)| (name, canonical(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(canonical).collect(),
        value => value,
    }
}

fn gunzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    MultiGzDecoder::new(bytes).take(20_000_001).read_to_end(&mut text).ok()?;
    (text.len() <= 20_000_000).then_some(text)
}
