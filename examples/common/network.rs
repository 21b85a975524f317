//! The DNS, and this host's name, as arguments name them.

use core::net::SocketAddr;
use std::path::Path;

use smtp_starttls::EhloName;
use smtp_tls::adapter::domain::{Anchors, Validator};
use smtp_tls::adapter::hickory::{AdResolver, TrustedPath};
use smtp_tls::resolve::BoxedLookUp;

use crate::host_name::host_name;
use crate::stopped::Stopped;

/// Where DNS answers come from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network<'a> {
    pub(crate) dns: Option<SocketAddr>,
    pub(crate) danger_trust_remote_dns: bool,
    pub(crate) upstream: Option<SocketAddr>,
    pub(crate) trust_anchor: Option<&'a Path>,
}

impl Network<'_> {
    /// A trusted validating resolver, or validation in this process.
    pub(crate) fn look_up(&self) -> Result<BoxedLookUp, Stopped> {
        if let Some(resolver) = self.dns {
            let path = if self.danger_trust_remote_dns {
                TrustedPath::danger_declare_trusted(resolver)
            } else {
                TrustedPath::loopback(resolver).map_err(|error| {
                    let message = format!("{error}; --danger-trust-remote-dns overrides this");
                    Stopped::new(USAGE, message)
                })?
            };
            return Ok(BoxedLookUp::new(AdResolver::new(path)));
        }
        let anchors = match self.trust_anchor {
            None => Anchors::root(),
            Some(path) => std::fs::read_to_string(path)
                .map_err(|error| unreadable(path, &error))?
                .parse()
                .map_err(|error| unreadable(path, &error))?,
        };
        let validator = match self.upstream {
            Some(resolver) => Validator::new(anchors, &[resolver]),
            None => Validator::from_system(anchors).map_err(|error| {
                let message = format!("no resolver in /etc/resolv.conf ({error}); see --upstream");
                Stopped::new(NO_INPUT, message)
            })?,
        };
        Ok(BoxedLookUp::new(validator))
    }
}

/// The name for EHLO: the argument's, or that of this host.
pub(crate) fn ehlo_name(argument: Option<&str>) -> Result<EhloName, Stopped> {
    let name = match argument {
        Some(name) => name.to_owned(),
        None => host_name().unwrap_or_default(),
    };
    name.parse().map_err(|error| Stopped::new(USAGE, format!("name {name:?} for EHLO: {error}")))
}

/// A file that cannot be read, or does not hold what it should.
pub(crate) fn unreadable(path: &Path, error: &dyn core::fmt::Display) -> Stopped {
    Stopped::new(NO_INPUT, format!("{}: {error}", path.display()))
}

/// With the numbers of `sysexits.h`.
const USAGE: u8 = 64;
pub(crate) const NO_INPUT: u8 = 66;
