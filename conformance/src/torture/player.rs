//! Plays one script over one connection.

use core::time::Duration;
use std::io::{self, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Instant;

use super::keys::Keys;
use super::script::{Script, Step, Tls};
use super::serve::{Line, Over, Transcript, serve};
use super::visit::{End, Visit};
use super::wire::Wire;

/// Between two pieces: long enough that they arrive in reads of their own.
const GAP: Duration = Duration::from_millis(10);
/// Between two octets of a server that is slow without end: far below what any wait for one read lasts.
const DRIP: Duration = Duration::from_millis(50);
/// How long a client may stay with a server that has stalled: longer than the five minutes of RFC 5321
/// section 4.5.3.2.
const STALL: Duration = Duration::from_secs(330);
/// How long a client may be silent otherwise.
const SILENCE: Duration = Duration::from_secs(60);

pub(super) fn play(stream: TcpStream, script: &Script, keys: &Keys, stalled: &dyn Fn()) -> Visit {
    let visit = Visit { script: script.id.clone(), ..Visit::default() };
    let mut player =
        Player { keys, stalled, transcript: Transcript { visit, last_sent: Instant::now() } };
    let _ = stream.set_read_timeout(Some(SILENCE));
    let end = player.run(Wire::new(stream), &script.steps);
    let Transcript { mut visit, last_sent } = player.transcript;
    visit.end = end;
    visit.ended_after = last_sent.elapsed();
    visit
}

struct Player<'a> {
    keys: &'a Keys,
    stalled: &'a dyn Fn(),
    transcript: Transcript,
}

/// How it goes on after a step.
enum Next {
    Go(Wire),
    Over(End),
}

impl Player<'_> {
    fn run(&mut self, mut wire: Wire, steps: &[Step]) -> End {
        for step in steps {
            wire = match self.step(wire, step) {
                Ok(Next::Go(wire)) => wire,
                Ok(Next::Over(end)) => return end,
                Err(over) => return over.end(),
            };
            self.transcript.visit.steps_played += 1;
        }
        self.serve(wire, None)
    }

    fn serve(&mut self, mut wire: Wire, first: Option<Line>) -> End {
        match serve(&mut wire, &mut self.transcript, first) {
            Ok(()) => {
                wire.hang_up();
                End::Quit
            }
            Err(over) => over.end(),
        }
    }

    fn step(&mut self, mut wire: Wire, step: &Step) -> Result<Next, Over> {
        match step {
            Step::Send(pieces) => self.send(&mut wire, pieces)?,
            Step::SendBare(octets) => {
                wire.bare().write_all(octets)?;
                self.transcript.last_sent = Instant::now();
            }
            Step::Expect(verb) => {
                let line = self.transcript.line(&mut wire)?;
                if line.verb != *verb {
                    return Ok(Next::Over(self.serve(wire, Some(line))));
                }
            }
            Step::Message => self.transcript.message(&mut wire)?,
            Step::ClientHello => {
                wire.record()?;
                self.transcript.visit.client_hello = true;
            }
            Step::StartTls(tls) => return Ok(self.start_tls(wire, *tls)),
            Step::Stall => {
                wire.bare().set_read_timeout(Some(STALL))?;
                (self.stalled)();
                wire.drain()?;
            }
            Step::Drip(octets) => {
                (self.stalled)();
                self.drip(&mut wire, octets)?;
            }
            Step::Close => {
                wire.hang_up();
                return Ok(Next::Over(End::ClosedByScript));
            }
            Step::CloseBare => {
                wire.hang_up_bare();
                return Ok(Next::Over(End::ClosedByScript));
            }
        }
        Ok(Next::Go(wire))
    }

    /// Ends with an error, at the latest when a client has stayed for too long.
    fn drip(&mut self, wire: &mut Wire, octets: &[u8]) -> io::Result<()> {
        let begin = Instant::now();
        for octet in octets.iter().cycle() {
            thread::sleep(DRIP);
            if begin.elapsed() > STALL {
                break;
            }
            wire.send(&[*octet])?;
            self.transcript.last_sent = Instant::now();
        }
        Err(io::ErrorKind::TimedOut.into())
    }

    fn send(&mut self, wire: &mut Wire, pieces: &[Vec<u8>]) -> io::Result<()> {
        for (at, piece) in pieces.iter().enumerate() {
            if at > 0 {
                thread::sleep(GAP);
            }
            wire.send(piece)?;
            self.transcript.last_sent = Instant::now();
        }
        Ok(())
    }

    fn start_tls(&mut self, wire: Wire, tls: Tls) -> Next {
        let config = self.keys.config(tls).map_err(io::Error::other);
        match config.and_then(|config| wire.start_tls(config)) {
            Ok((wire, seen)) => {
                self.transcript.visit.client_hello = true;
                self.transcript.visit.tls = Some(seen);
                self.transcript.last_sent = Instant::now();
                Next::Go(wire)
            }
            Err(error) => {
                self.transcript.visit.handshake_failure = Some(error.to_string());
                Next::Over(End::HandshakeFailed)
            }
        }
    }
}
