//! A million domains over two days of a virtual clock.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, missing_docs)]

use core::time::Duration;

use mta_sts::{CacheEntry, Policy, PolicyId, UnixTime};
use smtp_tls::refresh::{Pace, Planner};

const DOMAINS: u32 = 1_000_000;
const DAY: u64 = 86_400;
const MINUTE: u64 = 60;
const START: u64 = 1_800_000_000 / MINUTE * MINUTE;

fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

/// All policies were fetched in the same second, which is the worst there is. Each domain has a number
/// of its own that spreads its refreshes, as the stores have.
#[test]
fn rfc8461_3_3_the_busiest_second_has_at_most_twice_the_mean() {
    let policy: Policy =
        "version: STSv1\nmode: enforce\nmx: mx.example\nmax_age: 604800\n".parse().unwrap();
    let id: PolicyId = "1".parse().unwrap();
    let refresh_at = |domain: u32, fetched_at: u64| {
        let entry = CacheEntry::new(id, policy.clone(), at(fetched_at));
        // Multiples of an odd number are spread over all numbers, and the same each time.
        let spread = u64::from(domain).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
        entry.refresh_at(spread).as_secs()
    };

    let days = 2;
    let minutes = (days * DAY / MINUTE) as usize;
    // What comes due in each minute, as a store finds it.
    let mut due_in: Vec<Vec<(u64, u32)>> = vec![Vec::new(); minutes];
    let put = |due_in: &mut Vec<Vec<(u64, u32)>>, time: u64, domain| {
        if let Some(due) = due_in.get_mut(((time - START) / MINUTE) as usize) {
            due.push((time, domain));
        }
    };
    for domain in 0..DOMAINS {
        put(&mut due_in, refresh_at(domain, START), domain);
    }

    let mut planner = Planner::new(Pace::default());
    let mut backlog: Vec<(u64, u32)> = Vec::new();
    let mut planned_for = vec![0_u64; DOMAINS as usize];
    let (mut busiest, mut total, mut latest) = (0, 0_u64, 0);
    for minute in 0..minutes {
        let now = START + minute as u64 * MINUTE;
        if let Some(past) = minute.checked_sub(1) {
            let mut due = core::mem::take(&mut due_in[past]);
            due.sort_unstable();
            backlog.extend(due);
        }
        let taken: Vec<_> = backlog.drain(..planner.room().min(backlog.len())).collect();
        for (time, domain) in &taken {
            planned_for[*domain as usize] = *time;
        }
        planner.plan(taken.into_iter().map(|(_, domain)| domain), at(now));
        for second in now..now + MINUTE {
            let mut begun = 0;
            while let Some(domain) = planner.take(at(second)) {
                planner.finished(&domain);
                begun += 1;
                latest = latest.max(second - planned_for[domain as usize]);
                put(&mut due_in, refresh_at(domain, second), domain);
            }
            busiest = busiest.max(begun);
            total += begun;
        }
    }
    let mean = total as f64 / (days * DAY) as f64;
    println!(
        "{busiest} in the busiest second, {mean:.1} in the mean, {latest} seconds at the latest"
    );
    assert!(busiest as f64 <= 2.0 * mean, "{busiest} in the busiest second, {mean:.1} in the mean");
    assert!(latest <= 3_600, "{latest} seconds late");
}
