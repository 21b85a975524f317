//! What result types mean, in a sentence each.

/// The meaning of a result type as RFC 8460 section 4.3 registers it.
pub(crate) fn meaning(result_type: &str) -> &'static str {
    match result_type {
        "starttls-not-supported" => "The MX host did not offer STARTTLS.",
        "certificate-host-mismatch" => {
            "The certificate of the MX host does not have a name that the policy allows."
        }
        "certificate-expired" => "The certificate of the MX host has expired.",
        "certificate-not-trusted" => {
            "The chain of the MX host's certificate leads to nobody whom the sender trusts."
        }
        "validation-failure" => "TLS failed in another way; the reason says more.",
        "tlsa-invalid" => "No TLSA record of the MX host is valid.",
        "dnssec-invalid" => "The sender got no valid answer to its DNS question.",
        "dane-required" => "The sender demands DANE, and the MX host has no validated TLSA record.",
        "sts-policy-fetch-error" => "The MTA-STS policy could not be fetched.",
        "sts-policy-invalid" => "The MTA-STS policy was fetched, and is not valid.",
        "sts-webpki-invalid" => "The certificate of the MTA-STS policy host could not be verified.",
        "" => "The report does not say why these sessions failed.",
        _ => "Not a registered result type.",
    }
}

#[cfg(test)]
mod tests {
    use tlsrpt::ResultType;

    use super::*;

    #[test]
    fn each_registered_result_type_has_a_meaning_of_its_own() {
        let mut all: Vec<_> = ResultType::REGISTERED.iter().map(|t| meaning(t.as_str())).collect();
        all.extend([meaning(""), meaning("certificate-revoked")]);
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 13);
    }
}
