use alloc::format;
use alloc::string::ToString;
use alloc::vec;

use super::*;
use crate::time::UtcDay;

fn empty() -> Report<'static> {
    let day: UtcDay = "2026-11-20".parse().unwrap();
    Report::new("Sender Example Ltd", "tls@sender.example", "1@sender.example", day.into())
}

const HEAD: &str = concat!(
    r#"{"organization-name":"Sender Example Ltd","date-range":{"start-datetime":"2026-11-20T00:00:00Z","#,
    r#""end-datetime":"2026-11-20T23:59:59Z"},"contact-info":"tls@sender.example","#,
    r#""report-id":"1@sender.example","policies":["#
);

fn check(report: &Report<'_>, policies: &str) {
    let json = report.to_json();
    assert_eq!(json, format!("{HEAD}{policies}]}}"));
    assert_eq!(report.json_len(), json.len());
    assert_eq!(serde_json::to_string(report).unwrap(), json);
    assert_eq!(report.clone().into_owned().to_json(), json);
}

fn count(failure: Failure<'static>, failed_session_count: u64) -> Detail<'static> {
    Detail { failure, failed_session_count }
}

// checks: tlsrpt/J5, tlsrpt/J6, tlsrpt/J7, tlsrpt/J8
#[test]
fn rfc8460_4_4_a_report_without_policies() {
    check(&empty(), "");
}

// checks: tlsrpt/S5, tlsrpt/J8, tlsrpt/J9, tlsrpt/J10, tlsrpt/J12, tlsrpt/J13, tlsrpt/J14
#[test]
fn rfc8460_4_4_members_by_policy_type() {
    let mut report = empty();
    let none = Summary::default();
    report.push(Policy::new(PolicyType::from("x"), "d.example"), none, []);
    report.push(Policy::new(PolicyType::NO_POLICY_FOUND, "d.example"), none, []);
    report.push(Policy::new(PolicyType::STS, "d.example"), none, []);
    report.push(Policy::new(PolicyType::TLSA, "d.example"), none, []);
    let summary =
        r#""summary":{"total-successful-session-count":0,"total-failure-session-count":0}"#;
    let row = |name: &str, strings: &str, hosts: &str| {
        format!(
            r#"{{"policy":{{"policy-type":"{name}"{strings},"policy-domain":"d.example"{hosts}}},{summary}}}"#
        )
    };
    let strings = r#","policy-string":[]"#;
    let rows = [
        row("tlsa", strings, ""),
        row("sts", strings, r#","mx-host":[]"#),
        row("no-policy-found", "", ""),
        row("x", "", ""),
    ];
    check(&report, &rows.join(","));
}

// checks: tlsrpt/J3, tlsrpt/J15, tlsrpt/J16, tlsrpt/J17, tlsrpt/J18, tlsrpt/J19, tlsrpt/P2
#[test]
fn rfc8460_4_4_all_members_of_a_failure() {
    let mut report = empty();
    let failure = Failure {
        sending_mta_ip: Address::exact("2001:0db8::1"),
        receiving_mx_hostname: Some("mx.example".into()),
        receiving_mx_helo: Some("a\"b\\c\r\n\u{7f}".into()),
        receiving_ip: Some(Address::Text("no address".into())),
        additional_information: Some("https://x.example/".into()),
        failure_reason_code: Some("é".into()),
        ..Failure::new(ResultType::VALIDATION_FAILURE)
    };
    let policy =
        Policy::new(PolicyType::STS, "d.example").strings(["version: STSv1"]).mx_hosts(["*.d"]);
    report.push(policy, Summary { successful: 1, failed: u64::MAX }, [count(failure, 2)]);
    check(
        &report,
        concat!(
            r#"{"policy":{"policy-type":"sts","policy-string":["version: STSv1"],"policy-domain":"d.example","#,
            r#""mx-host":["*.d"]},"summary":{"total-successful-session-count":1,"#,
            r#""total-failure-session-count":18446744073709551615},"failure-details":[{"#,
            r#""result-type":"validation-failure","sending-mta-ip":"2001:db8::1","#,
            r#""receiving-mx-hostname":"mx.example","receiving-mx-helo":"a\"b\\c\r\n"#,
            "\u{7f}",
            r#"","receiving-ip":"no address","failed-session-count":2,"#,
            r#""additional-information":"https://x.example/","failure-reason-code":"é"}]}"#
        ),
    );
}

#[test]
fn house_details_by_count_then_key() {
    for rows in [3, 256, 257] {
        let mut report = empty();
        let names: vec::Vec<_> = (0..rows).map(|n| format!("r{:03}", rows - n)).collect();
        let details = names.iter().enumerate().map(|(at, name)| Detail {
            failure: Failure::new(ResultType::from(name.as_str())),
            failed_session_count: (at % 2) as u64,
        });
        let mut report_of_all = empty();
        report_of_all.push(Policy::new(PolicyType::TLSA, "d"), Summary::default(), details.clone());
        let mut sorted: vec::Vec<_> = details.collect();
        sorted.sort_by_key(|d| {
            (core::cmp::Reverse(d.failed_session_count), d.failure.result_type.clone())
        });
        report.push(Policy::new(PolicyType::TLSA, "d"), Summary::default(), sorted);
        assert_eq!(report.to_json(), report_of_all.to_json());
        assert_eq!(serde_json::to_string(&report_of_all).unwrap(), report.to_json());
        assert_eq!(report_of_all.json_len(), report.to_json().len());
    }
}

// checks: tlsrpt/S5
#[test]
fn house_policies_by_type_domain_and_strings() {
    let mut report = empty();
    for (name, domain, string) in
        [("sts", "b", "y"), ("sts", "b", "x"), ("sts", "a", "z"), ("tlsa", "c", "")]
    {
        let policy = Policy::new(PolicyType::from(name), domain).strings([string]);
        report.push(policy, Summary::default(), []);
    }
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    let order: vec::Vec<_> = json["policies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["policy"]["policy-string"][0].to_string())
        .collect();
    assert_eq!(order, [r#""""#, r#""z""#, r#""x""#, r#""y""#]);
}

#[test]
fn the_model_gives_back_what_was_put_in() {
    let mut report = empty();
    let failure = Failure::new(ResultType::CERTIFICATE_EXPIRED);
    let policy = Policy::new(PolicyType::STS, "d.example").strings(["a", "b"]).mx_hosts(["c"]);
    report.push(policy, Summary { successful: 1, failed: 2 }, [count(failure.clone(), 2)]);
    let policy = report.policies().next().unwrap();
    assert_eq!(policy.policy_type(), &PolicyType::STS);
    assert_eq!(policy.policy_domain(), "d.example");
    assert_eq!(policy.policy_strings(), ["a", "b"]);
    assert_eq!(policy.mx_hosts(), ["c"]);
    assert_eq!(policy.summary(), Summary { successful: 1, failed: 2 });
    assert_eq!(policy.details(), [count(failure, 2)]);
    assert_eq!(report.details().count(), 1);
    assert_eq!(
        (report.organization_name(), report.contact_info()),
        ("Sender Example Ltd", "tls@sender.example")
    );
    assert_eq!(report.report_id(), "1@sender.example");
}
