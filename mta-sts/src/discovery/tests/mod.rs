//! What deliveries and refreshes come to.

mod overrides;
mod refresh;
mod support;
mod table;
