//! The signatures that certificates bear: each is checked once, and what they cost is bounded.

use alloc::vec::Vec;

use pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};

use crate::der::{Certificate, PublicKeyInfo};
use crate::failure::FailureReason;

/// What may be spent on signatures for one chain; a unit is the cost of an RSA-2048, P-256 or Ed25519
/// signature at most. The worst chain then takes about five milliseconds (`benches`). A real chain has one
/// signature for each certificate below the anchor, two or three: of four with P-384 keys all can be
/// checked, of two with RSA keys of an unusual size, and of the other kinds every path that is short enough.
const BUDGET: u32 = 16;

/// The signatures of one chain.
pub(crate) struct Signatures<'s> {
    algorithms: &'s [&'s dyn SignatureVerificationAlgorithm],
    left: u32,
    checked: Vec<Checked<'s>>,
}

/// A signature, by whom over what, and whether it is good.
#[derive(Clone, Copy, Debug)]
struct Checked<'s> {
    certificate: &'s [u8],
    /// The whole SubjectPublicKeyInfo.
    key_info: &'s [u8],
    key: &'s [u8],
    message: &'s [u8],
    signature: &'s [u8],
    verdict: Result<(), FailureReason>,
}

impl<'s> Signatures<'s> {
    pub(crate) fn new(algorithms: &'s [&'s dyn SignatureVerificationAlgorithm]) -> Self {
        Self { algorithms, left: BUDGET, checked: Vec::new() }
    }

    /// Checks whether the key has signed the certificate.
    pub(crate) fn check(
        &mut self,
        certificate: &Certificate<'s>,
        key: &PublicKeyInfo<'s>,
    ) -> Result<(), FailureReason> {
        let known = self
            .checked
            .iter()
            .find(|it| it.key_info == key.whole && it.certificate == certificate.whole);
        if let Some(known) = known {
            return known.verdict;
        }
        let [0, signature @ ..] = certificate.signature else {
            return Err(FailureReason::MalformedCertificate);
        };
        if certificate.tbs_algorithm != certificate.algorithm {
            return Err(FailureReason::MalformedCertificate);
        }
        if key.is_weak() {
            return Err(FailureReason::WeakKey);
        }
        let mut fitting = self.algorithms.iter().filter(|algorithm| {
            algorithm.signature_alg_id().as_ref() == certificate.algorithm
                && algorithm.public_key_alg_id().as_ref() == key.algorithm
        });
        let algorithm = fitting.next().ok_or(FailureReason::UnsupportedAlgorithm)?;
        self.left = self.left.checked_sub(cost(key)).ok_or(FailureReason::SignatureBudget)?;
        let verdict = algorithm
            .verify_signature(key.key, certificate.tbs, signature)
            .map_err(|_| FailureReason::NotInPath);
        self.checked.push(Checked {
            certificate: certificate.whole,
            key_info: key.whole,
            key: key.key,
            message: certificate.tbs,
            signature,
            verdict,
        });
        verdict
    }

    /// How many have been verified, good or bad.
    pub(super) fn verified(&self) -> usize {
        self.checked.len()
    }

    /// The algorithms as one that asks again is to have them: what was good here is good, and
    /// everything else is not.
    pub(super) fn known(&self) -> Vec<Known<'_>> {
        let known = |algorithm| Known { algorithm, checked: &self.checked };
        self.algorithms.iter().copied().map(known).collect()
    }
}

/// What a signature of this key costs at most, in the units of [`BUDGET`].
fn cost(key: &PublicKeyInfo<'_>) -> u32 {
    match key.algorithm {
        P256 | ED25519 => 1,
        _ if key.is_common_rsa() => 1,
        _ if key.is_rsa() => 8,
        _ => 4,
    }
}

/// id-ecPublicKey with the curve secp256r1.
const P256: &[u8] = &[
    0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
    0x03, 0x01, 0x07,
];
const ED25519: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];

/// An algorithm that knows the signatures that were checked, and checks none.
#[derive(Debug)]
pub(super) struct Known<'k> {
    algorithm: &'k dyn SignatureVerificationAlgorithm,
    checked: &'k [Checked<'k>],
}

impl SignatureVerificationAlgorithm for Known<'_> {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let is_good = self.checked.iter().any(|it| {
            it.verdict.is_ok()
                && it.key == public_key
                && it.message == message
                && it.signature == signature
        });
        if is_good { Ok(()) } else { Err(InvalidSignature) }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_alg_id()
    }
}
