//! The page in a real browser: what reports say is shown, and neither run nor fetched.
//!
//! A browser that runs nothing would pass too. So each test has its control: the same texts put into
//! a page without any care, where the browser must run and fetch them.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use super::*;

/// Ends a browser that does not end.
const DEADLINE: Duration = Duration::from_secs(120);

/// What a hostile page would call: it counts the connections that come.
struct Elsewhere {
    port: u16,
    calls: Arc<AtomicUsize>,
}

impl Elsewhere {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let calls = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&calls);
        thread::spawn(move || {
            for stream in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
                drop(stream);
            }
        });
        Self { port, calls }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

/// A browser, ended with its test however that ends.
struct Browser(Child);

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a browser makes of a page: its elements as text, and what it complains of.
struct Shown {
    dom: String,
    complaints: String,
}

fn browse(folder: &Folder, page: &Path) -> Shown {
    let profile = folder.0.join(format!("profile-{}", page.file_stem().unwrap().display()));
    let mut url = String::from("file://");
    for byte in page.to_str().unwrap().bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => {
                url.push(byte.into())
            }
            _ => url += &format!("%{byte:02x}"),
        }
    }
    let (dom, complaints) = (folder.0.join("dom"), folder.0.join("complaints"));
    let mut browser = Browser(
        Command::new("chromium")
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
            ])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ])
            .args(["--disable-dev-shm-usage", "--enable-logging=stderr", "--v=0"])
            // Nothing but loopback can be reached, whatever the page or the browser wants.
            .arg("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
            .args(["--virtual-time-budget=3000", "--dump-dom"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(url)
            .stdin(Stdio::null())
            .stdout(fs::File::create(&dom).unwrap())
            .stderr(fs::File::create(&complaints).unwrap())
            .spawn()
            .expect("chromium starts"),
    );
    let start = Instant::now();
    let status = loop {
        match browser.0.try_wait().unwrap() {
            Some(status) => break status,
            None if start.elapsed() > DEADLINE => panic!("the browser does not end"),
            None => thread::sleep(Duration::from_millis(20)),
        }
    };
    let text = |path: &Path| {
        let mut bytes = Vec::new();
        fs::File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let shown = Shown { dom: text(&dom), complaints: text(&complaints) };
    assert!(status.success() && shown.dom.contains("</html>"), "{status}: {}", shown.complaints);
    shown
}

/// Texts that would run or fetch something wherever one of them became markup. Each way to run sets
/// the title of the page.
fn payloads(port: u16) -> Vec<String> {
    let there = format!("http://127.0.0.1:{port}");
    let run = "document.title='owned'";
    let mut all = vec![
        format!("<script>{run}</script>"),
        format!("</style><script>{run}</script>"),
        format!("</title><script>{run}</script>"),
        format!("</script><script>{run}</script>"),
        format!("--><script>{run}</script>"),
        format!("]]><script>{run}</script>"),
        format!("<img src=x onerror=\"{run}\">"),
        format!("<img src='{there}/image'>"),
        format!("\"><img src=x onerror={run}>"),
        format!("' onmouseover='{run}' autofocus onfocus='{run}' tabindex=1 x='"),
        format!("<svg onload=\"{run}\"><animate onbegin=\"{run}\" attributeName=x dur=1s></svg>"),
        format!("</svg><svg><script href='data:,{run}'></script>"),
        format!("<iframe srcdoc=\"<script>top.{run}</script>\"></iframe>"),
        format!("<iframe src='{there}/frame'></iframe>"),
        format!("<object data='{there}/object'></object>"),
        format!("<link rel=stylesheet href='{there}/style'>"),
        format!("<link rel=prefetch href='{there}/prefetch'>"),
        format!("<style>@import '{there}/import'; td {{ background: url({there}/paint) }}</style>"),
        format!("<script src='{there}/script'></script>"),
        format!("<body onload=\"{run}\" background='{there}/background'>"),
        format!("<base href='{there}/'><form action='{there}'><input autofocus onfocus=\"{run}\">"),
        format!("<details open ontoggle=\"{run}\">"),
        format!("<video><source onerror=\"{run}\"></video>"),
        format!("javascript:{run}"),
        format!("data:text/html,<script>{run}</script>"),
        format!("\u{2028}<script>{run}</script>\u{2029}"),
        format!("\u{202e}<script>{run}</script>\u{2066}"),
        format!("&lt;script&gt;{run}&lt;/script&gt;&#60;script>"),
        format!("\u{0}<scr\u{0}ipt>{run}</script>"),
        format!("{}<script>{run}</script>", "x".repeat(400)),
    ];
    all.push("x".repeat(60_000));
    all
}

/// The report of which every text is the payload; its id tells it from the others.
fn report_of(payload: &str, number: usize) -> Report<'_> {
    let day: UtcDay = "2026-11-20".parse().unwrap();
    let mut report = Report::new(payload, payload, format!("{number}{payload}"), day.into());
    let policy =
        Policy::new(PolicyType::from(payload), payload).strings([payload]).mx_hosts([payload]);
    let mut failure = Failure::new(ResultType::from(payload));
    failure.sending_mta_ip = Some(Address::Text(payload.into()));
    failure.receiving_ip = Some(Address::Text(payload.into()));
    failure.receiving_mx_hostname = Some(payload.into());
    // Another text than the host's, so that it is shown.
    failure.receiving_mx_helo = Some(format!("helo {payload}").into());
    failure.additional_information = Some(payload.into());
    failure.failure_reason_code = Some(payload.into());
    let detail = Detail { failure, failed_session_count: 2 };
    report.push(policy, Summary { successful: 10, failed: 2 }, [detail]);
    report
}

/// The texts of the elements of this name, entities resolved as a browser writes them.
fn texts(dom: &str, element: &str) -> Vec<String> {
    let (open, close) = (format!("<{element}"), format!("</{element}>"));
    let mut parts = dom.split(&open);
    parts.next();
    let text = |part: &str| {
        let (attributes, rest) = part.split_once('>')?;
        let fits = attributes.is_empty() || attributes.starts_with(' ');
        let (text, _) = rest.split_once(&close)?;
        let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u{a0}");
        fits.then(|| text.replace("&amp;", "&"))
    };
    parts.filter_map(text).collect()
}

#[test]
#[ignore = "needs chromium"]
fn what_reports_say_is_shown_and_neither_run_nor_fetched() {
    let folder = Folder::new("browser");
    let elsewhere = Elsewhere::new();
    let payloads = payloads(elsewhere.port);

    // The control: without care the browser runs and fetches what these texts say.
    let careless = payloads.iter().map(|text| format!("<td title=\"{text}\">{text}</td>"));
    let careless =
        format!("<title>careless</title><table>{}</table>", careless.collect::<String>());
    let shown = browse(&folder, &folder.put("careless.html", careless));
    assert_eq!(texts(&shown.dom, "title").first().unwrap(), "owned");
    let control = elsewhere.calls();
    assert!(control > 2, "the careless page fetched {control} times");

    let mut files = Vec::new();
    for (number, payload) in payloads.iter().enumerate() {
        files.push(folder.put(&format!("in/{number}.json"), report_of(payload, number).to_json()));
    }
    // The names of files are foreign text too.
    files.push(folder.put("in/<img src=x onerror=document.title='owned'>.json", "no report"));
    let page = folder.0.join("page.html");
    let mut arguments: Vec<&dyn AsRef<std::ffi::OsStr>> = vec![&"--html", &page];
    arguments.extend(files.iter().map(|file| file as &dyn AsRef<std::ffi::OsStr>));
    assert_eq!(view(&arguments).status.code(), Some(1));
    let text = fs::read_to_string(&page).unwrap();
    strict(&text);
    let before = elsewhere.calls();
    let shown = browse(&folder, &page);
    assert_eq!(elsewhere.calls(), before, "something was fetched");
    assert_eq!(texts(&shown.dom, "title").first().unwrap(), "TLS reports");
    // Markup kept them out, not only the policy behind it: that had nothing to refuse, our style
    // included.
    for word in ["Content Security Policy", "Refused to", "CONSOLE"] {
        assert!(!shown.complaints.contains(word), "{}", shown.complaints);
    }
    for element in ["script", "img", "iframe", "object", "link", "form", "input", "base", "video"] {
        assert!(!shown.dom.contains(&format!("<{element}")), "{element}");
    }
    // What the browser holds is what was written, as text.
    let cells = texts(&shown.dom, "td");
    for payload in payloads.iter().filter(|payload| payload.chars().count() < 250) {
        let visible: String = payload
            .chars()
            .map(|c| match c {
                '\u{0}' | '\u{2028}' | '\u{2029}' | '\u{202e}' | '\u{2066}' => {
                    format!("\\u{{{:x}}}", u32::from(c))
                }
                c => c.to_string(),
            })
            .collect();
        let times = cells.iter().filter(|cell| **cell == visible).count();
        assert!(times >= 8, "{times} times: {visible}");
    }
    // The totals are those of the reports.
    let count = payloads.len();
    let figures: Vec<_> =
        texts(&shown.dom, "dt").into_iter().zip(texts(&shown.dom, "dd")).collect();
    let figure = |name: &str| {
        &figures.iter().find(|(other, _)| other == name).expect("the figure is there").1
    };
    assert_eq!(figure("reports"), &count.to_string());
    assert_eq!(figure("sessions successful"), &(10 * count).to_string());
    assert_eq!(figure("sessions failed"), &(2 * count).to_string());
    assert_eq!(figure("share failed"), "16.66 %");
    assert_eq!(figure("could not be read"), "1");
}

#[test]
#[ignore = "needs chromium"]
fn the_page_forbids_what_it_does_not_have() {
    let folder = Folder::new("policy");
    let elsewhere = Elsewhere::new();
    let file = folder.put("one.json", report("1", "2026-11-20", 3).to_json());
    let page = folder.0.join("page.html");
    assert_eq!(view(&[&"--html", &page, &file]).status.code(), Some(0));
    // If some text did become markup one day, the policy of the page would still hold it back.
    let hostile: String =
        payloads(elsewhere.port).into_iter().filter(|p| p.starts_with('<')).collect();
    let broken = fs::read_to_string(&page).unwrap().replace("<main>", &format!("<main>{hostile}"));
    let shown = browse(&folder, &folder.put("broken.html", broken));
    assert!(shown.dom.contains("<script"), "the markup was put in");
    assert_eq!(texts(&shown.dom, "title").first().unwrap(), "TLS reports");
    assert_eq!(elsewhere.calls(), 0, "something was fetched");
    assert!(shown.complaints.contains("Content Security Policy"), "{}", shown.complaints);
}
