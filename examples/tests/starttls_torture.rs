//! The real program, and clients that talk to it.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

struct Torture {
    child: Child,
    out: BufReader<ChildStdout>,
    address: String,
}

impl Torture {
    fn start(args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_starttls-torture"))
            .args(["--listen", "127.0.0.1:0", "--json", "--settle", "300"])
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut this = Self { child, out, address: String::new() };
        this.address = this.next()["listening"].as_str().unwrap().to_owned();
        this
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Sends each command once the reply to what was before has come, then leaves.
    fn talk(&self, commands: &[&str]) -> Vec<String> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let mut replies = Vec::new();
        for command in core::iter::once(None).chain(commands.iter().map(Some)) {
            if let Some(command) = command {
                stream.write_all(command.as_bytes()).unwrap();
            }
            while let Some(Ok(line)) = lines.next() {
                let is_last = line.as_bytes()[3] == b' ';
                replies.push(line);
                if is_last {
                    break;
                }
            }
        }
        replies
    }

    fn ends_with(mut self, status: i32) {
        assert_eq!(self.child.wait().unwrap().code(), Some(status));
    }
}

fn run(args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_starttls-torture")).args(args).output().unwrap();
    let text = |octets| String::from_utf8(octets).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_client_that_goes_on_in_clear_is_seen_line_by_line() {
    let mut torture = Torture::start(&["--script", "starttls/454"]);
    let replies = torture.talk(&[
        "EHLO client.test\r\n",
        "STARTTLS\r\n",
        "MAIL FROM:<>\r\n",
        "RCPT TO:<a@torture.test>\r\n",
        "DATA\r\n",
        "text\r\n.\r\n",
        "QUIT\r\n",
    ]);
    assert!(replies.iter().any(|reply| reply == "454 no"), "{replies:?}");
    let seen = torture.next();
    assert_eq!(seen["id"], "starttls/454");
    assert_eq!(seen["asked_of"]["opportunistic"]["verdict"], "retry-plaintext");
    assert_eq!(seen["asked_of"]["encrypt"]["verdict"], "refused");
    assert_eq!(seen["went_on_in_clear"], true);
    assert_eq!(seen["message_in_clear"], true);
    assert_eq!(seen["message_in_tls"], false);
    assert_eq!(seen["reconnected"], false);
    let lines = seen["connections"][0]["lines"].as_array().unwrap();
    let lines: Vec<&str> = lines.iter().map(|line| line["text"].as_str().unwrap()).collect();
    assert_eq!(lines[..3], ["EHLO client.test", "STARTTLS", "MAIL FROM:<>"]);
    assert_eq!(seen["connections"][0]["end"], "quit");
    torture.ends_with(0);
}

#[test]
fn each_try_gets_the_next_script_and_a_second_connection_belongs_to_it() {
    let mut torture = Torture::start(&["--script", "starttls/454", "--script", "ehlo/500"]);
    torture.talk(&["EHLO client.test\r\n", "STARTTLS\r\n", "QUIT\r\n"]);
    torture.talk(&["EHLO client.test\r\n", "QUIT\r\n"]);
    let first = torture.next();
    assert_eq!(first["id"], "starttls/454");
    assert_eq!(first["reconnected"], true);
    assert_eq!(first["connections"].as_array().unwrap().len(), 2);
    assert_eq!(first["went_on_in_clear"], false);
    torture.talk(&["EHLO client.test\r\n", "HELO client.test\r\n", "QUIT\r\n"]);
    let second = torture.next();
    assert_eq!(second["id"], "ehlo/500");
    assert_eq!(second["reconnected"], false);
    torture.ends_with(0);
}

#[test]
fn a_client_that_leaves_at_the_residue_is_seen_to_have_no_tls() {
    let mut torture = Torture::start(&["--script", "gap/one-reply-behind-220"]);
    let mut stream = TcpStream::connect(&torture.address).unwrap();
    let mut octets = [0; 512];
    for command in ["EHLO client.test\r\n", "STARTTLS\r\n"] {
        assert!(stream.read(&mut octets).unwrap() > 0);
        stream.write_all(command.as_bytes()).unwrap();
    }
    let read = stream.read(&mut octets).unwrap();
    assert_eq!(&octets[..read], b"220 2.0.0 ready for TLS\r\n250 ok\r\n");
    drop(stream);
    let seen = torture.next();
    assert_eq!(seen["connections"][0]["end"], "handshake-failed");
    assert_eq!(seen["connections"][0]["tls"], Value::Null);
    assert_eq!(seen["asked_of"]["opportunistic"]["reasons"][0], "starttls-residue");
    torture.ends_with(0);
}

#[test]
fn the_list_names_every_script() {
    let (status, out, _) = run(&["--list"]);
    assert_eq!(status, Some(0));
    assert!(out.lines().count() >= 120);
    let (status, out, _) = run(&["--list", "--json", "--script", "honest/plain"]);
    assert_eq!(status, Some(0));
    let only: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(only["asked_of"]["authenticate"]["verdict"], "secured");
}

#[test]
fn a_port_in_use_is_said_clearly() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (status, out, error) = run(&["--listen", &address]);
    assert_eq!((status, out.as_str()), (Some(69), ""));
    assert!(error.contains(&format!("cannot listen at {address}")), "{error}");
}

