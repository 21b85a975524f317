//! The `dane` operations.

mod plan;

pub(crate) use plan::dns_answer;

use core::time::Duration;

use dane::{CertUsage, Digests, Name, Profile, Tlsa, UsableRecord, UsableSet, Verifier};
use pki_types::{CertificateDer, UnixTime};
use rustls::crypto::ring::default_provider;

use super::{Handler, ask};
use crate::answer::Answer;
use crate::request::Base64;
use crate::request::dane as asked;

pub(crate) const TLSA: Handler = |fields| ask(fields, tlsa);
pub(crate) const PLAN: Handler = |fields| ask(fields, plan::plan);
pub(crate) const VERIFY: Handler = |fields| ask(fields, verify);

fn tlsa(request: asked::Tlsa) -> Answer {
    let record = match Tlsa::try_from(request.rdata_hex.0.as_slice()) {
        Ok(record) => record,
        Err(error) => return Answer::new("malformed").because(error.reason()),
    };
    match UsableRecord::judge(0, &record, Profile::Smtp, &Digests::default()) {
        Ok(_) => Answer::new("usable")
            .with("usage", record.usage().0)
            .with("selector", record.selector().0)
            .with("matching", record.matching().0),
        Err(why) => Answer::new("unusable").because(why.reason()),
    }
}

fn verify(request: asked::Verify) -> Answer {
    let records = request.tlsa.iter().map(|record| record.parse::<Tlsa>());
    let Ok(records) = records.collect::<Result<Vec<_>, _>>() else {
        return Answer::bad_request("bad-tlsa");
    };
    let names = request.names.iter().map(|name| name.parse::<Name>());
    let Ok(names) = names.collect::<Result<Vec<_>, _>>() else {
        return Answer::bad_request("bad-name");
    };
    let profile = match request.profile {
        asked::Usages::Smtp => Profile::Smtp,
        asked::Usages::Generic => Profile::Generic,
    };
    match UsableSet::select(&records, profile, &Digests::default()) {
        Ok(usable) => judge(&request, &usable, &names),
        Err(why) => Answer::new("no-usable-records").because(why.reason()),
    }
}

fn judge(request: &asked::Verify, usable: &UsableSet, names: &[Name]) -> Answer {
    let chain: Vec<_> = request.chain_b64.iter().map(certificate).collect();
    let roots: Vec<_> = request.roots_b64.iter().map(certificate).collect();
    let Some((leaf, others)) = chain.split_first() else {
        return Answer::new("failed").because("no-match");
    };
    let algorithms = default_provider().signature_verification_algorithms.all;
    let verifier = Verifier::new(usable, names, algorithms).with_roots(&roots);
    let now = UnixTime::since_unix_epoch(Duration::from_secs(request.now));
    match verifier.verify(leaf, others, now) {
        Ok(matched) => Answer::new("authenticated")
            .with("record", matched.record())
            .with("usage", CertUsage::from(matched.usage()).0),
        Err(failure) => Answer::new("failed")
            .because(failure.reason())
            .with("result_type", failure.result_type().as_str()),
    }
}

fn certificate(der: &Base64) -> CertificateDer<'_> {
    CertificateDer::from(der.0.as_slice())
}
