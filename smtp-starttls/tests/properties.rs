//! Properties of sessions on any input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use smtp_starttls::{
    Action, Clear, Input, Message, MessageCheck, Outcome, ReplyCode, Requirement, Session,
};
use support::config;

fn requirements() -> impl Strategy<Value = Requirement> {
    prop::sample::select(vec![
        Requirement::Opportunistic,
        Requirement::Encrypt,
        Requirement::Authenticate,
    ])
}

/// What a server may say, good and bad, as one turn of the dialogue.
fn turns() -> impl Strategy<Value = Vec<u8>> {
    let said = prop::sample::select(vec![
        &b"220 mx.example ESMTP\r\n"[..],
        b"220-mx.example\r\n220 ready\r\n",
        b"250-mx.example\r\n250-STARTTLS\r\n250 SIZE 5\r\n",
        b"250-mx.example\r\n250 XXXXXXXX\r\n",
        b"220 go\r\n",
        b"454 no\r\n",
        b"421 bye\r\n",
        b"500 what\r\n",
        b"250-a\r\n550 b\r\n",
        b"220 go\r\n250 forged\r\n",
        b"250 x\n",
        b"25",
    ]);
    prop_oneof![
        8 => said.prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..40),
        1 => vec(prop::sample::select(b"250 -\r\nS*X".to_vec()), 0..40),
    ]
}

/// All that can be seen of a session.
fn seen(session: &Session<Clear>) -> String {
    format!(
        "{:?} {:?} {:?} {:?}",
        session.action(),
        session.downgrade(),
        session.banner_name(),
        session.listed_in_clear()
    )
}

/// Plays the turns, each cut by `cut`; what was to be sent is taken for sent before each turn.
fn play(requirement: Requirement, turns: &[Vec<u8>], cut: impl Fn(usize) -> usize) -> String {
    let mut session = Session::new(&config(requirement));
    for turn in turns {
        while matches!(session.action(), Action::Send(_)) {
            session.handle(Input::Sent);
        }
        let mut rest = turn.as_slice();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(cut(rest.len()).clamp(1, rest.len()));
            session.handle(Input::Bytes(piece));
            rest = after;
        }
    }
    seen(&session)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn p10_where_the_octets_are_cut_has_no_meaning(
        requirement in requirements(),
        turns in vec(turns(), 1..6),
        size in 1..40_usize,
    ) {
        let whole = play(requirement, &turns, |len| len);
        prop_assert_eq!(&play(requirement, &turns, |_| 1), &whole);
        prop_assert_eq!(&play(requirement, &turns, |_| size), &whole);
        prop_assert_eq!(&play(requirement, &turns, |len| len / 2), &whole);
    }

    #[test]
    fn a_session_that_is_refused_stays_so(
        requirement in requirements(),
        turns in vec(turns(), 1..6),
        later in vec(any::<u8>(), 0..60),
    ) {
        let mut session = Session::new(&config(requirement));
        for turn in &turns {
            while matches!(session.action(), Action::Send(_)) {
                session.handle(Input::Sent);
            }
            session.handle(Input::Bytes(turn));
        }
        let ended = match session.action() {
            // What follows a 421 in its read or later is still unsolicited.
            Action::Done(ended @ (Outcome::Refused(_) | Outcome::RetryPlaintext(_)))
                if ended.failure().unwrap().reply_code != ReplyCode::new(421) =>
            {
                ended
            }
            _ => return Ok(()),
        };
        for input in [Input::Bytes(&later), Input::Sent, Input::EndOfStream, Input::TimedOut] {
            prop_assert_eq!(session.handle(input), 0);
            prop_assert_eq!(session.action(), Action::Done(ended));
        }
        prop_assert!(session.into_upgrade().is_err());
    }

    #[test]
    fn where_tls_is_needed_nothing_ends_in_clear(
        strict in prop::sample::select(vec![Requirement::Encrypt, Requirement::Authenticate]),
        turns in vec(turns(), 1..6),
    ) {
        let mut session = Session::new(&config(strict));
        for turn in &turns {
            while matches!(session.action(), Action::Send(_)) {
                session.handle(Input::Sent);
            }
            session.handle(Input::Bytes(turn));
            let is_clear = matches!(
                session.outcome(),
                Some(Outcome::Plaintext(_) | Outcome::RetryPlaintext(_))
            );
            prop_assert!(!is_clear);
        }
    }

    #[test]
    fn a_message_is_judged_the_same_in_pieces(
        octets in vec(prop::sample::select(b"a.\r\n\0\xe9".to_vec()), 0..40),
        size in 1..40_usize,
    ) {
        let mut check = MessageCheck::new();
        let pieces = octets.chunks(size).try_for_each(|piece| check.push(piece));
        let pieces = pieces.and_then(|()| check.finish());
        prop_assert_eq!(Message::try_from(octets.as_slice()).map(|_| ()), pieces);
    }
}
