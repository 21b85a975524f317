//! `tlsa make`: records of a certificate or key.

use dane::publish::{record, record_of_key};
use dane::{Certificate, Matching, Name, Selector, Tlsa};
use serde_json::json;

use crate::args::{Make, Owner};
use crate::exit::{Exit, stop_at};
use crate::kind::RecordKind;
use crate::pem::{self, Content};
use crate::stopped::Stopped;

/// Prints the records.
pub(crate) fn run(args: &Make) -> Result<Exit, Stopped> {
    let content = pem::read(&args.file)?;
    let make = |kind: &RecordKind| {
        let made = match args.danger_no_ca {
            true => of(&content, *kind, args.depth),
            false => {
                check_ca(&content, *kind, args.depth).and_then(|()| of(&content, *kind, args.depth))
            }
        };
        made.map_err(|why| stop_at(Exit::Data, &args.file, format!("no record {kind}: {why}")))
    };
    let records = args.record.iter().map(make).collect::<Result<Vec<_>, _>>()?;
    if args.json {
        let texts: Vec<String> = records.iter().map(ToString::to_string).collect();
        println!("{}", json!({ "owner": owner_name(&args.owner), "records": texts }));
    } else {
        records.iter().for_each(|record| println!("{}", line(&args.owner, record)));
    }
    Ok(Exit::Fine)
}

/// The record of this kind.
pub(crate) fn of(
    content: &Content,
    kind: RecordKind,
    depth: Option<usize>,
) -> Result<Tlsa, String> {
    let RecordKind { usage, selector, matching } = kind;
    let made = match content {
        Content::Key(_) if depth.is_some() => {
            return Err("a key has no depth, expected a chain".to_owned());
        }
        Content::Key(_) if selector == Selector::CERT => {
            return Err("selector 0 takes a certificate, there is only a key".to_owned());
        }
        Content::Key(key) => record_of_key(usage, matching, key),
        Content::Chain(chain) => record(usage, selector, matching, of_depth(chain, kind, depth)?.1),
    };
    made.map_err(|error| error.to_string())
}

/// The certificate that a record of this kind is of, and where it stands.
fn of_depth(
    chain: &[Vec<u8>],
    kind: RecordKind,
    depth: Option<usize>,
) -> Result<(usize, &[u8]), String> {
    let last = chain.len().saturating_sub(1);
    let at = depth.unwrap_or(if kind.is_of_server() { 0 } else { last });
    match chain.get(at) {
        Some(certificate) => Ok((at, certificate)),
        None => Err(format!("there is no certificate {at}, the last one is {last}")),
    }
}

/// Refuses an anchor that no client accepts as one. A key in full is one by itself (RFC 7671 section
/// 5.2.2).
fn check_ca(content: &Content, kind: RecordKind, depth: Option<usize>) -> Result<(), String> {
    let Content::Chain(chain) = content else { return Ok(()) };
    if kind.is_of_server() || (kind.selector, kind.matching) == (Selector::SPKI, Matching::FULL) {
        return Ok(());
    }
    let (at, der) = of_depth(chain, kind, depth)?;
    match Certificate::parse(der).is_ok_and(|certificate| certificate.is_ca()) {
        true => Ok(()),
        false => Err(format!(
            "certificate {at} is not one of a ca, so nothing would match: give the chain with its ca, or \
             insist by --danger-no-ca"
        )),
    }
}

/// The owner name of the records, if the host is known.
pub(crate) fn owner_name(owner: &Owner) -> Option<String> {
    owner.host.as_ref().map(|host: &Name| host.tlsa_owner(owner.port))
}

/// A record as in a zone file, or its data alone.
pub(crate) fn line(owner: &Owner, record: &Tlsa) -> String {
    match owner_name(owner) {
        Some(name) => format!("{name}. IN TLSA {record}"),
        None => record.to_string(),
    }
}
