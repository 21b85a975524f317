//! Postfix: started with a configuration of its own, given one message for all domains, and read by its
//! log.

use core::fmt::Write as _;
use core::net::Ipv4Addr;
use core::time::Duration;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use super::cases::Case;
use super::namespace::{folder, run};
use super::{End, Ended, Level};

/// Delivers to all domains at both levels, and says how each delivery ended.
pub fn deliver(cases: &[Case]) -> impl Fn(Level, &Case) -> Ended + use<> {
    configure();
    // It returns once Postfix listens, or has failed; the namespace ends it.
    run("/usr/lib/postfix/sbin/master", &["-w"]);
    let recipients: Vec<String> = [Level::Opportunistic, Level::Mandatory]
        .iter()
        .flat_map(|level| cases.iter().map(|case| recipient(*level, case)))
        .collect();
    submit(&recipients);
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let log = log();
        let ended = read(&log);
        match recipients.iter().find(|one| !ended.contains_key(*one)) {
            None => return move |level, case: &Case| ended[&recipient(level, case)],
            Some(missing) => assert!(Instant::now() < deadline, "no end of {missing}\n{log}"),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn recipient(level: Level, case: &Case) -> String {
    format!("{}@{}", level.recipient(), case.domain)
}

pub fn log() -> String {
    fs::read_to_string(folder().join("mail.log")).unwrap_or_default()
}

fn configure() {
    let at = |name: &str| folder().join(name).to_str().unwrap().to_owned();
    let (queue, data) = (at("queue"), at("data"));
    let private = ["active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming"];
    let private = private.into_iter().chain(["private", "saved", "trace"]);
    for name in private {
        let path = format!("{queue}/{name}");
        run("install", &["-d", "-o", "postfix", "-m", "700", &path]);
    }
    run("install", &["-d", &format!("{queue}/pid")]);
    run("install", &["-d", "-o", "postfix", &data]);
    for (name, mode) in [("maildrop", "1730"), ("public", "710")] {
        let path = format!("{queue}/{name}");
        run("install", &["-d", "-o", "postfix", "-g", "postdrop", "-m", mode, &path]);
    }
    run("install", &["-d", "/etc/postfix"]);
    fs::write("/etc/postfix/master.cf", services()).unwrap();
    let mandatory = Level::Mandatory.recipient();
    fs::write("/etc/postfix/transport", format!("/^{mandatory}@/ {mandatory}:\n")).unwrap();
    let (log, prefix) = (at("mail.log"), at(""));
    let main = format!(
        "compatibility_level = 3.6\n\
         queue_directory = {queue}\n\
         data_directory = {data}\n\
         maillog_file = {log}\n\
         maillog_file_prefixes = {prefix}\n\
         myhostname = mta.example\n\
         mydestination =\n\
         alias_maps =\n\
         inet_interfaces = 127.0.0.1\n\
         inet_protocols = ipv4\n\
         transport_maps = regexp:/etc/postfix/transport\n\
         smtp_tls_security_level = dane\n\
         smtp_tls_dane_insecure_mx_policy = dane\n\
         smtp_dns_support_level = dnssec\n\
         smtp_host_lookup = dns\n\
         smtp_tls_loglevel = 1\n\
         smtp_connection_cache_on_demand = no\n\
         dnssec_probe =\n",
    );
    fs::write("/etc/postfix/main.cf", main).unwrap();
}

fn services() -> String {
    let mut text = String::from(
        "127.0.0.1:2525 inet n - n - - smtpd\n\
         qmgr unix n - n 300 1 qmgr\n\
         cleanup unix n - n - 0 cleanup\n\
         tlsmgr unix - - n 1000? 1 tlsmgr\n\
         postlog unix-dgram n - n - 1 postlogd\n",
    );
    let mandatory = Level::Mandatory.recipient();
    let command = "smtp -o smtp_tls_security_level=dane-only";
    writeln!(text, "{mandatory} unix - - n - - {command}").unwrap();
    for (name, limit, command) in [
        ("rewrite", "-", "trivial-rewrite"),
        ("bounce", "0", "bounce"),
        ("defer", "0", "bounce"),
        ("trace", "0", "bounce"),
        ("proxymap", "-", "proxymap"),
        ("smtp", "-", "smtp"),
        ("error", "-", "error"),
        ("retry", "-", "error"),
        ("scache", "1", "scache"),
        ("anvil", "1", "anvil"),
    ] {
        writeln!(text, "{name} unix - - n - {limit} {command}").unwrap();
    }
    text
}

/// One message to all.
fn submit(recipients: &[String]) {
    let stream = TcpStream::connect("127.0.0.1:2525").unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    let mut say = |line: &str, code: &str| {
        if !line.is_empty() {
            writer.write_all(format!("{line}\r\n").as_bytes()).unwrap();
        }
        let mut reply = String::new();
        reader.read_line(&mut reply).unwrap();
        assert!(reply.starts_with(code), "{line}: {reply}");
    };
    say("", "220");
    say("HELO test", "250");
    say("MAIL FROM:<>", "250");
    for recipient in recipients {
        say(&format!("RCPT TO:<{recipient}>"), "250");
    }
    say("DATA", "354");
    say("Subject: x\r\n\r\n.", "250");
    say("QUIT", "221");
}

/// The end of the delivery to each recipient. A process delivers one message at a time: the TLS connection that
/// it told of last is that of its next delivery, if it was to the same server.
fn read(log: &str) -> BTreeMap<String, Ended> {
    let mut ended = BTreeMap::new();
    let mut connections: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for line in log.lines() {
        let Some((process, text)) = line.split_once(": ") else { continue };
        let process = process.rsplit(' ').next().unwrap_or_default();
        if let Some((level, server)) = text.split_once(" TLS connection established to ") {
            let server = server.split_once(": ").map_or(server, |(server, _)| server);
            connections.insert(process, (level, server));
        }
        let Some(recipient) = between(text, ": to=<", ">") else { continue };
        let Some(status) = between(text, "status=", " ") else { continue };
        let relay = between(text, "relay=", ",").unwrap_or_default();
        let level = connections.remove(process).filter(|(_, server)| *server == relay);
        let end = match (status, level.map(|(level, _)| level)) {
            ("sent", Some("Verified")) => End::Authenticated,
            // It knows no roots: what it trusts are TLSA records of a host that was found insecurely.
            ("sent", Some("Trusted")) => End::HalfAuthenticated,
            ("sent", Some("Untrusted" | "Anonymous")) => End::Encrypted,
            ("sent", None) => End::Clear,
            ("deferred", _) => End::Deferred,
            ("bounced", _) => End::Refused,
            _ => panic!("{line}"),
        };
        let at = match end {
            End::Deferred | End::Refused => None,
            _ => between(relay, "[", "]").and_then(|address| address.parse::<Ipv4Addr>().ok()),
        };
        ended.insert(recipient.to_owned(), Ended { end, at });
    }
    ended
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    Some(text.split_once(before)?.1.split_once(after)?.0)
}
