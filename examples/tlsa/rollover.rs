//! `tlsa rollover`: which records must stand when.

use core::time::Duration;

use dane::Tlsa;
use dane::publish::{self, Step};
use serde_json::json;

use crate::args::Rollover;
use crate::exit::{Exit, Stopped};
use crate::kind::RecordKind;
use crate::make::{line, owner_name};
use crate::pem;

/// Prints the plan.
pub(crate) fn run(args: &Rollover) -> Result<Exit, Stopped> {
    let (old, new) = (leaf(&args.old)?, leaf(&args.new)?);
    let wrong = |error| Stopped::new(Exit::Data, error);
    let current = match args.record.as_slice() {
        [] => {
            let RecordKind { usage, selector, matching } = RecordKind::RECOMMENDED;
            vec![publish::record(usage, selector, matching, &old).map_err(wrong)?]
        }
        records => records.to_vec(),
    };
    let ttl = Duration::from_secs(args.ttl.into());
    let propagation = Duration::from_secs(args.propagation.into());
    let plan = publish::Rollover::plan(&current, &old, &new, ttl, propagation).map_err(wrong)?;
    if args.json {
        let steps = plan.steps().iter().map(|(wait, step)| match step {
            Step::Publish(records) => {
                json!({ "wait": wait.as_secs(), "do": "publish", "records": texts(records) })
            }
            Step::Deploy => json!({ "wait": wait.as_secs(), "do": "deploy" }),
        });
        let steps: Vec<_> = steps.collect();
        println!("{}", json!({ "owner": owner_name(&args.owner), "steps": steps }));
        return Ok(Exit::Fine);
    }
    for (number, (wait, step)) in (1..).zip(plan.steps()) {
        let after = match wait.as_secs() {
            0 => String::new(),
            seconds => format!("wait {seconds} seconds, then "),
        };
        match step {
            Step::Publish(records) => {
                println!("{number}. {after}publish these records and no others:");
                records.iter().for_each(|record| println!("   {}", line(&args.owner, record)));
            }
            Step::Deploy => {
                println!("{number}. {after}have the server send the new certificate, everywhere");
            }
        }
    }
    Ok(Exit::Fine)
}

fn texts(records: &[Tlsa]) -> Vec<String> {
    records.iter().map(ToString::to_string).collect()
}

/// The server's certificate.
fn leaf(path: &std::path::Path) -> Result<Vec<u8>, Stopped> {
    let chain = pem::read_chain(path)?.into_iter();
    chain.into_iter().next().ok_or_else(|| Stopped::at(Exit::Data, path, "no certificate"))
}
