//! The real `tlsrpt-view` on reports that are made here, hostile ones among them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod browser;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tlsrpt::{
    Address, Compressor, Detail, Failure, Policy, PolicyType, Report, ResultType, Summary, UtcDay,
};

/// A folder that goes away with its test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("view-{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn view(args: &[&dyn AsRef<std::ffi::OsStr>]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tlsrpt-view"));
    command.args(args.iter().map(|arg| arg.as_ref())).output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

fn report(id: &'static str, day: &str, failed: u64) -> Report<'static> {
    let day: UtcDay = day.parse().unwrap();
    let mut report = Report::new("Sender Ltd", "tls@sender.example", id, day.into());
    let policy = Policy::new(PolicyType::STS, "Example.net")
        .strings(["mode: enforce"])
        .mx_hosts(["mx.example.net"]);
    let details = ["mx.example.net", "mx.intruder.example"].map(|host| {
        let mut failure = Failure::new(ResultType::CERTIFICATE_EXPIRED);
        failure.receiving_mx_hostname = Some(host.into());
        failure.receiving_ip = Some("192.0.2.1".into());
        Detail { failure, failed_session_count: failed }
    });
    report.push(policy, Summary { successful: 100, failed: 2 * failed }, details);
    report
}

fn gzip(report: &Report<'_>) -> Vec<u8> {
    Compressor::new().gzip(report.to_json().as_bytes())
}

fn mail(reports: &[Vec<u8>]) -> String {
    let mut mail = "From: tls@sender.example\r\nTLS-Report-Domain: example.net\r\n\
        TLS-Report-Submitter: sub.sender.example\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/report; report-type=tlsrpt; boundary=b\r\n\r\n"
        .to_owned();
    for report in reports {
        mail += "--b\r\nContent-Type: application/tlsrpt+gzip\r\n\
            Content-Transfer-Encoding: base64\r\n\r\n";
        mail += &STANDARD.encode(report);
        mail += "\r\n";
    }
    mail + "--b--\r\n"
}

// checks: tlsrpt/F3, tlsrpt/M1, tlsrpt/R2
#[test]
fn json_gzip_mail_and_maildir_are_counted_together_and_duplicates_once() {
    let folder = Folder::new("formats");
    let [one, two, three] = [("1", "2026-11-20"), ("2", "2026-11-21"), ("3", "2026-11-25")]
        .map(|(id, day)| report(id, day, 3));
    let plain = folder.put("one.json", one.to_json());
    let packed = folder.put("two.json.gz", gzip(&two));
    let letter = folder.put("both.eml", mail(&[gzip(&one), gzip(&three)]));
    let other = folder.put("changed", report("2", "2026-11-21", 4).to_json());
    folder.put("Maildir/cur/1:2,S", mail(&[gzip(&two)]));
    folder.put("Maildir/new/2", mail(&[gzip(&report("4", "2026-11-25", 1))]));
    folder.put("Maildir/tmp/3", "half a mail");
    folder.put("Maildir/cur/.hidden", "no mail");
    let maildir = folder.0.join("Maildir");
    let output = view(&[&"--json", &plain, &packed, &letter, &other, &maildir]);
    assert_eq!(output.status.code(), Some(0));
    let summary = json(&output);
    let totals = &summary["totals"];
    for (name, number) in [
        ("files", 6),
        ("reports", 4),
        ("duplicates", 2),
        ("conflicts", 1),
        ("unread", 0),
        ("successful", 400),
        ("failed", 20),
    ] {
        assert_eq!(totals[name], number, "{name}");
    }
    assert_eq!(summary["range"]["first"], "2026-11-20T00:00:00Z");
    assert_eq!(summary["range"]["last"], "2026-11-25T23:59:59Z");
    let policies = summary["policies"]["rows"].as_array().unwrap();
    assert_eq!(policies.len(), 1);
    assert_eq!(
        (&policies[0]["domain"], &policies[0]["failed"]),
        (&"example.net".into(), &20.into())
    );
    let results = &summary["results"]["rows"];
    assert_eq!(results[0]["result_type"], "certificate-expired");
    assert_eq!(results[0]["sessions"], 20);
    let days: Vec<_> =
        summary["days"]["rows"].as_array().unwrap().iter().map(|d| d["day"].clone()).collect();
    assert_eq!(days, ["2026-11-20", "2026-11-21", "2026-11-25"]);
    let hosts: Vec<_> = summary["hosts"]["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|host| {
            (host["host"].as_str().unwrap(), host["in_policy"].as_str().unwrap(), &host["sessions"])
        })
        .collect();
    assert_eq!(
        hosts,
        [("mx.example.net", "yes", &10.into()), ("mx.intruder.example", "no", &10.into())]
    );
    // Of two reports under one key the first counts: four failed sessions a host, not three.
    let text = String::from_utf8(view(&[&plain, &plain, &other, &packed]).stdout).unwrap();
    assert!(text.contains("1 report came again and counted once"), "{text}");
    assert!(text.contains("1 report came again with another content"), "{text}");
    assert!(text.contains("200 sessions successful, 14 failed"), "{text}");
    assert!(
        text.contains("failed\na session counts under each policy that applied to it\n"),
        "{text}"
    );
}

