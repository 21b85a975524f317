//! Datagrams straight into the tally.

use pki_types::UnixTime;

use super::{Counted, Refused, Tally};
use crate::datagram::{self, DatagramError};

impl Tally {
    /// Counts the session of a datagram that has come now, wholly or not at all.
    ///
    /// This is [`Datagram::read`](crate::Datagram::read) and [`record`](Self::record) in one,
    /// without reading a record anew that the day has seen before, or a datagram that came lately
    /// in the same bytes.
    ///
    /// # Errors
    ///
    /// [`DatagramRefused`]; [`malformed`](Self::malformed) and
    /// [`statistics`](Self::statistics) count them by reason.
    pub fn record_datagram(
        &mut self,
        bytes: &[u8],
        now: UnixTime,
    ) -> Result<Counted, DatagramRefused> {
        let Ok(day) = self.open_day(now, now) else { return self.sealed_datagram(bytes, now) };
        let hash = self.recent.hash(day, bytes);
        if let Some(rows) = self.recent.rows(hash, bytes)
            && let Some(counters) = self.days.get_mut(&day)
            && let Some(writer) = counters.writer(&self.writer)
        {
            counters.count_again(rows, writer);
            return Ok(self.note(Ok(Counted::Counted))?);
        }
        let parsed = datagram::parse(bytes).map_err(|error| self.malformed_datagram(error))?;
        self.session.start(&parsed.domain, &parsed.record);
        let key = self.session.bytes.get(self.session.record.clone()).unwrap_or_default();
        let known = self.days.get(&day).and_then(|counters| counters.record(key));
        if known.is_none() {
            datagram::check(&parsed).map_err(|error| self.malformed_datagram(error))?;
        }
        self.session.record_id = known;
        let domain = parsed.domain.as_ref();
        let mut policies = parsed.policies.iter();
        let encoded = policies.try_for_each(|policy| self.session.policy(policy, domain));
        let result = encoded.and_then(|()| self.count(day));
        if result.is_ok() {
            self.recent.keep(hash, bytes, &self.session);
        }
        Ok(self.note(result)?)
    }

    /// A datagram whose day is over, which cannot be unless the clock was set back.
    fn sealed_datagram(&mut self, bytes: &[u8], now: UnixTime) -> Result<Counted, DatagramRefused> {
        datagram::parse(bytes).map_err(|error| self.malformed_datagram(error))?;
        let refused = self.open_day(now, now).map(|_| Counted::Counted);
        Ok(self.note(refused)?)
    }

    fn malformed_datagram(&mut self, error: DatagramError) -> DatagramRefused {
        let count = self.malformed.entry(error.word()).or_default();
        *count = count.saturating_add(1);
        DatagramRefused::Malformed(error)
    }

    /// How many datagrams were malformed, by the word of the reason.
    pub fn malformed(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.malformed.iter().map(|(word, count)| (*word, *count))
    }
}

/// Why a datagram was not counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "a datagram is bad, or its session is refused")]
pub enum DatagramRefused {
    /// It cannot be read.
    #[error(transparent)]
    Malformed(#[from] DatagramError),
    /// It can be read, and its session is not counted.
    #[error(transparent)]
    Refused(#[from] Refused),
}
