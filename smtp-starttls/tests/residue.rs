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

/// Feeds every string of at most `left` symbols in every way of cutting it; the first piece comes
/// in one read behind `joined`, which is the end of the answer.
fn explore(session: &Session<Clear>, joined: &[u8], alphabet: &[u8], left: usize) -> u64 {
    let mut reads = 0;
    each_string(joined, alphabet, left, &mut |piece, len| {
        let mut next = session.clone();
        next.handle(Input::Bytes(piece));
        assert_closed(&next);
        reads += 1 + explore_closed(&mut next, alphabet, left - len);
        let ended = next.into_upgrade();
        assert!(matches!(ended, Err(UpgradeError::Ended(Outcome::Refused(_)))));
    });
    reads
}

/// The same for a session that is closed: it takes nothing and stays as it is.
fn explore_closed(session: &mut Session<Clear>, alphabet: &[u8], left: usize) -> u64 {
    let mut reads = 0;
    each_string(b"", alphabet, left, &mut |piece, len| {
        assert_eq!(session.handle(Input::Bytes(piece)), 0);
        assert_closed(session);
        reads += 1 + explore_closed(session, alphabet, left - len);
    });
    reads
}

/// Calls with `joined` and every string of one to `left` symbols behind it, and their number.
fn each_string(joined: &[u8], alphabet: &[u8], left: usize, call: &mut dyn FnMut(&[u8], usize)) {
    let start = joined.len();
    for len in 1..=left {
        let mut piece = [joined, &alphabet[..1].repeat(len)].concat();
        let mut digits = [0; 8];
        loop {
            for at in 0..len {
                piece[start + at] = alphabet[digits[at]];
            }
            call(&piece, len);
            if !advance(&mut digits[..len], alphabet.len()) {
                break;
            }
        }
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
fn every_cut_of_every_string_of_up_to_7_symbols_is_residue() {
    let open = after(Requirement::Opportunistic, b"220 go ahead\r\n");
    assert_eq!(open.action(), Action::StartTls);
    let reads = explore(&open, b"", TELLING, 7);
    // With four symbols there are 4 * 8^(n - 1) sequences of pieces with n octets in all.
    assert_eq!(reads, (1..=7).map(|octets| 4 * 8_u64.pow(octets - 1)).sum());
}

// checks: smtp-starttls/SMTP-U1, smtp-starttls/P10
#[test]
fn wherever_the_220_itself_is_cut_what_follows_is_residue() {
    for requirement in [Requirement::Encrypt, Requirement::Authenticate] {
        for (read, joined) in [("220 go ahead\r", "\n"), ("220", " go\r\n"), ("", "220\r\n")] {
            explore(&after(requirement, read.as_bytes()), joined.as_bytes(), TELLING, 5);
        }
    }
}

// checks: smtp-starttls/SMTP-U1
#[test]
fn every_string_of_up_to_7_symbols_in_one_read_with_the_220_is_residue() {
    let waiting = after(Requirement::Opportunistic, b"220 go ahead\r");
    let mut strings = 0_u32;
    each_string(b"\n", b"250 \r\n\x16", 7, &mut |read, _| {
        let mut session = waiting.clone();
        session.handle(Input::Bytes(read));
        assert_closed(&session);
        strings += 1;
    });
    assert_eq!(strings, (1..=7).map(|len| 7_u32.pow(len)).sum());
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