#[test]
fn what_cannot_be_read_is_listed_and_stops_nothing() {
    let folder = Folder::new("unread");
    let good = folder.put("good.json", report("1", "2026-11-20", 1).to_json());
    let half = folder.put("half.json", "{\"a\":");
    let list = folder.put("list.json", "[]");
    let cut = folder.put("cut.gz", &gzip(&report("2", "2026-11-20", 1))[..40]);
    let letter = folder.put("plain.eml", "Subject: hello\r\n\r\nno report\r\n");
    let mixed =
        folder.put("mixed.eml", mail(&[gzip(&report("3", "2026-11-20", 1)), b"{}".to_vec()]));
    let empty = folder.0.join("empty");
    fs::create_dir_all(&empty).unwrap();
    let absent = folder.0.join("absent");
    let output = view(&[&"--json", &half, &list, &cut, &letter, &mixed, &empty, &absent, &good]);
    assert_eq!(output.status.code(), Some(1));
    let summary = json(&output);
    assert_eq!(summary["totals"]["reports"], 2);
    let reasons: Vec<_> = summary["unread"]["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["reason"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        reasons,
        [
            "not-json",
            "not-an-object",
            "gzip-truncated",
            "mail-without-report",
            "policies-missing",
            "not-a-maildir",
            "not-found"
        ]
    );
    let text = String::from_utf8(view(&[&half, &good]).stdout).unwrap();
    assert!(text.contains("half.json") && text.contains("not-json"), "{text}");
    assert_eq!(view(&[&half, &absent]).status.code(), Some(2));
    assert_eq!(view(&[&good]).status.code(), Some(0));
    assert_eq!(view(&[]).status.code(), Some(64));
    assert_eq!(view(&[&"--nonsense"]).status.code(), Some(64));
    let nowhere = absent.join("page.html");
    assert_eq!(view(&[&"--html", &nowhere, &good]).status.code(), Some(73));
}

const HOSTILE: &str = "</td></style><script>alert(1)</script><img src=x onerror=alert(1)>\" onload='x'\
    &lt;&#60;\x1b[2J\u{9b}31m\r\n\t\0\u{202e}\u{2066}\u{200f}\u{e0041}]]>-->";

fn hostile() -> Report<'static> {
    let day: UtcDay = "2026-11-20".parse().unwrap();
    let long: &'static str = format!("{HOSTILE}{}", "x".repeat(60_000)).leak();
    let mut report = Report::new(HOSTILE, HOSTILE, HOSTILE, day.into());
    let policy =
        Policy::new(PolicyType::from(HOSTILE), HOSTILE).strings([HOSTILE]).mx_hosts([HOSTILE]);
    let mut failure = Failure::new(ResultType::from(HOSTILE));
    failure.sending_mta_ip = Some(Address::Text(HOSTILE.into()));
    failure.receiving_ip = Some(Address::Text(HOSTILE.into()));
    failure.receiving_mx_hostname = Some(HOSTILE.into());
    failure.receiving_mx_helo = Some(HOSTILE.into());
    failure.additional_information = Some(HOSTILE.into());
    failure.failure_reason_code = Some(long.into());
    let most = (1 << 53) - 1;
    let summary = Summary { successful: most, failed: most };
    report.push(policy, summary, [Detail { failure, failed_session_count: most }]);
    report
}

/// What must never reach a terminal or a reader's eyes.
fn is_bad(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')
}

