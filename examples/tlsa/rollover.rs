//! `tlsa rollover`: which records must stand when.

use core::time::Duration;
use std::path::Path;

use dane::Tlsa;
use dane::publish::{self, Published, Step};
use serde_json::json;

use crate::args::Rollover;
use crate::exit::{Exit, Stopped};
use crate::kind::RecordKind;
use crate::make::{line, of, owner_name};
use crate::pem::{self, Content};

/// Prints the plan.
pub(crate) fn run(args: &Rollover) -> Result<Exit, Stopped> {
    let wrong = |error| Stopped::new(Exit::Data, error);
    let (old, new) = (read(args.old_chain.as_deref())?, read(args.new_chain.as_deref())?);
    let current = match args.record.as_slice() {
        [] if args.first => Vec::new(),
        [] => vec![of(&Content::Chain(old.clone()), RecordKind::RECOMMENDED, None).map_err(text)?],
        records => records.to_vec(),
    };
    let (old_chain, new_chain) = (slices(&old), slices(&new));
    let now = Published::new(&current, &old_chain);
    let kinds = match args.next.as_slice() {
        [] if args.first => &[RecordKind::RECOMMENDED],
        kinds => kinds,
    };
    let records = match kinds {
        _ if args.withdraw => Vec::new(),
        [] => now.records_for(&new_chain).map_err(wrong)?,
        kinds => {
            let content = Content::Chain(new.clone());
            let made = kinds.iter().map(|kind| of(&content, *kind, None));
            made.collect::<Result<_, _>>().map_err(text)?
        }
    };
    let next = Published::new(&records, &new_chain);
    let ttl = Duration::from_secs(args.ttl.into());
    let propagation = Duration::from_secs(args.propagation.into());
    let plan = publish::Rollover::plan(now, next, ttl, propagation).map_err(wrong)?;
    if args.json {
        let steps = plan.steps().iter().map(|(wait, step)| match step {
            Step::Publish(records) => {
                json!({ "wait": wait.as_secs(), "do": "publish", "records": texts(records) })
            }
            Step::Deploy => json!({ "wait": wait.as_secs(), "do": "deploy" }),
            Step::Release => json!({ "wait": wait.as_secs(), "do": "release" }),
        });
        let steps: Vec<_> = steps.collect();
        println!("{}", json!({ "owner": owner_name(&args.owner), "steps": steps }));
        return Ok(Exit::Fine);
    }
    if plan.steps().is_empty() {
        println!("nothing changes");
    }
    print(args, &plan);
    Ok(Exit::Fine)
}

/// Prints the steps for a person.
fn print(args: &Rollover, plan: &publish::Rollover) {
    for (number, (wait, step)) in (1..).zip(plan.steps()) {
        let after = match wait.as_secs() {
            0 => String::new(),
            seconds => format!("wait {seconds} seconds, then "),
        };
        match step {
            Step::Publish(records) if records.is_empty() => {
                println!("{number}. {after}remove all records");
            }
            Step::Publish(records) => {
                println!("{number}. {after}publish these records and no others:");
                records.iter().for_each(|record| println!("   {}", line(&args.owner, record)));
            }
            Step::Deploy => {
                println!(
                    "{number}. {after}have the server send the new certificate with its chain, everywhere"
                );
            }
            Step::Release => {
                println!(
                    "{number}. {after}no sender has records any more: the certificate and STARTTLS are free"
                );
            }
        }
    }
}

fn texts(records: &[Tlsa]) -> Vec<String> {
    records.iter().map(ToString::to_string).collect()
}

/// The chain of a file; none without a file.
fn read(path: Option<&Path>) -> Result<Vec<Vec<u8>>, Stopped> {
    path.map(pem::read_chain).transpose().map(Option::unwrap_or_default)
}

fn slices(chain: &[Vec<u8>]) -> Vec<&[u8]> {
    chain.iter().map(Vec::as_slice).collect()
}

fn text(why: String) -> Stopped {
    Stopped::new(Exit::Data, why)
}
