//! `tlsa rollover`: which records must stand when.

use core::time::Duration;
use std::path::Path;

use dane::publish::{self, Published, Step};
use dane::{Selector, Tlsa};
use serde_json::json;

use crate::args::Rollover;
use crate::client::client;
use crate::exit::{Exit, stop};
use crate::kind::RecordKind;
use crate::make::{line, of, owner_name};
use crate::pem::{self, Content};
use crate::stopped::Stopped;

/// Prints the plan.
pub(crate) fn run(args: &Rollover) -> Result<Exit, Stopped> {
    let (old, new) = (read(args.old_chain.as_deref())?, read(args.new_chain.as_deref())?);
    let plan = plan(args, &old, &new)?;
    if args.json {
        let steps: Vec<_> = plan.steps().iter().map(step).collect();
        println!("{}", json!({ "owner": owner_name(&args.owner), "steps": steps }));
        return Ok(Exit::Fine);
    }
    if plan.steps().is_empty() {
        println!("nothing changes");
    }
    print(args, &plan);
    Ok(Exit::Fine)
}

fn plan(args: &Rollover, old: &Content, new: &Content) -> Result<publish::Rollover, Stopped> {
    let wrong = |error| stop(Exit::Data, error);
    let made = |content: &Content, kinds: &[RecordKind]| {
        let made = kinds.iter().map(|kind| of(content, *kind, None));
        made.collect::<Result<Vec<Tlsa>, _>>().map_err(|why| stop(Exit::Data, why))
    };
    let recommended = &[RecordKind::RECOMMENDED][..];
    let current = match args.record.as_slice() {
        [] if args.first => Vec::new(),
        [] => made(old, recommended)?,
        records => records.to_vec(),
    };
    let (old_chain, new_chain) = (old.chain(), new.chain());
    let (old_chain, new_chain) = (slices(&old_chain), slices(&new_chain));
    let now = Published::new(&current, &old_chain);
    let records = match args.next.as_slice() {
        _ if args.withdraw => Vec::new(),
        [] if args.first => made(new, recommended)?,
        [] => now.records_for(&new_chain, client()).map_err(wrong)?,
        kinds => made(new, kinds)?,
    };
    let next = Published::new(&records, &new_chain);
    let ttl = Duration::from_secs(args.ttl.into());
    let propagation = Duration::from_secs(args.propagation.into());
    let plan = publish::Rollover::plan(now, next, ttl, propagation, client());
    let plan = plan.map_err(wrong)?;
    for content in [old, new] {
        check_key(content, &plan)?;
    }
    Ok(plan)
}

/// Where there is only a key, no record can be of its certificate.
fn check_key(content: &Content, plan: &publish::Rollover) -> Result<(), Stopped> {
    let chain = content.chain();
    let (Content::Key(_), [outline, ..]) = (content, chain.as_slice()) else { return Ok(()) };
    let is_of_outline = |one: &Tlsa| {
        one.selector() == Selector::CERT
            && publish::record(one.usage(), one.selector(), one.matching(), outline)
                .is_ok_and(|made| made == *one)
    };
    let published = plan.steps().iter().flat_map(|(_, step)| match step {
        Step::Publish(records) => records.as_slice(),
        Step::Deploy | Step::Release => &[],
    });
    match published.into_iter().any(is_of_outline) {
        true => Err(stop(Exit::Data, "selector 0 takes a certificate, there is only a key")),
        false => Ok(()),
    }
}

fn step((wait, step): &(Duration, Step)) -> serde_json::Value {
    match step {
        Step::Publish(records) => {
            let records: Vec<String> = records.iter().map(ToString::to_string).collect();
            json!({ "wait": wait.as_secs(), "do": "publish", "records": records })
        }
        Step::Deploy => json!({ "wait": wait.as_secs(), "do": "deploy" }),
        Step::Release => json!({ "wait": wait.as_secs(), "do": "release" }),
    }
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

/// What a file holds; nothing without a file.
fn read(path: Option<&Path>) -> Result<Content, Stopped> {
    path.map_or_else(|| Ok(Content::Chain(Vec::new())), pem::read)
}

fn slices(chain: &[Vec<u8>]) -> Vec<&[u8]> {
    chain.iter().map(Vec::as_slice).collect()
}