// checks: tlsrpt/P1
#[test]
fn hostile_text_stays_text_everywhere() {
    let folder = Folder::new("hostile");
    let name = "<script>\u{202e}\x1b[31m\n&amp;\".json";
    let file = folder.put(name, hostile().to_json());
    let page = folder.0.join("page.html");
    let output = view(&[&"--json", &"--html", &page, &file, &folder.0.join("\x1b]0;x\x07<b>")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.iter().all(|&b| b == b'\n' || b == b' ' || b.is_ascii_graphic()));
    let summary = json(&output);
    assert_eq!(summary["senders"]["rows"][0]["organization"], HOSTILE);
    let reason = summary["failures"]["rows"][0]["failure_reason_code"].as_str().unwrap();
    assert!(reason.len() > 500 && reason.len() <= 512 + "…".len() && reason.ends_with("x…"));

    let text = String::from_utf8(view(&[&file]).stdout).unwrap();
    assert!(text.contains("</td></style><script>") && !text.contains(is_bad), "{text:?}");
    let longest = text.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(longest < 3000, "{longest}");

    let page = fs::read_to_string(page).unwrap();
    assert!(!page.contains(is_bad));
    let cells = strict(&page);
    let shown = "</td></style><script>alert(1)</script><img src=x onerror=alert(1)>\" onload='x'\
        &lt;&#60;\\u{1b}[2J\\u{9b}31m\\u{d}\\u{a}\\u{9}\\u{0}\\u{202e}\\u{2066}\\u{200f}\\u{e0041}]]>-->";
    let lower = shown.to_ascii_lowercase();
    let times = cells.iter().filter(|cell| **cell == shown || **cell == lower).count();
    assert!(times >= 15, "{times}");
    assert!(cells.iter().all(|cell| cell.chars().count() < 1000));
}

// checks: tlsrpt/P1
#[test]
fn tables_are_bounded_and_say_so() {
    let folder = Folder::new("many");
    let day: UtcDay = "2026-11-20".parse().unwrap();
    let mut many = Report::new("o", "a@b.example", "1", day.into());
    for number in 0..1000 {
        let policy = Policy::new(PolicyType::NO_POLICY_FOUND, format!("d{number}.example"));
        many.push(policy, Summary { successful: 1, failed: 0 }, []);
    }
    let file = folder.put("many.json", many.to_json());
    let text = String::from_utf8(view(&[&file]).stdout).unwrap();
    assert!(text.contains("and 980 more"), "{text}");
    let page = folder.0.join("page.html");
    assert!(view(&[&"--html", &page, &file]).stdout.is_empty());
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("<p>and 800 more</p>"));
    strict(&page);
}

/// Runs it with so many KiB of address space.
fn view_within(kib: u32, args: &[&dyn AsRef<std::ffi::OsStr>]) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -v {kib} && exec \"$0\" \"$@\"")]);
    command.arg(env!("CARGO_BIN_EXE_tlsrpt-view")).args(args.iter().map(|arg| arg.as_ref()));
    command.output().unwrap()
}

/// A report of so many failures, of which each has a result type and a host of its own, under one long name.
fn named(name: &'static str, failures: u64) -> String {
    let day: UtcDay = "2026-11-20".parse().unwrap();
    let mut report = Report::new(name, "a@b.example", "1", day.into());
    let details = (0..failures).map(|number| {
        let mut failure = Failure::new(ResultType::from(&*format!("r{number}").leak()));
        failure.receiving_mx_hostname = Some(format!("h{number}").into());
        Detail { failure, failed_session_count: 1 }
    });
    let policy = Policy::new(PolicyType::from(name), name);
    report.push(policy, Summary { successful: 0, failed: failures }, details);
    report.to_json()
}

// checks: tlsrpt/P1
#[test]
fn rfc8460_7_a_long_name_is_not_kept_anew_for_each_failure() {
    let folder = Folder::new("names");
    let file = folder.put("names.json", named("\u{1f4e7}".repeat(512).leak(), 40_000));
    let page = folder.0.join("page.html");
    let output = view_within(200_000, &[&"--html", &page, &file]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains(">40,000</dd>"), "all sessions count");
}

// checks: tlsrpt/P1
#[test]
fn rfc8460_7_the_object_is_nowhere_whole_in_memory_and_is_bounded() {
    let folder = Folder::new("object");
    let file = folder.put("names.json", named("x".repeat(510).leak(), 24_000));
    let output = view_within(100_000, &[&"--json", &file]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.len() > 40_000_000, "{}", output.stdout.len());
    let summary = json(&output);
    for table in ["results", "failures", "hosts"] {
        let (table, rows) = (&summary[table], summary[table]["rows"].as_array().unwrap());
        let counted: u64 = rows.iter().map(|row| row["sessions"].as_u64().unwrap()).sum();
        assert_eq!(counted + table["more_sessions"].as_u64().unwrap(), 24_000);
        assert_eq!(rows.len() as u64 + table["more"].as_u64().unwrap(), 24_000);
    }
    assert!(summary["failures"]["more"].as_u64().unwrap() > 0, "no room for all of them");
}

