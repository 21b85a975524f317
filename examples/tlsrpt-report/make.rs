//! Reports out of the store, one domain at a time.

use smtp_tls::store::TallyStore as _;
use tlsrpt::{Counters, Reporter, UtcDay};

use crate::say::warn;
use crate::stopped::Stopped;
use crate::store::{Store, StoreError, counters};

/// Makes reports in one reporter's name.
pub(crate) struct Maker {
    store: Store,
    pub(crate) reporter: Reporter,
}

impl Maker {
    pub(crate) const fn new(store: Store, reporter: Reporter) -> Self {
        Self { store, reporter }
    }

    /// Some domains of the day, those behind `after`; none is the end.
    pub(crate) async fn domains(
        &self,
        day: UtcDay,
        after: &str,
    ) -> Result<Vec<String>, StoreError> {
        self.store.domains(day, after, PAGE).await
    }

    /// What was counted for a domain on the day.
    pub(crate) async fn counters(&self, day: UtcDay, domain: &str) -> Result<Counters, StoreError> {
        let (counters, unreadable) = counters(&self.store, day, domain).await?;
        if unreadable > 0 {
            warn(format_args!(
                "tlsrpt-report: {unreadable} counters of {domain} on {day} cannot be read; left out"
            ));
        }
        Ok(counters)
    }
}

/// A store that is away for now may be there again later.
pub(crate) fn store_failed(error: StoreError) -> Stopped {
    Stopped::new(if error.is_temporary() { TRY_LATER } else { 66 }, error)
}

/// The exit status for what may succeed later.
pub(crate) const TRY_LATER: u8 = 75;

/// Domains asked for at a time.
const PAGE: u32 = 1_000;
