//! One script after another, each to one try of a client.

use core::time::Duration;
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};

use conformance::torture::{Event, Keys, Script, Server, Visit};

use crate::Failed;
use crate::args::Args;
use crate::exit::Exit;
use crate::print::Printer;

/// Plays all scripts and prints what the client did with each.
pub(crate) fn all(
    args: &Args,
    listener: TcpListener,
    keys: Keys,
    scripts: Vec<Script>,
    printer: &Printer,
) -> Result<(), Failed> {
    let mut scripts = scripts.into_iter().map(Arc::new).peekable();
    let Some(first) = scripts.peek().cloned() else { return Ok(()) };
    let current = Arc::new(Mutex::new(first));
    let shown = Arc::clone(&current);
    let choose = move || Arc::clone(&shown.lock().unwrap_or_else(PoisonError::into_inner));
    let (tell, events) = channel();
    let tell = Mutex::new(tell);
    let tell = move |event| {
        // Nobody listens any more once the last script is over.
        let _ = tell.lock().unwrap_or_else(PoisonError::into_inner).send(event);
    };
    let server = Server::start(listener, keys, choose, tell)
        .map_err(|error| (Exit::Software, format!("the server does not start: {error}")))?;
    printer.listening(server.address())?;
    let mut open = 0;
    while let Some(script) = scripts.next() {
        let visits = one_try(args, &events, &script, &mut open)?;
        // Who reads the result and comes again gets the next one.
        if let Some(next) = scripts.peek() {
            *current.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(next);
        }
        printer.result(&script, &visits)?;
    }
    Ok(())
}

/// All connections of one try: until none has come for the settling time. Those that are open still when it
/// ends for their number are no part of the next.
fn one_try(
    args: &Args,
    events: &Receiver<Event>,
    script: &Script,
    open: &mut usize,
) -> Result<Vec<Visit>, Failed> {
    let mut visits = Vec::new();
    loop {
        let event = match (*open, visits.len()) {
            (0, 0) => first(args, events)?,
            (0, _) => match events.recv_timeout(Duration::from_millis(args.settle)) {
                Ok(event) => event,
                Err(_) => return Ok(visits),
            },
            _ => events.recv().map_err(|_| gone())?,
        };
        match event {
            Event::Opened => *open += 1,
            Event::Ended(visit) => {
                *open = open.saturating_sub(1);
                if visit.script == script.id {
                    visits.push(*visit);
                }
            }
            _ => {}
        }
        if visits.len() >= MAX_VISITS {
            return Ok(visits);
        }
    }
}

/// A client that never stops coming back gets the next script.
const MAX_VISITS: usize = 20;

fn first(args: &Args, events: &Receiver<Event>) -> Result<Event, Failed> {
    let Some(seconds) = args.wait else { return events.recv().map_err(|_| gone()) };
    events.recv_timeout(Duration::from_secs(seconds)).map_err(|error| match error {
        RecvTimeoutError::Timeout => {
            (Exit::NoClient, format!("no client came for {seconds} seconds"))
        }
        RecvTimeoutError::Disconnected => gone(),
    })
}

fn gone() -> Failed {
    (Exit::Software, "the server has ended".to_owned())
}