// checks: tlsrpt/P1, tlsrpt/R2
#[test]
fn rfc8460_7_what_is_kept_of_a_report_does_not_grow_with_its_domains() {
    let folder = Folder::new("keys");
    let day: UtcDay = "2026-11-20".parse().unwrap();
    let letters = "a".repeat(60);
    let tail = [letters.as_str(); 3].join(".");
    let files: Vec<_> = (0..30)
        .map(|id| {
            let mut report = Report::new("o", "a@b.example", id.to_string(), day.into());
            for number in 0..3_000 {
                let domain = format!("d{number}.{tail}");
                let policy = Policy::new(PolicyType::NO_POLICY_FOUND, domain);
                report.push(policy, Summary { successful: 1, failed: 0 }, []);
            }
            folder.put(&format!("{id}.json"), report.to_json())
        })
        .collect();
    let args: Vec<&dyn AsRef<std::ffi::OsStr>> =
        files.iter().chain(&files[..1]).map(|file| file as &dyn AsRef<std::ffi::OsStr>).collect();
    let output = view_within(24_000, &args);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.starts_with("30 reports in 31 files"), "{text}");
    assert!(text.contains("1 report came again and counted once"), "{text}");
}

/// Reads a page that may have nothing but the few elements and attributes that the program writes,
/// well nested and quoted, and a style that its policy names; returns the text of its cells.
fn strict(page: &str) -> Vec<String> {
    const VOID: [&str; 2] = ["meta", "rect"];
    const ELEMENTS: &[&str] = &[
        "html", "head", "title", "style", "body", "main", "h1", "h2", "p", "dl", "div", "dt", "dd",
        "section", "table", "thead", "tbody", "tr", "th", "td", "svg", "g", "path", "rect", "meta",
        "span", "header", "nav", "ul", "li", "a", "h3", "b", "details", "summary",
    ];
    const ATTRIBUTES: &[&str] = &[
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "class",
        "scope",
        "data-title",
        "role",
        "aria-label",
        "viewBox",
        "x",
        "y",
        "width",
        "height",
        "d",
        "id",
        "href",
        "tabindex",
        "preserveAspectRatio",
    ];
    let mut rest = page.strip_prefix("<!DOCTYPE html>\n").unwrap();
    let (mut open, mut cells, mut policy) = (Vec::new(), Vec::new(), None);
    while let Some(at) = rest.find('<') {
        let text = entities(&rest[..at]);
        if open.last() == Some(&"td") {
            cells.push(text);
        }
        let (tag, after) = rest[at + 1..].split_once('>').unwrap();
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "nesting");
            continue;
        }
        let (tag, closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(ELEMENTS.contains(&name), "element {name}");
        while !attributes.is_empty() {
            let (attribute, value) = attributes.split_once("=\"").unwrap();
            let (value, after) = value.split_once('"').unwrap();
            assert!(ATTRIBUTES.contains(&attribute), "attribute {attribute}");
            if attribute == "content" && entities(value).starts_with("default-src") {
                policy = Some(entities(value));
            }
            assert!(
                attribute != "href" || value.starts_with('#'),
                "a link leaves the page: {value}"
            );
            assert!(after.is_empty() || after.starts_with(' '), "after {attribute}: {after}");
            attributes = after.trim_start();
        }
        if name == "style" {
            let (style, after) = rest.split_once("</style>").unwrap();
            let digest = STANDARD.encode(Sha256::digest(style));
            let wanted = format!(
                "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
            );
            assert_eq!(
                policy.as_deref(),
                Some(wanted.as_str()),
                "the policy stands before the style"
            );
            assert!(!style.contains("url(") && !style.contains("@import") && !style.contains('<'));
            rest = after;
        } else if !closed && !VOID.contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty() && rest == "\n", "{open:?} {rest:?}");
    assert!(policy.is_some());
    cells
}

/// The text of markup without tags; only the five entities that the program writes are known.
fn entities(markup: &str) -> String {
    assert!(!markup.contains(['>', '\'']), "{markup}");
    let mut parts = markup.split('&');
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        let (name, after) = part.split_once(';').unwrap();
        text.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "#39" => '\'',
            _ => panic!("entity {name}"),
        });
        text.push_str(after);
    }
    text
}
