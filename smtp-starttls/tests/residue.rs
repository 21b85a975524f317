//! Nothing crosses: whatever stands behind the 220 to STARTTLS, and however it is cut, there is no
//! way into TLS. By exhaustion over short strings.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use smtp_starttls::{Action, Clear, Input, Outcome, Reason, Requirement, Session, UpgradeError};
use support::config;

/// A session that has sent STARTTLS and read so much of the answer.
fn after(requirement: Requirement, answer: &[u8]) -> Session<Clear> {
    let mut session = Session::new(&config(requirement));
    session.handle(Input::Bytes(b"220 mx.example\r\n"));
    session.handle(Input::Sent);
    session.handle(Input::Bytes(b"250-mx.example\r\n250 STARTTLS\r\n"));
    session.handle(Input::Sent);
    session.handle(Input::Bytes(answer));
    session
}

fn assert_closed(session: &Session<Clear>) {
    let Action::Done(Outcome::Refused(failure)) = session.action() else {
        panic!("not refused: {:?}", session.action())
    };
    assert_eq!(failure.reason, Reason::StartTlsResidue);
}

/// Feeds every string of at most `left` symbols in every way of cutting it, each first piece
/// behind `joined`, which is the end of the answer and comes in the same read.
fn explore(session: &Session<Clear>, joined: &[u8], alphabet: &[u8], left: usize) -> u64 {
    let mut reads = 0;
    for len in 1..=left {
        let mut piece = joined.to_vec();
        let start = piece.len();
        piece.resize(start + len, alphabet[0]);
        let mut digits = [0; 8];
        loop {
            for at in 0..len {
                piece[start + at] = alphabet[digits[at]];
            }
            let mut next = session.clone();
            next.handle(Input::Bytes(&piece));
            assert_closed(&next);
            reads += 1 + explore(&next, b"", alphabet, left - len);
            if !advance(&mut digits[..len], alphabet.len()) {
                break;
            }
        }
    }
    if joined.is_empty() {
        assert_no_way(session);
    }
    reads
}

/// A session that is refused stays so, and makes no upgrade.
fn assert_no_way(session: &Session<Clear>) {
    if matches!(session.action(), Action::Done(_)) {
        let ended = session.clone().into_upgrade();
        assert!(matches!(ended, Err(UpgradeError::Ended(Outcome::Refused(_)))));
    }
}

fn advance(digits: &mut [usize], base: usize) -> bool {
    for digit in digits.iter_mut().rev() {
        *digit += 1;
        if *digit < base {
            return true;
        }
        *digit = 0;
    }
    false
}

/// A digit, the two octets of a line end, and the first octet of a TLS record.
const TELLING: &[u8] = b"2\r\n\x16";

// checks: smtp-starttls/SMTP-U1, smtp-starttls/P10
#[test]
fn every_cut_of_every_string_of_up_to_6_symbols_is_residue() {
    for requirement in [Requirement::Opportunistic, Requirement::Authenticate] {
        let open = after(requirement, b"220 go ahead\r\n");
        assert_eq!(open.action(), Action::StartTls);
        let reads = explore(&open, b"", TELLING, 6);
        // With four symbols there are 4 * 8^(n - 1) sequences of pieces with n octets in all.
        assert_eq!(reads, (1..=6).map(|octets| 4 * 8_u64.pow(octets - 1)).sum());
        for (read, joined) in [("220 go ahead\r", "\n"), ("220", " go\r\n"), ("", "220\r\n")] {
            explore(&after(requirement, read.as_bytes()), joined.as_bytes(), TELLING, 4);
        }
    }
}

// checks: smtp-starttls/SMTP-U1
#[test]
fn every_string_of_up_to_7_symbols_in_one_read_with_the_220_is_residue() {
    let alphabet = b"250 \r\n\x16";
    let waiting = after(Requirement::Opportunistic, b"220 go ahead\r");
    let mut strings = 0_u32;
    for len in 1..=7 {
        let mut digits = [0; 7];
        loop {
            let mut read = [b'\n'; 8];
            for at in 0..len {
                read[at + 1] = alphabet[digits[at]];
            }
            let mut session = waiting.clone();
            session.handle(Input::Bytes(&read[..=len]));
            assert_closed(&session);
            strings += 1;
            if !advance(&mut digits[..len], alphabet.len()) {
                break;
            }
        }
    }
    assert_eq!(strings, (1..=7).map(|len| 7_u32.pow(len)).sum());
    assert_no_way(&waiting);
}

// checks: smtp-starttls/P10, smtp-starttls/SMTP-U3
#[test]
fn every_cut_of_the_answer_itself_leads_to_tls_and_none_too_early() {
    let answer = b"220-go\r\n220 ahead\r\n";
    for cuts in 0..1_u32 << (answer.len() - 1) {
        let mut session = after(Requirement::Encrypt, b"");
        let mut start = 0;
        for end in 1..=answer.len() {
            if end < answer.len() && cuts >> (end - 1) & 1 == 0 {
                continue;
            }
            assert_eq!(session.action(), Action::Read);
            assert_eq!(session.handle(Input::Bytes(&answer[start..end])), end - start);
            start = end;
        }
        assert_eq!(session.action(), Action::StartTls);
        assert!(session.into_upgrade().is_ok());
    }
}
