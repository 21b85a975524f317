//! Cached policies are refreshed before they end
//! ([RFC 8461 section 3.3](https://www.rfc-editor.org/rfc/rfc8461#section-3.3)).

use mta_sts::{
    Action, FetchError, Input, PolicyDomain, PolicyStore, Refresh, RefreshCause, RefreshResult,
    TxtAnswer,
};
use tokio::time::timeout;

use super::{FETCH, Mailer, now};
use crate::FetchPolicy;
use crate::delivery::texts;
use crate::resolve::{Kind, LookUp, LookUpError, Question};

impl<L, F, S> Mailer<L, F, S>
where
    L: LookUp + Sync,
    F: FetchPolicy + Sync,
    S: PolicyStore + Sync,
{
    /// Refreshes the cached policies that are due, at most `limit` of them, one after the other: call it
    /// every few minutes. Tells what became of each; nothing of one that is no longer cached.
    ///
    /// Without it a policy ends with its `max_age`, and the next delivery must fetch it in the face of
    /// whoever blocks the policy host.
    ///
    /// # Errors
    ///
    /// The store's own. What was refreshed before is stored.
    pub async fn refresh_due(
        &self,
        limit: usize,
    ) -> Result<Vec<(PolicyDomain, RefreshResult)>, S::Error> {
        let mut results = Vec::new();
        for domain in self.store.due(limit, now()).await? {
            if let Some(result) = self.refresh(&domain, RefreshCause::Due).await? {
                results.push((domain, result));
            }
        }
        Ok(results)
    }

    /// Refreshes the cached policy of one domain; nothing if none is cached.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn refresh(
        &self,
        domain: &PolicyDomain,
        cause: RefreshCause,
    ) -> Result<Option<RefreshResult>, S::Error> {
        let _pass = self.gates.pass(domain).await;
        let stored = self.store.load(domain).await?;
        let Some(entry) = stored.entry else { return Ok(None) };
        let options = &self.settings.mta_sts;
        let mut refresh = Refresh::new(domain.clone(), entry, stored.history, options, cause);
        loop {
            let input = match refresh.action() {
                Action::LookUpTxt { name } => Input::Txt(self.record(name).await),
                Action::Fetch { domain } => {
                    let fetched = timeout(FETCH, self.fetch.fetch(domain)).await;
                    Input::Fetched(fetched.unwrap_or(Err(FetchError::TimedOut)))
                }
                _ => break,
            };
            if refresh.handle(input, now()).is_err() {
                break;
            }
        }
        let Some(outcome) = refresh.into_outcome() else { return Ok(None) };
        self.store.save(domain, &outcome.update).await?;
        Ok(Some(outcome.result))
    }

    async fn record(&self, name: &str) -> TxtAnswer {
        let answer = match name.parse() {
            Ok(name) => self.look_up.look_up(&Question::new(name, Kind::Txt)).await,
            Err(_) => Err(LookUpError::Name),
        };
        match answer {
            Ok(answer) => TxtAnswer::from_records(texts(&answer)),
            Err(_) => TxtAnswer::TemporaryFailure,
        }
    }
}
