//! Which domains of a day have reports to be made, and those that were made.

use rusqlite::{OptionalExtension, TransactionBehavior, params};
use tlsrpt::UtcDay;

use super::tables::{
    ADD_DELIVERY, ADD_DOMAIN, ADD_PROGRESS, ADD_REPORT, FORGET_ATTEMPTS, LISTED, MADE, PROGRESS,
    TO_MAKE,
};
use super::{Log, bad};
use crate::stopped::Stopped;

/// How far the domains of a day are listed.
pub(crate) struct Progress {
    /// The last domain of a listing that has not come to the end.
    pub(crate) last: String,
    pub(crate) listed: Listed,
}

/// Which listings of a day have come to the end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Listed {
    No,
    /// One, while first attempts are still spread: who saves late is not in it.
    Once,
    /// The last one.
    ForGood,
}

/// A report that is made, with what goes where.
pub(crate) struct Made {
    pub(crate) record: String,
    pub(crate) report_id: String,
    pub(crate) deliveries: Vec<Planned>,
}

/// What goes to one address.
pub(crate) struct Planned {
    pub(crate) uri: String,
    /// To which host, as far as it can be told without asking the DNS.
    pub(crate) host: String,
    pub(crate) body: Vec<u8>,
}

impl Log {
    pub(crate) fn progress(&self, day: UtcDay) -> Result<Progress, Stopped> {
        let file = self.file();
        let mut select = file.prepare_cached(PROGRESS).map_err(bad)?;
        let row = |row: &rusqlite::Row<'_>| {
            let listed = match row.get(1)? {
                0 => Listed::No,
                1 => Listed::Once,
                _ => Listed::ForGood,
            };
            Ok(Progress { last: row.get(0)?, listed })
        };
        let found = select.query_row([day.number()], row).optional().map_err(bad)?;
        Ok(found.unwrap_or(Progress { last: String::new(), listed: Listed::No }))
    }

    /// Takes over domains of a day and when their reports are to be made, unless they are known: all of them
    /// or none.
    pub(crate) fn list(&self, day: UtcDay, domains: &[(String, u64)]) -> Result<(), Stopped> {
        let mut file = self.file();
        let mut list = || {
            let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for (domain, due) in domains {
                let values = params![day.number(), domain, due.cast_signed()];
                let _ = transaction.prepare_cached(ADD_DOMAIN)?.execute(values)?;
            }
            let last = domains.last().map_or("", |(domain, _)| domain);
            let _ =
                transaction.prepare_cached(ADD_PROGRESS)?.execute(params![day.number(), last])?;
            transaction.commit()
        };
        list().map_err(bad)
    }

    /// Notes that the day is listed to the end, and forgets days of long ago.
    pub(crate) fn listed(&self, day: UtcDay, listed: Listed) -> Result<(), Stopped> {
        let file = self.file();
        let _ = file.execute(LISTED, params![day.number(), listed as i64]).map_err(bad)?;
        let oldest = day.number().saturating_sub(KEPT);
        let _ = file.execute(FORGET_ATTEMPTS, [oldest]).map_err(bad)?;
        for table in ["deliveries", "reports", "domains", "days"] {
            let forget = format!("DELETE FROM {table} WHERE day < ?1");
            let _ = file.execute(&forget, [oldest]).map_err(bad)?;
        }
        Ok(())
    }

    /// Domains whose reports are to be made by now, the longest due first.
    pub(crate) fn to_make(&self, now: u64, limit: usize) -> Result<Vec<(UtcDay, String)>, Stopped> {
        let file = self.file();
        let mut select = file.prepare_cached(TO_MAKE).map_err(bad)?;
        let row = |row: &rusqlite::Row<'_>| {
            Ok((UtcDay::from_number(row.get::<_, u32>(0)?.into()), row.get(1)?))
        };
        let values = params![now.cast_signed(), i64::try_from(limit).unwrap_or(i64::MAX)];
        select.query_map(values, row).map_err(bad)?.collect::<Result<_, _>>().map_err(bad)
    }

    /// Keeps the reports of a domain, to be sent from now on: all of them, or nothing.
    pub(crate) fn add(
        &self,
        day: UtcDay,
        domain: &str,
        reports: &[Made],
        now: u64,
    ) -> Result<(), Stopped> {
        let (mut file, now) = (self.file(), now.cast_signed());
        let mut add = || {
            let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for Made { record, report_id, deliveries } in reports {
                let values = params![day.number(), domain, record, report_id, now];
                if transaction.prepare_cached(ADD_REPORT)?.execute(values)? == 0 {
                    continue;
                }
                for Planned { uri, host, body } in deliveries {
                    let values = params![day.number(), domain, record, uri, host, body, now];
                    let _ = transaction.prepare_cached(ADD_DELIVERY)?.execute(values)?;
                }
            }
            let _ = transaction.prepare_cached(MADE)?.execute(params![day.number(), domain])?;
            transaction.commit()
        };
        add().map_err(bad)
    }
}

/// Days that are kept. Ours: who asks what became of a report asks within a season.
const KEPT: u32 = 90;