#[test]
fn an_unknown_script_and_a_wrong_option_are_usage_errors() {
    let (status, _, error) = run(&["--script", "no/such"]);
    assert_eq!(status, Some(64));
    assert!(error.contains("no/such"), "{error}");
    assert_eq!(run(&["--no-such-option"]).0, Some(64));
}

#[test]
fn without_a_client_it_gives_up_when_told_to() {
    let (status, _, error) = run(&["--listen", "127.0.0.1:0", "--wait", "1"]);
    assert_eq!(status, Some(1));
    assert!(error.contains("no client came"), "{error}");
}

#[test]
fn the_root_certificate_is_written_where_asked() {
    let path = std::env::temp_dir().join(format!("starttls-torture-{}.pem", std::process::id()));
    let written = path.to_str().unwrap();
    let (status, ..) = run(&["--listen", "127.0.0.1:0", "--wait", "0", "--root", written]);
    let pem = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(status, Some(1));
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----\n"));
    let (status, _, error) =
        run(&["--listen", "127.0.0.1:0", "--root", "/no/such/folder/root.pem"]);
    assert_eq!(status, Some(73));
    assert!(error.contains("/no/such/folder/root.pem"), "{error}");
}

/// What a client of others does is told as it is: `client` gets the host, the port and nothing more.
fn told_of(client: &[&str]) -> Value {
    let mut torture = Torture::start(&["--script", "honest/plain"]);
    let (host, port) = torture.address.rsplit_once(':').unwrap();
    let fill = |argument: &&str| argument.replace("HOST", host).replace("PORT", port);
    let arguments: Vec<String> = client.iter().map(fill).collect();
    let mut process = Command::new(&arguments[0])
        .args(&arguments[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(b"Subject: x\r\n\r\ntext\r\n").unwrap();
    let seen = torture.next();
    let _ = process.kill();
    process.wait().unwrap();
    torture.ends_with(0);
    seen
}

fn texts(seen: &Value, channel: &str) -> Vec<String> {
    let lines = seen["connections"][0]["lines"].as_array().unwrap();
    let of_channel = lines.iter().filter(|line| line["channel"] == channel);
    of_channel.map(|line| line["text"].as_str().unwrap().to_ascii_uppercase()).collect()
}

#[test]
#[ignore = "needs python3"]
fn the_smtp_client_of_python_is_told_line_by_line() {
    let program = "import smtplib, ssl\n\
        s = smtplib.SMTP('HOST', PORT)\n\
        s.starttls(context=ssl._create_unverified_context())\n\
        s.sendmail('a@a.test', ['b@torture.test'], 'Subject: x\\r\\n\\r\\ntext\\r\\n')\n\
        s.quit()\n";
    let seen = told_of(&["python3", "-c", program]);
    assert_eq!(seen["message_in_tls"], true, "{seen}");
    assert_eq!(seen["went_on_in_clear"], false);
    assert_eq!(texts(&seen, "clear").last().unwrap(), "STARTTLS");
    assert_eq!(texts(&seen, "tls").last().unwrap(), "QUIT");
}

#[test]
#[ignore = "needs openssl"]
fn the_client_of_openssl_is_told_to_have_come_into_tls() {
    let address = "HOST:PORT";
    let client = ["openssl", "s_client", "-starttls", "smtp", "-connect", address];
    let seen = told_of(&client);
    assert_eq!(texts(&seen, "clear").last().unwrap(), "STARTTLS", "{seen}");
    assert_eq!(seen["connections"][0]["tls"]["version"], "TLSv1.3");
    assert_eq!(seen["message_in_tls"], false);
}

#[test]
fn a_connection_that_outlasts_its_script_is_no_part_of_the_next() {
    let mut torture = Torture::start(&["--script", "starttls/454", "--script", "ehlo/500"]);
    let mut held = TcpStream::connect(&torture.address).unwrap();
    assert!(held.read(&mut [0; 512]).unwrap() > 0, "the greeting");
    for _ in 0..20 {
        torture.talk(&["QUIT\r\n"]);
    }
    let first = torture.next();
    assert_eq!(first["id"], "starttls/454");
    assert_eq!(first["connections"].as_array().unwrap().len(), 20);
    drop(held);
    torture.talk(&["EHLO client.test\r\n", "QUIT\r\n"]);
    let second = torture.next();
    assert_eq!((&second["id"], &second["reconnected"]), (&"ehlo/500".into(), &false.into()));
    assert_eq!(second["connections"][0]["script"], "ehlo/500");
    torture.ends_with(0);
}
