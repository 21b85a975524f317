//! The certificate of the server, and the root that the client trusts.

use core::convert::Infallible;
use core::fmt;
use core::str::FromStr;
use std::sync::Arc;

use pki_types::{CertificateDer, PrivateKeyDer};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::ring;
use rustls::{RootCertStore, ServerConfig};

use super::HOST;

/// A root certificate, as text a line of hexadecimal digits.
#[derive(Clone, Debug)]
pub struct Root(CertificateDer<'static>);

impl Root {
    pub(super) fn store(&self) -> RootCertStore {
        let mut store = RootCertStore::empty();
        store.add(self.0.clone()).unwrap();
        store
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl FromStr for Root {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let digit = |digit: u8| char::from(digit).to_digit(16).unwrap() as u8;
        let pairs = text.as_bytes().chunks_exact(2);
        let octets = pairs.map(|pair| pair.iter().fold(0, |octet, of| octet << 4 | digit(*of)));
        Ok(Self(octets.collect::<Vec<u8>>().into()))
    }
}

/// A root and a server configuration with a certificate by it for [`HOST`].
pub(super) fn server(tickets: usize) -> (Root, Arc<ServerConfig>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    let leaf = params.signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.into()], key)
        .unwrap();
    config.send_tls13_tickets = tickets;
    (Root(root.into()), Arc::new(config))
}
