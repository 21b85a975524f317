//! What goes from the server: what is dead, damaged, or under a name that is none.

use ::redis::{Pipeline, cmd};
use mta_sts::{PolicyDomain, UnixTime};

use super::{DUE, ENDS, NAMES, Raw, RedisError, RedisStore};
use crate::store::event::{Event, Part};
use crate::store::{form, numbers};

impl RedisStore {
    /// Parses names; one that is no domain is dropped from the sorted sets.
    pub(super) async fn domains(&self, names: Vec<Vec<u8>>) -> Vec<PolicyDomain> {
        let mut domains = Vec::with_capacity(names.len());
        for name in names {
            let domain = core::str::from_utf8(&name).ok().and_then(|name| name.parse().ok());
            let domain: Option<PolicyDomain> = domain;
            match domain.filter(|domain| domain.as_str().as_bytes() == name) {
                Some(domain) => domains.push(domain),
                None => {
                    self.0.events.push(Event::DroppedNameless);
                    let mut pipeline = Pipeline::new();
                    for key in [NAMES, DUE, ENDS] {
                        pipeline.cmd("ZREM").arg(self.key(key)).arg(&name);
                    }
                    // Whether it succeeds does not matter: the name is not used.
                    let _ = pipeline.exec_async(&mut self.manager()).await;
                }
            }
        }
        domains
    }

    /// Looks at some of what may be dead and forgets what is.
    pub(super) async fn forget(&self, now: UnixTime) -> Result<(), RedisError> {
        for _ in 0..ROUNDS {
            if self.forget_some(now).await? < FORGOTTEN {
                break;
            }
        }
        Ok(())
    }

    /// How many were looked at.
    async fn forget_some(&self, now: UnixTime) -> Result<usize, RedisError> {
        let mut ended = cmd("ZRANGEBYSCORE");
        let end = format!("({}", numbers::seconds(now));
        ended.arg(self.key(ENDS)).arg("-inf").arg(end).arg("LIMIT").arg(0).arg(FORGOTTEN);
        let names = ended.query_async(&mut self.manager()).await?;
        let domains = self.domains(names).await;
        let kept = self.fields(&domains, ["e", "h"]).await?;
        let mut changes = Pipeline::new();
        changes.load_script(&self.0.forget).ignore();
        for (domain, (entry, history)) in domains.iter().zip(kept) {
            let (stored, _) = form::read(domain, entry.as_deref(), history.as_deref());
            let lives = stored.entry.as_ref().filter(|entry| entry.is_live(now));
            if lives.is_some() || !stored.history.is_spent(now) {
                let end = lives.map_or(0, |entry| numbers::seconds(entry.expires_at()));
                let end = end.max(numbers::seconds(now).saturating_add(LOOK_AGAIN));
                let postpone = changes.cmd("ZADD").arg(self.key(ENDS)).arg("XX").arg(end);
                postpone.arg(domain.as_str()).ignore();
            } else {
                let mut call = self.script(&self.0.forget, domain.as_str());
                call.arg(entry.unwrap_or_default()).arg(history.unwrap_or_default());
                changes.invoke_script(&call).ignore();
            }
        }
        if !domains.is_empty() {
            changes.exec_async(&mut self.manager()).await?;
        }
        Ok(domains.len())
    }

    /// Those of which anything is kept; the names of the others go.
    pub(super) async fn those_kept(
        &self,
        mut domains: Vec<PolicyDomain>,
    ) -> Result<Vec<PolicyDomain>, RedisError> {
        if domains.is_empty() {
            return Ok(domains);
        }
        let mut pipeline = Pipeline::new();
        for domain in &domains {
            pipeline.exists(self.hash_key(domain.as_str()));
        }
        let kept: Vec<bool> = pipeline.query_async(&mut self.manager()).await?;
        let mut tidy = Pipeline::new();
        tidy.load_script(&self.0.forget).ignore();
        for (domain, _) in domains.iter().zip(&kept).filter(|(_, is_kept)| !**is_kept) {
            let mut call = self.script(&self.0.forget, domain.as_str());
            call.arg("").arg("");
            tidy.invoke_script(&call).ignore();
        }
        if kept.contains(&false) {
            tidy.exec_async(&mut self.manager()).await?;
        }
        let mut kept = kept.into_iter();
        domains.retain(|_| kept.next().unwrap_or_default());
        Ok(domains)
    }

    pub(super) async fn drop_damaged(
        &self,
        domain: &PolicyDomain,
        raw: Raw,
        damaged: form::Damaged,
    ) {
        let (entry, history) = raw;
        for (part, damage) in damaged {
            self.0.events.push(Event::Dropped { domain: domain.clone(), part, damage });
            let (field, bytes) = match part {
                Part::Entry => ("e", entry.as_deref()),
                Part::History => ("h", history.as_deref()),
            };
            let mut call = self.script(&self.0.drop, domain.as_str());
            call.arg(field).arg(bytes.unwrap_or_default());
            // Whether it succeeds does not matter: the part is not used.
            let _ = self.run(&call).await;
        }
    }
}

/// Domains looked at for forgetting at a time.
const FORGOTTEN: usize = 1_000;

/// How often in a row, while there are so many.
const ROUNDS: usize = 20;

/// Seconds until a domain whose history counts is looked at again. A history counts for an hour.
const LOOK_AGAIN: i64 = 600;
