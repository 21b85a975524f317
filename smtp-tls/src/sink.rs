//! Where the outcomes of sessions go for TLS reports.

use core::future::Future;

use pki_types::UnixTime;
use tlsrpt::Session;

/// Takes session outcomes, from which the day's reports are made
/// ([RFC 8460](https://www.rfc-editor.org/rfc/rfc8460)).
///
/// A sink counts by itself, writes to a database, or hands over to a collector. Delivery never depends
/// on it. Implementers write a plain `async fn record`.
pub trait ReportSink {
    /// Why a session was not taken.
    type Error;

    /// Takes one session, wholly or not at all. A domain without a TLSRPT record has none.
    ///
    /// # Errors
    ///
    /// The sink's own.
    fn record(
        &self,
        session: &Session<'_>,
        now: UnixTime,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

impl<S: ReportSink + ?Sized> ReportSink for &S {
    type Error = S::Error;

    fn record(
        &self,
        session: &Session<'_>,
        now: UnixTime,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        (**self).record(session, now)
    }
}

impl<S: ReportSink + ?Sized> ReportSink for std::sync::Arc<S> {
    type Error = S::Error;

    fn record(
        &self,
        session: &Session<'_>,
        now: UnixTime,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        (**self).record(session, now)
    }
}
