//! Whether DANE applies to a host, and with which records and names.

mod answer;
mod destination;
mod host;
mod plan;

pub use answer::{
    Answer, AuthenticData, Hop, LookUpFailure, MAX_HOPS, Outcome, Security, TrustedPath,
};
pub use destination::{
    Assurance, Destination, Enforcement, Exchangers, HalfDane, Mode, Policy, Step1,
};
pub use host::{Action, HostDiscovery, Input, Kind, Unexpected};
pub use plan::{DanePlan, EncryptPlan, HostPlan, Lacking, NotDane, Skip, Subject};
