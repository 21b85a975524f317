//! `tlsa check`: live servers beside their records.

use dane::discovery::{DanePlan, HostPlan};
use dane::{Name, Tlsa, TlsaSet};

use crate::args::Check;
use crate::connect::{Seen, connect};
use crate::exit::{Exit, stop};
use crate::find::{Host, find, plan_by, relay};
use crate::kind::RecordKind;
use crate::pem;
use crate::report::Report;
use crate::stopped::Stopped;

/// Looks up, connects, and prints what is found.
pub(crate) fn run(args: &Check) -> Result<Exit, Stopped> {
    let next = args.next.as_deref().map(pem::read).transpose()?;
    let found = find(args)?;
    let seen = found.hosts.iter().map(|host| see(args, host)).collect::<Result<Vec<_>, _>>()?;
    let report = Report::new(args, &found, &seen, next.as_ref());
    if args.json {
        let text = serde_json::to_string(&report).map_err(|it| stop(Exit::Data, it))?;
        println!("{text}");
    } else {
        print!("{report}");
    }
    Ok(report.exit())
}

/// Connects to the host, unless there is no way to.
fn see(args: &Check, host: &Host) -> Result<Vec<Seen>, Stopped> {
    let plan = match (&host.plan, host.name.parse::<Name>()) {
        (HostPlan::Skip(_), _) | (_, Err(_)) => return Ok(Vec::new()),
        (HostPlan::Dane(plan), Ok(_)) => plan.clone(),
        (other, Ok(name)) => any_plan(other.base().unwrap_or(&name), args.port)?,
    };
    connect(args, &host.addresses, &plan)
}

/// A plan by a record that nothing matches, for a connection whose chain is only looked at.
fn any_plan(base: &Name, port: u16) -> Result<DanePlan, Stopped> {
    let RecordKind { usage, selector, matching } = RecordKind::RECOMMENDED;
    let nothing = Tlsa::new(usage, selector, matching, [0_u8; 32])
        .map_err(|error| stop(Exit::Data, error))?;
    match plan_by(&relay(base, port), base, TlsaSet::from(vec![nothing]))? {
        HostPlan::Dane(plan) => Ok(plan),
        other => Err(stop(Exit::Data, other.reason().unwrap_or_default())),
    }
}
