//! Refreshing cached policies, apart from deliveries
//! ([RFC 8461 section 3.3](https://www.rfc-editor.org/rfc/rfc8461#section-3.3)).
//!
//! ```text
//!   PolicyStore::due --> Planner --> mta_sts::Refresh --> PolicyStore::save
//!    once a minute      evenly over    look-up, fetch
//!                       the minute
//! ```
//!
//! [`Planner`] spreads what is due. `Refresher` drives it and the refreshes with tokio; that of a `Mailer`
//! shares its fetches with the deliveries. `SharedFetch` lets several of them share one fetch for a
//! domain.

#[cfg(feature = "tokio")]
mod driver;
#[cfg(feature = "tokio")]
mod gate;
mod planner;
#[cfg(feature = "tokio")]
mod shared;

#[cfg(feature = "tokio")]
pub use driver::{Refreshed, Refresher};
#[cfg(all(feature = "rustls", feature = "tokio"))]
pub(crate) use gate::{Gates, Pass};
pub use planner::{Pace, Planner};
#[cfg(feature = "tokio")]
pub use shared::SharedFetch;
