//! A program as testee.

use core::time::Duration;
use std::io::{self, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;

use serde_json::{Map, Value};

use super::{Silence, Strictness, Testee};
use crate::line::{Line, Lines};

/// How long to wait for a program, and how often to start it again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// The longest time from a request to its answer.
    pub answer: Duration,
    /// How often it is started again after it has crashed or hung.
    pub restarts: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { answer: Duration::from_secs(10), restarts: 1 }
    }
}

/// A program that reads requests from its standard input and writes answers to its standard output.
#[derive(Debug)]
pub struct External {
    command: String,
    limits: Limits,
    process: Option<Process>,
    starts_left: u32,
}

impl External {
    /// A program by its shell command, which may be any: `cd there && ./testee`. It is started with
    /// the first request, in a process group of its own, and ended with all that it has started.
    #[must_use]
    pub fn new(command: impl Into<String>, limits: Limits) -> Self {
        Self {
            command: command.into(),
            limits,
            process: None,
            starts_left: limits.restarts.saturating_add(1),
        }
    }

    fn running(&mut self) -> Result<Process, Silence> {
        if let Some(process) = self.process.take() {
            return Ok(process);
        }
        self.starts_left = self.starts_left.checked_sub(1).ok_or(Silence::Lost)?;
        Process::start(&self.command).map_err(|error| Silence::NotStarted(error.to_string()))
    }
}

impl Testee for External {
    fn ask(&mut self, request: Map<String, Value>) -> Result<Value, Silence> {
        let mut process = self.running()?;
        let id = request.get("id").cloned();
        let answer = process.exchange(Value::Object(request), self.limits.answer)?;
        // Only a program that answers in time is asked again; the others are ended by now.
        self.process = Some(process);
        if answer.get("id") == id.as_ref() {
            return Ok(answer);
        }
        self.process = None;
        Err(Silence::Malformed("the id is not that of the request".into()))
    }

    fn strictness(&self) -> Strictness {
        Strictness::Other
    }
}

/// A running program; ended when dropped.
#[derive(Debug)]
struct Process {
    child: Child,
    requests: Option<mpsc::Sender<Vec<u8>>>,
    answers: Receiver<Option<Vec<u8>>>,
}

