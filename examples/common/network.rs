//! DNS and root certificates as arguments name them.

use core::net::SocketAddr;
use std::path::Path;

use pki_types::CertificateDer;
use pki_types::pem::PemObject;
use rustls::RootCertStore;
use smtp_starttls::EhloName;
use smtp_tls::adapter::domain::{Anchors, Validator};
use smtp_tls::adapter::hickory::{AdResolver, TrustedPath};
use smtp_tls::adapter::rustls::native_roots;
use smtp_tls::resolve::BoxedLookUp;

use crate::stopped::Stopped;

/// Where DNS answers come from, and whose certificates are trusted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network<'a> {
    pub(crate) dns: Option<SocketAddr>,
    pub(crate) danger_trust_remote_dns: bool,
    pub(crate) upstream: Option<SocketAddr>,
    pub(crate) trust_anchor: Option<&'a Path>,
    pub(crate) roots: Option<&'a Path>,
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

    /// The roots in a file, or those of the system.
    pub(crate) fn roots(&self) -> Result<RootCertStore, Stopped> {
        let Some(path) = self.roots else {
            return native_roots().map_err(|error| {
                let message = format!("no root certificates on this system ({error}); see --roots");
                Stopped::new(NO_INPUT, message)
            });
        };
        let mut roots = RootCertStore::empty();
        let certificates =
            CertificateDer::pem_file_iter(path).map_err(|error| unreadable(path, &error))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| unreadable(path, &error))?;
            roots.add(certificate).map_err(|error| unreadable(path, &error))?;
        }
        if roots.is_empty() {
            return Err(unreadable(path, &"no certificate in it"));
        }
        Ok(roots)
    }
}

/// The name for EHLO: the argument's, or that of this host.
pub(crate) fn ehlo_name(argument: Option<&str>) -> Result<EhloName, Stopped> {
    let name = match argument {
        Some(name) => name.to_owned(),
        None => std::fs::read_to_string("/proc/sys/kernel/hostname")
            .map(|name| name.trim().to_owned())
            .unwrap_or_default(),
    };
    name.parse().map_err(|error| Stopped::new(USAGE, format!("name {name:?} for EHLO: {error}")))
}

fn unreadable(path: &Path, error: &dyn core::fmt::Display) -> Stopped {
    Stopped::new(NO_INPUT, format!("{}: {error}", path.display()))
}

const USAGE: u8 = 64;
const NO_INPUT: u8 = 66;
