//! `tlsa make`: records of a certificate or key.

use dane::publish::{record, record_of_key};
use dane::{Name, Selector, Tlsa};
use serde_json::json;

use crate::args::{Make, Owner};
use crate::exit::{Exit, Stopped};
use crate::kind::RecordKind;
use crate::pem::{self, Content};

/// Prints the records.
pub(crate) fn run(args: &Make) -> Result<Exit, Stopped> {
    let content = pem::read(&args.file)?;
    let make = |kind: &RecordKind| {
        of(&content, *kind, args.depth)
            .map_err(|why| Stopped::at(Exit::Data, &args.file, format!("no record {kind}: {why}")))
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
        Content::Chain(chain) => {
            let last = chain.len().saturating_sub(1);
            let at = depth.unwrap_or(if kind.is_of_server() { 0 } else { last });
            let Some(certificate) = chain.get(at) else {
                return Err(format!("there is no certificate {at}, the last one is {last}"));
            };
            record(usage, selector, matching, certificate)
        }
    };
    made.map_err(|error| error.to_string())
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
