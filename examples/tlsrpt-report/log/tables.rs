//! The tables of the log, and its statements.

/// Bodies go when they are not needed any more; the rest proves what was sent.
///
/// - `days`: how far the domains of a day are listed, and how often they were listed to the end.
/// - `domains`: when the reports of a domain are to be made; nothing once they are.
/// - `reports`: those that were made. `deliveries`: what of them goes where, and what has come of it.
pub(super) const TABLES: &str = "
CREATE TABLE settings (seed INTEGER NOT NULL) STRICT;
CREATE TABLE days (day INTEGER PRIMARY KEY, last TEXT NOT NULL, listed INTEGER NOT NULL) STRICT;
CREATE TABLE reports (
  day INTEGER NOT NULL,
  domain TEXT NOT NULL,
  record TEXT NOT NULL,
  report_id TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  PRIMARY KEY (day, domain, record)
) STRICT, WITHOUT ROWID;
CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY,
  day INTEGER NOT NULL,
  domain TEXT NOT NULL,
  record TEXT NOT NULL,
  uri TEXT NOT NULL,
  host TEXT NOT NULL,
  body BLOB,
  state TEXT NOT NULL,
  due INTEGER NOT NULL,
  UNIQUE (day, domain, record, uri)
) STRICT;
CREATE TABLE attempts (
  delivery INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  code INTEGER NOT NULL,
  retry_after INTEGER,
  words TEXT NOT NULL
) STRICT;
CREATE INDEX attempts_delivery ON attempts (delivery);";

/// What version 1 had not, but for a column.
pub(super) const SINCE_2: &str = "
CREATE TABLE domains (
  day INTEGER NOT NULL,
  domain TEXT NOT NULL,
  due INTEGER,
  PRIMARY KEY (day, domain)
) STRICT, WITHOUT ROWID;
CREATE INDEX domains_due ON domains (due) WHERE due IS NOT NULL;
CREATE INDEX deliveries_due ON deliveries (due, host) WHERE state = 'open';";

/// Of version 1, before `SINCE_2`. A day that was complete is listed for good. The host is that of the mail
/// address; of another address it is the whole, which is one host's as well.
pub(super) const FROM_1: &str = "
ALTER TABLE days RENAME COLUMN complete TO listed;
UPDATE days SET listed = 2 WHERE listed > 0;
DROP INDEX deliveries_due;
ALTER TABLE deliveries ADD COLUMN host TEXT NOT NULL DEFAULT '';
UPDATE deliveries SET host = substr(uri, instr(uri, '@') + 1);";

/// Of version 1, after it: what has a report has been made, and is not made again.
pub(super) const MADE_IN_1: &str =
    "INSERT INTO domains (day, domain, due) SELECT DISTINCT day, domain, NULL FROM reports;";

pub(super) const PROGRESS: &str = "SELECT last, listed FROM days WHERE day = ?1";

pub(super) const ADD_DOMAIN: &str =
    "INSERT INTO domains (day, domain, due) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";

pub(super) const ADD_PROGRESS: &str = "
INSERT INTO days (day, last, listed) VALUES (?1, ?2, 0)
ON CONFLICT DO UPDATE SET last = excluded.last";

pub(super) const LISTED: &str = "
INSERT INTO days (day, last, listed) VALUES (?1, '', ?2)
ON CONFLICT DO UPDATE SET last = '', listed = excluded.listed";

pub(super) const FORGET_ATTEMPTS: &str =
    "DELETE FROM attempts WHERE delivery IN (SELECT id FROM deliveries WHERE day < ?1)";

pub(super) const TO_MAKE: &str =
    "SELECT day, domain FROM domains WHERE due <= ?1 ORDER BY due LIMIT ?2";

pub(super) const MADE: &str = "UPDATE domains SET due = NULL WHERE day = ?1 AND domain = ?2";

pub(super) const ADD_REPORT: &str = "
INSERT INTO reports (day, domain, record, report_id, made_at) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT DO NOTHING";

pub(super) const ADD_DELIVERY: &str = "
INSERT INTO deliveries (day, domain, record, uri, host, body, state, due)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'open', ?7) ON CONFLICT DO NOTHING";

/// All from the index but those that are returned.
pub(super) const DUE: &str = "
SELECT id, day, domain, uri, host FROM deliveries
WHERE state = 'open' AND due <= ?1 AND host NOT IN (SELECT value FROM json_each(?3))
ORDER BY due LIMIT ?2";

pub(super) const NEXT: &str = "
SELECT min(due) FROM (
  SELECT min(due) AS due FROM deliveries WHERE state = 'open' AND due > ?1
  UNION ALL SELECT min(due) FROM domains WHERE due > ?1)";

pub(super) const NEXT_DELIVERY: &str =
    "SELECT min(due) FROM deliveries WHERE state = 'open' AND due > ?1";

pub(super) const OPEN: &str = "
SELECT EXISTS (SELECT 1 FROM deliveries WHERE state = 'open')
  OR EXISTS (SELECT 1 FROM domains WHERE due IS NOT NULL)";

/// Whether no address has taken the report of this delivery, nor will.
pub(super) const FAILED: &str = "
SELECT NOT EXISTS (
  SELECT 1 FROM deliveries this JOIN deliveries other USING (day, domain, record)
  WHERE this.id = ?1 AND other.state IN ('open', 'delivered'))";

pub(super) const ATTEMPTS: &str =
    "SELECT at, kind, code, retry_after FROM attempts WHERE delivery = ?1 ORDER BY rowid";

pub(super) const ADD_ATTEMPT: &str = "
INSERT INTO attempts (delivery, at, kind, code, retry_after, words) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

pub(super) const SET_STAND: &str = "
UPDATE deliveries SET state = ?2, due = ?3, body = iif(?2 = 'open', body, NULL) WHERE id = ?1";

pub(super) const PRINT: &str = "
SELECT d.day, r.report_id, d.uri, d.state, a.at, a.words FROM deliveries d
JOIN reports r ON r.day = d.day AND r.domain = d.domain AND r.record = d.record
LEFT JOIN attempts a ON a.delivery = d.id ORDER BY d.day, d.domain, d.id, a.rowid";