impl Process {
    fn start(command: &str) -> io::Result<Self> {
        let mut child = Command::new("sh")
            .arg("-c")
            .arg(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("no pipes"));
        };
        let (requests, to_write) = mpsc::channel();
        let (read, answers) = mpsc::sync_channel(1);
        thread::spawn(move || write_requests(stdin, &to_write));
        thread::spawn(move || read_answers(stdout, &read));
        Ok(Self { child, requests: Some(requests), answers })
    }

    fn exchange(&mut self, request: Value, limit: Duration) -> Result<Value, Silence> {
        let mut line = request.to_string().into_bytes();
        line.push(b'\n');
        // A program that has ended is noticed when its answer is waited for.
        let _ = self.requests.as_ref().map(|requests| requests.send(line));
        match self.answers.recv_timeout(limit) {
            Ok(Some(line)) => serde_json::from_slice::<Value>(&line)
                .map_err(|error| Silence::Malformed(error.to_string())),
            Ok(None) => Err(Silence::Malformed("the line is too long".into())),
            Err(RecvTimeoutError::Timeout) => Err(Silence::TimedOut(limit.as_secs())),
            Err(RecvTimeoutError::Disconnected) => Err(Silence::Ended(self.end())),
        }
    }

    /// Ends the program and says how it has ended.
    fn end(&mut self) -> String {
        self.requests = None;
        // It may still be about to end by itself: its output is closed.
        for _ in 0..20 {
            match self.child.try_wait() {
                Ok(Some(status)) => return status.to_string(),
                Ok(None) => thread::sleep(Duration::from_millis(10)),
                Err(error) => return error.to_string(),
            }
        }
        "it has closed its output".into()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.requests = None;
        // The group is named like the shell, whose number is not given away before it is waited for.
        let kill = format!("kill -s KILL -- -{}", self.child.id());
        let _ = Command::new("sh").args(["-c", &kill]).stderr(Stdio::null()).status();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write_requests(mut stdin: ChildStdin, requests: &Receiver<Vec<u8>>) {
    for line in requests {
        if stdin.write_all(&line).and_then(|()| stdin.flush()).is_err() {
            return;
        }
    }
}

fn read_answers(stdout: impl io::Read, answers: &mpsc::SyncSender<Option<Vec<u8>>>) {
    let mut lines = Lines::new(BufReader::new(stdout));
    while let Ok(Some(line)) = lines.next_line() {
        let line = match line {
            Line::Text(text) => Some(text.to_vec()),
            Line::TooLong => None,
        };
        if answers.send(line).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const QUICK: Limits = Limits { answer: Duration::from_millis(300), restarts: 1 };

    fn ask(testee: &mut External, id: &str) -> Result<Value, Silence> {
        testee.ask(json!({"id": id, "op": "x"}).as_object().unwrap().clone())
    }

    #[test]
    fn a_program_that_answers_is_asked_again() {
        let echo = r#"sh -c 'while read -r line; do echo "$line"; done'"#;
        let mut testee = External::new(echo, Limits::default());
        for id in ["a", "b", "c"] {
            assert_eq!(ask(&mut testee, id).unwrap(), json!({"id": id, "op": "x"}));
        }
    }

    #[test]
    fn a_program_that_hangs_is_started_again_once() {
        let mut testee = External::new("sleep 60", QUICK);
        assert_eq!(ask(&mut testee, "a"), Err(Silence::TimedOut(0)));
        assert_eq!(ask(&mut testee, "b"), Err(Silence::TimedOut(0)));
        assert_eq!(ask(&mut testee, "c"), Err(Silence::Lost));
    }

    #[test]
    fn a_program_that_crashes_is_started_again_once() {
        let mut testee = External::new("sh -c 'read -r line; exit 3'", Limits::default());
        for id in ["a", "b"] {
            let Err(Silence::Ended(how)) = ask(&mut testee, id) else { panic!("it has ended") };
            assert!(how.contains('3'), "{how}");
        }
        assert_eq!(ask(&mut testee, "c"), Err(Silence::Lost));
    }

    #[test]
    fn a_command_may_be_of_several() {
        let echo = r#"cd / && while read -r line; do echo "$line"; done"#;
        let mut testee = External::new(echo, Limits::default());
        for id in ["a", "b"] {
            assert_eq!(ask(&mut testee, id).unwrap(), json!({"id": id, "op": "x"}));
        }
        let mut testee = External::new(format!("WORD=1; {echo}"), Limits::default());
        assert_eq!(ask(&mut testee, "a").unwrap(), json!({"id": "a", "op": "x"}));
    }

    #[test]
    fn what_a_command_has_started_ends_with_it() {
        // It answers with the number of its child, and both hang then.
        let command = r#"sleep 90 & read -r line; echo "{\"id\": \"a\", \"child\": $!}"; wait"#;
        let mut testee = External::new(command, Limits::default());
        let answer = ask(&mut testee, "a").unwrap();
        let child = format!("/proc/{}/stat", answer["child"]);
        let is_alive = || {
            let stat = std::fs::read_to_string(&child).unwrap_or_default();
            // Before it is `sleep` it is the shell's own double.
            (stat.contains("(sleep)") || stat.contains("(sh)")) && !stat.contains(") Z")
        };
        assert!(is_alive());
        drop(testee);
        let deadline = std::time::Instant::now() + Duration::from_secs(60);
        while is_alive() {
            assert!(std::time::Instant::now() < deadline, "{child} is still there");
            thread::yield_now();
        }
    }

    #[test]
    fn a_program_that_does_not_exist_has_ended() {
        let mut testee = External::new("/no/such/program 2>/dev/null", Limits::default());
        assert!(matches!(ask(&mut testee, "a"), Err(Silence::Ended(_))));
    }

    #[test]
    fn an_answer_to_another_request_is_no_answer() {
        let command = r#"sh -c 'while read -r line; do echo "{\"id\": \"z\"}"; done'"#;
        let mut testee = External::new(command, Limits::default());
        assert!(matches!(ask(&mut testee, "a"), Err(Silence::Malformed(_))));
        let mut testee = External::new("sh -c 'while read -r line; do echo no; done'", QUICK);
        assert!(matches!(ask(&mut testee, "a"), Err(Silence::Malformed(_))));
    }

    #[test]
    fn a_large_request_to_a_program_that_does_not_read_does_not_block() {
        let mut testee = External::new("sleep 60", QUICK);
        let request = json!({"id": "a", "op": "x", "body": "x".repeat(1 << 20)});
        let answer = testee.ask(request.as_object().unwrap().clone());
        assert_eq!(answer, Err(Silence::TimedOut(0)));
    }
}
