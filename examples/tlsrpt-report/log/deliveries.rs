//! Deliveries that are open, and what came of their attempts.

use core::time::Duration;
use std::collections::BTreeSet;

use rusqlite::{TransactionBehavior, params};
use tlsrpt::{DeliveryInput, UtcDay};

use super::tables::{ADD_ATTEMPT, ATTEMPTS, DUE, FAILED, NEXT, NEXT_DELIVERY, OPEN, SET_STAND};
use super::{Log, bad};
use crate::stopped::Stopped;

/// A delivery that is due.
pub(crate) struct Job {
    pub(crate) id: i64,
    pub(crate) day: UtcDay,
    pub(crate) domain: String,
    pub(crate) uri: String,
    pub(crate) host: String,
}

/// Where a delivery stands after an attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stand {
    Due(u64),
    Delivered,
    GaveUp(&'static str),
}

impl Log {
    /// Deliveries whose time has come, but for those to these hosts; the longest due first.
    pub(crate) fn due(
        &self,
        now: u64,
        limit: usize,
        but: &BTreeSet<String>,
    ) -> Result<Vec<Job>, Stopped> {
        let but = serde_json::to_string(but).map_err(|error| Stopped::new(70, error))?;
        let file = self.file();
        let mut select = file.prepare_cached(DUE).map_err(bad)?;
        let job = |row: &rusqlite::Row<'_>| {
            let day = UtcDay::from_number(row.get::<_, u32>(1)?.into());
            let [domain, uri, host] = [row.get(2)?, row.get(3)?, row.get(4)?];
            Ok(Job { id: row.get(0)?, day, domain, uri, host })
        };
        let values = params![now.cast_signed(), i64::try_from(limit).unwrap_or(i64::MAX), but];
        select.query_map(values, job).map_err(bad)?.collect::<Result<_, _>>().map_err(bad)
    }

    /// The bytes to send.
    pub(crate) fn body(&self, id: i64) -> Result<Vec<u8>, Stopped> {
        let body = "SELECT body FROM deliveries WHERE id = ?1";
        self.file().query_row(body, [id], |row| row.get(0)).map_err(bad)
    }

    /// When, after this time, the next delivery is due, or, unless only those count that are made, the next
    /// report to be made.
    pub(crate) fn next(&self, after: u64, made_only: bool) -> Result<Option<u64>, Stopped> {
        let select = if made_only { NEXT_DELIVERY } else { NEXT };
        let next = |row: &rusqlite::Row<'_>| row.get::<_, Option<i64>>(0);
        let next = self.file().query_row(select, [after.cast_signed()], next);
        Ok(next.map_err(bad)?.map(i64::unsigned_abs))
    }

    /// Whether a delivery is open, or a report is to be made.
    pub(crate) fn is_open(&self) -> Result<bool, Stopped> {
        self.file().query_row(OPEN, [], |row| row.get(0)).map_err(bad)
    }

    /// Whether the report of this delivery has come to nothing: no address has taken it, and none is left.
    pub(crate) fn has_failed(&self, id: i64) -> Result<bool, Stopped> {
        self.file().query_row(FAILED, [id], |row| row.get(0)).map_err(bad)
    }

    /// The attempts that were made, in order.
    pub(crate) fn attempts(&self, id: i64) -> Result<Vec<(u64, DeliveryInput)>, Stopped> {
        let file = self.file();
        let mut select = file.prepare_cached(ATTEMPTS).map_err(bad)?;
        let attempt = |row: &rusqlite::Row<'_>| {
            let (at, kind, code): (i64, String, u16) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let wait: Option<i64> = row.get(3)?;
            let retry_after = wait.map(|seconds| Duration::from_secs(seconds.unsigned_abs()));
            let input = match kind.as_str() {
                "https" => DeliveryInput::HttpStatus { status: code, retry_after },
                "mail" => DeliveryInput::MailReply(code),
                _ => DeliveryInput::Unreachable,
            };
            Ok((at.unsigned_abs(), input))
        };
        let rows = select.query_map([id], attempt).map_err(bad)?;
        rows.collect::<Result<_, _>>().map_err(bad)
    }

    /// Notes an attempt and what follows from it.
    pub(crate) fn note(
        &self,
        id: i64,
        at: u64,
        (input, words): (DeliveryInput, &str),
        stand: Stand,
    ) -> Result<(), Stopped> {
        let (kind, code, wait) = match input {
            DeliveryInput::HttpStatus { status, retry_after } => ("https", status, retry_after),
            DeliveryInput::MailReply(code) => ("mail", code, None),
            _ => ("unreachable", 0, None),
        };
        let wait = wait.map(|wait| i64::try_from(wait.as_secs()).unwrap_or(i64::MAX));
        let (state, due) = match stand {
            Stand::Due(due) => ("open", due),
            Stand::Delivered => ("delivered", 0),
            Stand::GaveUp(why) => (why, 0),
        };
        let (mut file, due) = (self.file(), due.cast_signed());
        let mut note = || {
            let transaction = file.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let values = params![id, at.cast_signed(), kind, code, wait, words];
            let _ = transaction.prepare_cached(ADD_ATTEMPT)?.execute(values)?;
            let _ = transaction.prepare_cached(SET_STAND)?.execute(params![id, state, due])?;
            transaction.commit()
        };
        note().map_err(bad)
    }
}

#[cfg(test)]
mod tests {
    use tlsrpt::UtcDay;

    use super::*;
    use crate::log::{Made, Planned};

    #[test]
    fn who_makes_nothing_more_waits_for_deliveries_alone() {
        let folder =
            std::env::temp_dir().join(format!("tlsrpt-report-next-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let log = Log::open(&folder.join("log")).unwrap();
        let day = UtcDay::from_number(20_000);
        let domains = ["a.example", "b.example"].map(|domain| (domain.to_owned(), 100));
        log.list(day, &domains).unwrap();
        assert_eq!((log.next(99, false).unwrap(), log.next(99, true).unwrap()), (Some(100), None));
        let [uri, host] = ["mailto:r@a.example", "a.example"].map(str::to_owned);
        let deliveries = vec![Planned { uri, host, body: Vec::new() }];
        let [record, report_id] = [String::new(), String::new()];
        log.add(day, "a.example", &[Made { record, report_id, deliveries }], 200).unwrap();
        assert_eq!(
            (log.next(99, false).unwrap(), log.next(99, true).unwrap()),
            (Some(100), Some(200))
        );
        assert_eq!(
            (log.next(100, false).unwrap(), log.next(200, true).unwrap()),
            (Some(200), None)
        );
        std::fs::remove_dir_all(folder).unwrap();
    }
}
