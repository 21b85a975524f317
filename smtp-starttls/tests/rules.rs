//! The rules of the client, one test each, named by the rule.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use smtp_starttls::{
    Action, Channel, Clear, Config, EhloName, FirstLine, Input, Keyword, MessageNeed, MxTrust,
    NextAction, Outcome, Phase, Protocol, RawLines, Requirement, ResultType, Session, TlsFacts,
    TlsFailure, TlsVersion, UpgradeError, Verification, VerifiedBy, WaitLimit, Warning, limits,
};
use support::{Report, Step, Tls, config, facts, play, sealed_session, speak};

use Requirement::{Authenticate, Encrypt, Opportunistic};

const ALL: [Requirement; 3] = [Opportunistic, Encrypt, Authenticate];
const GREETING: &str = "220 mx.example ESMTP\r\n";
const OFFER: &str = "250-mx.example\r\n250 STARTTLS\r\n";
const READY: &str = "220 go ahead\r\n";

fn reads<'a>(reads: &[&'a str]) -> Vec<Step<'a>> {
    reads.iter().map(|read| Step::Send(read.as_bytes())).collect()
}

fn run(config: &Config, server: &[&str]) -> Report {
    play(config, Tls::Verified, &reads(server))
}

/// Plays a session to TLS, and then these reads inside it.
fn through_tls(config: &Config, tls: Tls, inside: &[Step<'_>]) -> Report {
    let mut script = reads(&[GREETING, OFFER, READY]);
    script.push(Step::Tls);
    script.extend_from_slice(inside);
    play(config, tls, &script)
}

/// A session that wants TLS.
fn at_starttls() -> Session<Clear> {
    let mut session = Session::new(&config(Opportunistic));
    for read in [GREETING, OFFER, READY] {
        if matches!(session.action(), Action::Send(_)) {
            session.handle(Input::Sent);
        }
        session.handle(Input::Bytes(read.as_bytes()));
    }
    assert_eq!(session.action(), Action::StartTls);
    session
}

#[test]
fn p7_rfc2034_4_enhanced_codes_change_nothing_in_the_dialogue() {
    let server = [
        "220 2.0.0 mx.example\r\n",
        "250-2.0.0 mx.example\r\n250 STARTTLS\r\n",
        "454 4.7.0 no\r\n",
    ];
    let report = run(&config(Opportunistic), &server);
    assert_eq!(report.verdict(), "retry-plaintext");
}

#[test]
fn p8_house_nothing_may_follow_a_reply() {
    for requirement in ALL {
        let config = config(requirement);
        for server in [
            &["220 mx.example\r\n2"][..],
            &["220 mx.example\r\n250-mx\r\n250 STARTTLS\r\n220 go\r\n"],
            &[GREETING, "250-mx.example\r\n250 STARTTLS\r\n220 go\r\n"],
            &[GREETING, OFFER, "454 no\r\n250 forged\r\n"],
            &[GREETING, "500 what\r\n250 mx\r\n"],
        ] {
            let report = run(&config, server);
            assert_eq!((report.verdict(), report.reason()), ("refused", "unsolicited-bytes"));
            let failure = report.failure();
            assert_eq!(failure.result_type, Some(ResultType::ValidationFailure));
            assert!(failure.is_attack_evidence());
            assert!(!report.verbs().contains("QUIT"), "{}", report.verbs());
        }
    }
}

#[test]
fn p8_house_octets_while_no_reply_is_awaited_are_unsolicited() {
    let mut session = Session::new(&config(Opportunistic));
    session.handle(Input::Bytes(GREETING.as_bytes()));
    assert!(matches!(session.action(), Action::Send(_)));
    session.handle(Input::Bytes(b"2"));
    let Action::Done(Outcome::Refused(failure)) = session.action() else { panic!() };
    assert_eq!(failure.reason.word(), "unsolicited-bytes");
}

#[test]
fn p8_house_octets_after_the_end_in_clear_take_its_leave_back() {
    let mut session = Session::new(&config(Opportunistic));
    session.handle(Input::Bytes(GREETING.as_bytes()));
    session.handle(Input::Sent);
    session.handle(Input::Bytes(b"250 mx.example\r\n"));
    assert!(matches!(session.action(), Action::Done(Outcome::Plaintext(_))));
    session.handle(Input::Bytes(b""));
    assert!(matches!(session.action(), Action::Done(Outcome::Plaintext(_))));
    session.handle(Input::Bytes(b"x"));
    assert!(matches!(session.action(), Action::Done(Outcome::Refused(_))));
}

#[test]
fn p9_rfc5321_3_8_421_is_temporary_and_no_command_follows() {
    for (server, verbs) in [
        (&["421 mx closing\r\n"][..], ""),
        (&[GREETING, "421 closing\r\n"], "EHLO"),
        (&[GREETING, "500 no\r\n", "421 closing\r\n"], "EHLO HELO"),
    ] {
        let report = run(&config(Opportunistic), server);
        let got = (report.verdict(), report.reason(), report.verbs());
        assert_eq!(got, ("refused", "service-closing", verbs.to_string()));
        assert_eq!(report.failure().status.to_string(), "4.3.2");
    }
}

#[test]
fn smtp_g1_nothing_is_sent_before_the_greeting_is_complete() {
    let mut session = Session::new(&config(Opportunistic));
    assert_eq!(session.wait_limit(), WaitLimit::of(Phase::Greeting));
    assert_eq!(session.wait_limit().duration().as_secs(), 300);
    for octet in b"220-mx.example\r\n220-more\r\n220 last\r" {
        assert_eq!(session.action(), Action::Read);
        assert_eq!(session.handle(Input::Bytes(&[*octet])), 1);
    }
    assert_eq!(session.action(), Action::Read);
    session.handle(Input::Bytes(b"\n"));
    assert_eq!(session.action(), Action::Send(b"EHLO client.example\r\n"));
}

#[test]
fn smtp_g2_a_permanent_refusal_shuns_the_host_and_defers_the_message() {
    let report = run(&config(Opportunistic), &["554 no\r\n", "221 bye\r\n"]);
    let failure = report.failure();
    assert_eq!(failure.next_action, NextAction::NextMxNotThisHost);
    assert_eq!(failure.status.class(), 4);
    let report = run(&config(Opportunistic), &["450 later\r\n"]);
    assert_eq!(report.failure().next_action, NextAction::NextMx);
}

#[test]
fn smtp_g3_rfc8460_4_4_the_first_word_of_the_banner_is_kept() {
    let mut session = Session::new(&config(Opportunistic));
    assert_eq!(session.banner_name().as_bytes(), b"");
    session.handle(Input::Bytes(b"220-mx1.example ESMTP\r\n220 second line\r\n"));
    assert_eq!(session.banner_name().to_string(), "mx1.example");
    let greeting = |octets| format!("220 {} x\r\n", "a".repeat(octets));
    for (octets, is_cut) in [(limits::BANNER_NAME, false), (limits::BANNER_NAME + 1, true)] {
        let mut session = Session::new(&config(Opportunistic));
        session.handle(Input::Bytes(greeting(octets).as_bytes()));
        assert_eq!(session.banner_name().as_bytes().len(), limits::BANNER_NAME);
        assert_eq!(session.banner_name().is_cut(), is_cut);
    }
    let mut session = Session::new(&config(Opportunistic));
    session.handle(Input::Bytes(b"220 caf\xe9\x1b x\r\n"));
    assert_eq!(session.banner_name().to_string(), "caf\\xe9\\x1b");
}

#[test]
fn smtp_g4_a_server_of_our_own_name_is_a_fact() {
    for (greeting, is_ours) in [
        ("220 CLIENT.example ESMTP\r\n", true),
        ("220 client.example\r\n", true),
        ("220 mx.client.example\r\n", false),
        ("220\r\n", false),
    ] {
        let mut session = Session::new(&config(Opportunistic));
        session.handle(Input::Bytes(greeting.as_bytes()));
        assert_eq!(session.greets_with_our_name(), is_ours, "{greeting}");
        assert!(matches!(session.action(), Action::Send(_)), "no decision reads it");
    }
}

#[test]
fn smtp_e1_rfc5321_4_1_1_1_ehlo_comes_first_with_the_name() {
    for name in ["client.example", "[192.0.2.1]", "[IPv6:2001:db8::1]"] {
        let parsed: EhloName = name.parse().unwrap();
        let report = run(&Config::new(parsed, Opportunistic), &[GREETING, "500 no\r\n"]);
        assert_eq!(report.sent, [format!("EHLO {name}"), format!("HELO {name}")]);
    }
}

#[test]
fn smtp_e2_helo_is_tried_once() {
    let report = run(&config(Opportunistic), &[GREETING, "502 no\r\n", "502 no\r\n", "221 x\r\n"]);
    assert_eq!((report.reason(), report.verbs().as_str()), ("ehlo-refused", "EHLO HELO QUIT"));
}

#[test]
fn smtp_e2_after_helo_no_capability_is_in_force() {
    let server = [GREETING, "500-x\r\n500-STARTTLS\r\n500 SIZE 5\r\n", "250-mx\r\n250 SIZE 9\r\n"];
    let report = run(&config(Opportunistic), &server);
    assert_eq!(report.verdict(), "plaintext");
    assert_eq!(report.keywords.iter().count(), 0);
}

#[test]
fn smtp_e3_a_requiretls_message_rules_helo_out() {
    let config = config(Opportunistic).message(MessageNeed::RequireTls(MxTrust::Authenticated));
    let report = run(&config, &[GREETING, "502 no\r\n", "221 x\r\n"]);
    let got = (report.verdict(), report.reason(), report.verbs());
    assert_eq!(got, ("refused", "starttls-not-offered", "EHLO QUIT".to_string()));
}

#[test]
fn smtp_e4_rfc2033_4_1_lmtp_says_lhlo_and_never_helo() {
    let lmtp = |requirement| config(requirement).protocol(Protocol::Lmtp);
    let report = run(&lmtp(Opportunistic), &[GREETING, "500 no\r\n"]);
    let got = (report.verdict(), report.reason(), report.verbs());
    assert_eq!(got, ("refused", "ehlo-refused", "LHLO QUIT".to_string()));
    let report = through_tls(&lmtp(Encrypt), Tls::Verified, &reads(&["250 mx\r\n"]));
    assert_eq!((report.verdict(), report.verbs().as_str()), ("secured", "LHLO STARTTLS LHLO"));
}

// checks: smtp-starttls/SMTP-S5
#[test]
fn smtp_e5_each_wait_has_its_limit_and_its_source() {
    for (phase, seconds) in [
        (Phase::Greeting, 300),
        (Phase::Ehlo, 300),
        (Phase::StartTls, 300),
        (Phase::EhloInTls, 300),
        (Phase::Handshake, 120),
        (Phase::Quit, 5),
    ] {
        let limit = WaitLimit::of(phase);
        assert_eq!(limit.duration().as_secs(), seconds, "{phase}");
        assert_eq!(limit.name(), phase.word());
        assert!(!limit.section().is_empty());
    }
}

#[test]
fn c1_the_first_line_may_offer_where_that_can_only_raise_security() {
    let server = [GREETING, "250-STARTTLS\r\n250 SIZE\r\n", "454 no\r\n"];
    let strict = run(&config(Encrypt), &server);
    assert_eq!(strict.reason(), "starttls-not-offered", "tried though not listed");
    let lenient = run(&config(Encrypt).first_line(FirstLine::MayOffer), &server);
    assert_eq!(lenient.reason(), "starttls-refused", "taken for listed");
    let optional = run(&config(Opportunistic).first_line(FirstLine::MayOffer), &server);
    assert_eq!(optional.verdict(), "plaintext", "never where TLS is optional");
}

#[test]
fn c5_unknown_keywords_go_into_a_lent_buffer() {
    let mut session = Session::new(&config(Opportunistic));
    session.handle(Input::Bytes(GREETING.as_bytes()));
    session.handle(Input::Sent);
    let reply = b"250-XFIRST\r\n250-XONE a b\r\n250-SIZE 5\r\n250- no\r\n250 ETRN\r\n";
    let mut small = [0; 12];
    let mut log = RawLines::new(&mut small);
    session.clone().handle_with(Input::Bytes(reply), &mut log);
    assert_eq!(
        (log.lines().collect::<Vec<_>>(), log.is_complete()),
        (vec![&b"XONE a b"[..]], false)
    );
    let mut buffer = [0; 14];
    let mut log = RawLines::new(&mut buffer);
    session.handle_with(Input::Bytes(reply), &mut log);
    assert_eq!(log.lines().collect::<Vec<_>>(), [&b"XONE a b"[..], b"ETRN"]);
    assert!(log.is_complete());
}

#[test]
fn s1_rfc3207_4_the_line_is_starttls_alone() {
    let mut session = Session::new(&config(Opportunistic));
    session.handle(Input::Bytes(GREETING.as_bytes()));
    session.handle(Input::Sent);
    session.handle(Input::Bytes(OFFER.as_bytes()));
    assert_eq!(session.action(), Action::Send(b"STARTTLS\r\n"));
}

#[test]
fn s3_rfc8460_4_3_1_a_refusal_is_reported_with_its_code() {
    for code in [454, 501, 554, 421] {
        let report = run(&config(Encrypt), &[GREETING, OFFER, &format!("{code} no\r\n")]);
        let failure = report.failure();
        assert_eq!(failure.result_type, Some(ResultType::StartTlsNotSupported));
        assert_eq!(failure.reason_code().unwrap().to_string(), code.to_string());
    }
}

#[test]
fn s4_where_tls_is_needed_an_unlisted_starttls_is_tried_and_may_succeed() {
    let stripped = "250-mx.example\r\n250-XXXXXXXX\r\n250 SIZE 5\r\n";
    for requirement in [Encrypt, Authenticate] {
        let mut script = reads(&[GREETING, stripped, READY]);
        script.push(Step::Tls);
        script.push(Step::Send(b"250-mx.example\r\n250 SIZE 9\r\n"));
        let report = play(&config(requirement), Tls::Verified, &script);
        assert_eq!((report.verdict(), report.verbs().as_str()), ("secured", "EHLO STARTTLS EHLO"));
        assert_eq!(report.downgrade.unwrap().word(), "masked-len-preserving");
    }
}

#[test]
fn u1_rfc3207_6_one_octet_behind_the_220_ends_it() {
    for rest in ["x", "\r", "\n", "2", "250 ok\r\n", "\x16"] {
        let together = format!("{READY}{rest}");
        for requirement in ALL {
            let report = run(&config(requirement), &[GREETING, OFFER, &together]);
            let got = (report.verdict(), report.reason(), report.verbs());
            assert_eq!(got, ("refused", "starttls-residue", "EHLO STARTTLS".to_string()));
            assert_eq!(report.failure().reason_code().unwrap().to_string(), "starttls-residue");
        }
        let mut session = at_starttls();
        session.handle(Input::Bytes(rest.as_bytes()));
        let Err(UpgradeError::Ended(Outcome::Refused(failure))) = session.into_upgrade() else {
            panic!("an upgrade behind {rest:?}")
        };
        assert_eq!(failure.reason.word(), "starttls-residue");
    }
}

#[test]
fn u2_rfc8446_5_1_what_begins_no_tls_record_is_plain_text() {
    for read in [&b"2"[..], b"250 ok\r\n", b"\x17\x03\x03", b"\x14", b"\0", b"\xff"] {
        let plaintext = at_starttls().into_upgrade().unwrap().first_octets(read).unwrap_err();
        assert_eq!(plaintext.sample(), read);
        assert!(matches!(plaintext.outcome(), Outcome::Refused(_)));
        assert_eq!(plaintext.failure().reason.word(), "plaintext-after-220");
        assert_eq!(plaintext.failure().phase, Phase::Handshake);
    }
    let long = [b'a'; 65];
    let plaintext = at_starttls().into_upgrade().unwrap().first_octets(&long).unwrap_err();
    assert_eq!(plaintext.sample(), &long[..limits::PLAINTEXT_SAMPLE]);
    for read in [&b"\x16\x03\x03"[..], b"\x15\x03\x01"] {
        let upgrade = at_starttls().into_upgrade().unwrap().first_octets(b"").unwrap();
        let upgrade = upgrade.first_octets(read).unwrap();
        assert!(upgrade.first_octets(b"later reads pass").is_ok());
    }
}

#[test]
fn u3_an_upgrade_comes_of_a_220_alone() {
    let mut session = Session::new(&config(Opportunistic));
    let order = session.clone().into_upgrade().unwrap_err();
    assert_eq!(order, UpgradeError::OutOfOrder(Phase::Greeting));
    session.handle(Input::Bytes(GREETING.as_bytes()));
    session.handle(Input::Sent);
    session.handle(Input::Bytes(OFFER.as_bytes()));
    let order = session.clone().into_upgrade().unwrap_err();
    assert_eq!(order, UpgradeError::OutOfOrder(Phase::StartTls));
    session.handle(Input::Sent);
    session.handle(Input::Bytes(b"220 go\r"));
    assert!(session.clone().into_upgrade().is_err());
    session.handle(Input::Bytes(b"\n"));
    assert!(session.into_upgrade().is_ok());
}

#[test]
fn u4_rfc7672_8_1_the_type_of_a_server_name_holds_no_address() {
    // That nothing else is taken for one: `tests/compile_fail/address_as_server_name.rs`.
    for text in ["192.0.2.1", "2001:db8::1", "[192.0.2.1]", "[IPv6:2001:db8::1]", "::ffff:1.2.3.4"]
    {
        assert!(pki_types::DnsName::try_from(text).is_err(), "{text}");
    }
    let name = pki_types::DnsName::try_from("xn--mller-kva.example").unwrap();
    assert_eq!(facts(Tls::Verified).unwrap().server_name(name.clone()).sni(), Some(&name));
    assert_eq!(facts(Tls::Verified).unwrap().sni(), None, "never one that the caller did not name");
}

#[test]
fn u5_a_failed_handshake_carries_what_verification_says() {
    let certificate = Tls::Failed(TlsFailure::Certificate(ResultType::CertificateExpired));
    let report = through_tls(&config(Authenticate), certificate, &[]);
    let failure = report.failure();
    assert_eq!((report.verdict(), report.reason()), ("refused", "tls-failed"));
    assert_eq!(failure.result_type, Some(ResultType::CertificateExpired));
    assert_eq!(failure.reason_code(), None);
    let report = through_tls(&config(Opportunistic), Tls::Failed(TlsFailure::TimedOut), &[]);
    assert_eq!(report.verdict(), "retry-plaintext");
    assert_eq!(report.failure().next_action, NextAction::NewConnectionInClear);
}

#[test]
fn t1_rfc3207_4_2_what_was_listed_in_clear_is_unknown_inside_tls() {
    let offer =
        "250-mx.example\r\n250-SIZE 5\r\n250-PIPELINING\r\n250-REQUIRETLS\r\n250 STARTTLS\r\n";
    let mut script = reads(&[GREETING, offer, READY]);
    script.extend([Step::Tls, Step::Send(b"250 mx.example\r\n")]);
    let report = play(&config(Opportunistic), Tls::Verified, &script);
    assert_eq!((report.verdict(), report.keywords.iter().count()), ("secured", 0));
}

#[test]
fn t2_rfc3207_4_2_ehlo_comes_first_inside_tls_or_with_the_handshake() {
    let mut upgrade = at_starttls().into_upgrade().unwrap();
    let name: EhloName = "client.example".parse().unwrap();
    assert_eq!(upgrade.early_hello(&name).as_bytes(), b"EHLO client.example\r\n");
    let mut session = upgrade.tls_up(&name, &facts(Tls::Verified).unwrap());
    assert_eq!(session.action(), Action::Read, "it is sent already");
    session.handle(Input::Bytes(b"250 mx.example\r\n"));
    assert_eq!(session.action(), Action::Done(Outcome::Secured));
    let session =
        at_starttls().into_upgrade().unwrap().tls_up(&name, &facts(Tls::Verified).unwrap());
    assert_eq!(session.action(), Action::Send(b"EHLO client.example\r\n"));
}

#[test]
fn t3_starttls_inside_tls_is_never_sent() {
    let inside = [Step::Send(OFFER.as_bytes())];
    let report = through_tls(&config(Opportunistic), Tls::Verified, &inside);
    assert_eq!((report.verdict(), report.verbs().as_str()), ("secured", "EHLO STARTTLS EHLO"));
    assert!(!report.keywords.contains(Keyword::StartTls));
}

#[test]
fn t4_the_difference_of_the_lists_is_a_fact() {
    let before = support::clear_session(&config(Opportunistic), &["SIZE 5", "DSN"]);
    assert_eq!(before.listed_in_clear(), before.capabilities());
    let after =
        support::sealed_session(&config(Opportunistic), Tls::Verified, &["DSN", "CHUNKING"]);
    let (before, after) = (before.capabilities().keywords(), after.capabilities().keywords());
    assert_eq!(before.without(after).iter().collect::<Vec<_>>(), [Keyword::Size]);
    assert_eq!(after.without(before).iter().collect::<Vec<_>>(), [Keyword::Chunking]);
}

#[test]
fn t6_rfc8314_3_3_implicit_tls_greets_inside() {
    let facts = facts(Tls::Verified).unwrap();
    let mut session = Session::implicit(&config(Authenticate), &facts);
    assert_eq!((session.action(), session.phase()), (Action::Read, Phase::Greeting));
    session.handle(Input::Bytes(GREETING.as_bytes()));
    assert_eq!(session.action(), Action::Send(b"EHLO client.example\r\n"));
    session.handle(Input::Sent);
    session.handle(Input::Bytes(b"250-mx.example\r\n250 SIZE\r\n"));
    assert_eq!(session.action(), Action::Done(Outcome::Secured));
    assert_eq!(session.version(), TlsVersion::TLS13);
    assert_eq!(session.verification(), Verification::Verified(VerifiedBy::Dane));
    for (reply, reason) in [("554 no\r\n", "greeting-refused"), ("250 x\r\n", "greeting-not-220")] {
        let mut session = Session::implicit(&config(Authenticate), &facts);
        session.handle(Input::Bytes(reply.as_bytes()));
        assert_eq!(session.action(), Action::Send(b"QUIT\r\n"));
        session.handle(Input::Sent);
        session.handle(Input::EndOfStream);
        let Action::Done(Outcome::Refused(failure)) = session.action() else { panic!() };
        assert_eq!(failure.reason.word(), reason);
    }
}

#[test]
fn t6_implicit_tls_has_no_clear_form_to_go_back_to() {
    let mut session = Session::implicit(&config(Opportunistic), &facts(Tls::Verified).unwrap());
    session.handle(Input::TlsFailed(TlsFailure::Broken));
    assert!(matches!(session.action(), Action::Done(Outcome::Refused(_))));
    let session = Session::implicit(&config(Authenticate), &facts(Tls::Unverified).unwrap());
    let Action::Done(Outcome::Refused(failure)) = session.action() else { panic!() };
    assert_eq!(failure.reason.word(), "not-authenticated");
}

#[test]
fn r1_rfc8689_4_2_1_a_requiretls_message_needs_all_four() {
    let need = |trust| config(Opportunistic).message(MessageNeed::RequireTls(trust));
    let listed = [Step::Send(b"250-mx.example\r\n250 REQUIRETLS\r\n")];
    let trusted = need(MxTrust::Authenticated);
    let report = through_tls(&trusted, Tls::Verified, &listed);
    assert_eq!(report.verdict(), "secured");
    for (config, tls, inside, reason, status) in [
        (&trusted, Tls::Unverified, &listed[..], "requiretls-no-tls", "5.7.10"),
        (&need(MxTrust::NotAuthenticated), Tls::Verified, &listed, "requiretls-no-tls", "5.7.10"),
        (&trusted, Tls::Verified, &[Step::Send(b"250 mx\r\n")], "requiretls-not-offered", "5.7.30"),
        (&trusted, Tls::Failed(TlsFailure::Broken), &[], "tls-failed", "4.7.5"),
    ] {
        let report = through_tls(config, tls, inside);
        let failure = report.failure();
        assert_eq!((report.verdict(), report.reason()), ("refused", reason));
        assert_eq!(failure.status.to_string(), status);
        assert_eq!(failure.next_action, NextAction::NextMxElseBounce);
        let last = failure.at_last_mx();
        assert_eq!((last.next_action, last.status.class()), (NextAction::Bounce, 5));
    }
}

#[test]
fn l1_a_label_never_makes_an_outcome_milder() {
    let masked = "250-mx.example\r\n250 XXXXXXXA\r\n";
    for greeting in [GREETING, "220 ***************\r\n"] {
        for offer in [masked, "250-mx\r\n250 STARTTLS=1\r\n", "250 mx\r\n"] {
            let optional = run(&config(Opportunistic), &[greeting, offer]);
            assert_eq!(optional.verdict(), "plaintext");
            assert!(optional.downgrade.is_some());
            let needed = run(&config(Encrypt), &[greeting, offer, "500 unknown\r\n"]);
            assert_eq!(needed.verdict(), "refused");
            assert_eq!(needed.downgrade, optional.downgrade);
        }
    }
}

#[test]
fn l1_a_mangled_command_is_the_strongest_sign() {
    for reply in [
        "500 x\r\n",
        "502 x\r\n",
        "250 ok\r\n",
        "550 5.5.2 x\r\n",
        "554 Command Not Recognized.\r\n",
    ] {
        let report = run(&config(Opportunistic), &["220 ***\r\n", OFFER, reply]);
        assert_eq!(report.downgrade.unwrap().word(), "command-mangled", "{reply}");
    }
    for reply in ["454 4.7.0 no\r\n", "501 x\r\n", "554 no\r\n"] {
        let report = run(&config(Opportunistic), &[GREETING, OFFER, reply]);
        assert_eq!(report.downgrade, None, "{reply}");
    }
}

#[test]
fn l2_a_label_speaks_of_something_in_the_path_and_is_no_evidence_of_an_attack() {
    for (server, word) in [
        (&["220 ********\r\n", "250 mx\r\n"][..], "banner-masked"),
        (&[GREETING, "250-mx\r\n250 XXXXXXXA\r\n"], "masked-len-preserving"),
        (&[GREETING, "250-mx\r\n250 STARTTLS=1\r\n"], "garbled"),
        (&[GREETING, "250 mx\r\n"], "absent"),
        (&[GREETING, OFFER, "500 x\r\n"], "command-mangled"),
    ] {
        let report = run(&config(Opportunistic), server);
        assert_eq!(report.downgrade.unwrap().to_string(), word);
        assert!(!report.failure().is_attack_evidence(), "{word}");
        let needed = run(&config(Encrypt), &[server, &["500 x\r\n"]].concat());
        assert!(!needed.failure().is_attack_evidence(), "{word}");
    }
    // A label alone is no reason to stop: behind a masked banner TLS comes up.
    let mut script = reads(&["220 ********\r\n", OFFER, READY]);
    script.extend([Step::Tls, Step::Send(b"250 mx\r\n")]);
    let report = play(&config(Authenticate), Tls::Verified, &script);
    assert_eq!((report.verdict(), report.downgrade.unwrap().word()), ("secured", "banner-masked"));
}

#[test]
fn p8_after_its_end_a_session_is_only_ever_refused() {
    const CLOSING: &str = "421 4.3.2 closing\r\n";
    for (server, end, after) in [
        (&[GREETING, "250 mx\r\n"][..], "plaintext", "unsolicited-bytes"),
        (&[CLOSING], "refused", "unsolicited-bytes"),
        (&[GREETING, OFFER, CLOSING], "retry-plaintext", "unsolicited-bytes"),
        (&[GREETING, OFFER, "454 no\r\n", "221 bye\r\n"], "retry-plaintext", "starttls-refused"),
        (&["junk\r\n"], "refused", "malformed-reply"),
    ] {
        let mut session = Session::new(&config(Opportunistic));
        server.iter().for_each(|read| speak(&mut session, read.as_bytes()));
        only_ever_refused(&mut session, end, after);
        // In one read with the last reply, or in a later one.
        let mut session = Session::new(&config(Opportunistic));
        let (last, before) = server.split_last().unwrap();
        before.iter().for_each(|read| speak(&mut session, read.as_bytes()));
        speak(&mut session, format!("{last}x").as_bytes());
        assert_eq!(session.outcome().unwrap().failure().unwrap().reason.word(), after);
    }
    let mut sealed = sealed_session(&config(Opportunistic), Tls::Verified, &[]);
    only_ever_refused(&mut sealed, "secured", "unsolicited-bytes");
}

fn only_ever_refused<S: Channel>(session: &mut Session<S>, end: &str, after: &str) {
    let outcome = session.outcome().unwrap();
    assert_eq!(outcome.word(), end);
    let broken = Input::TlsFailed(TlsFailure::Broken);
    for input in [Input::Sent, Input::EndOfStream, Input::TimedOut, broken, Input::Bytes(b"")] {
        assert_eq!((session.handle(input), session.outcome()), (0, Some(outcome)), "{input:?}");
    }
    let is_refusal = after == "unsolicited-bytes";
    assert_eq!(session.handle(Input::Bytes(b"x")), usize::from(is_refusal), "{end}");
    let failure = *session.outcome().unwrap().failure().unwrap();
    assert_eq!(failure.reason.word(), after);
    let word = if is_refusal { "refused" } else { end };
    assert_eq!(session.outcome().unwrap().word(), word);
    let ended = session.outcome();
    assert_eq!((session.handle(Input::Bytes(b"250 ok\r\n")), session.outcome()), (0, ended));
}

#[test]
fn q1_rfc5321_4_1_1_10_quit_follows_a_regular_reply_alone() {
    for (server, verbs) in [
        (&["554 no\r\n"][..], "QUIT"),
        (&[GREETING, "550 no\r\n"], "EHLO QUIT"),
        (&["junk\r\n"], ""),
        (&["220-a\r\n221 b\r\n"], ""),
        (&["421 no\r\n"], ""),
        (&["554 no\r\n554 again\r\n"], ""),
        (&[], ""),
    ] {
        let report = run(&config(Opportunistic), server);
        assert_eq!((report.verdict(), report.verbs().as_str()), ("refused", verbs));
    }
    let failed = through_tls(&config(Encrypt), Tls::Failed(TlsFailure::Broken), &[]);
    assert_eq!(failed.verbs(), "EHLO STARTTLS");
}

#[test]
fn q1_any_answer_to_quit_or_none_will_do() {
    let after = |input: Input<'_>| {
        let mut session = Session::new(&config(Opportunistic));
        session.handle(Input::Bytes(b"554 no\r\n"));
        assert_eq!(session.action(), Action::Send(b"QUIT\r\n"));
        session.handle(Input::Sent);
        assert_eq!(session.wait_limit().duration().as_secs(), 5);
        session.handle(input);
        session.outcome().expect("it is over")
    };
    let expected = after(Input::EndOfStream);
    assert_eq!(expected.failure().unwrap().reason.word(), "greeting-refused");
    for input in [Input::TimedOut, Input::Bytes(b"221 bye\r\n"), Input::Bytes(b"junk")] {
        assert_eq!(after(input), expected);
    }
}

#[test]
fn warnings_of_the_last_ehlo_are_kept() {
    let session = support::clear_session(&config(Opportunistic), &["SIZE x", "REQUIRETLS"]);
    let warnings = session.capabilities().warnings();
    assert!(warnings.contains(Warning::SizeUnreadable));
    assert!(warnings.contains(Warning::RequireTlsInClear));
    let facts =
        TlsFacts::new(Verification::Failed(ResultType::CertificateHostMismatch), TlsVersion::TLS12);
    assert_eq!(facts.version(), TlsVersion::TLS12);
}

// checks: smtp-starttls/P1
#[test]
fn the_leniency_for_line_ends_stops_at_starttls() {
    let config = config(Opportunistic).danger_accept_bare_lf();
    let (greeting, offer) = ("220 mx.example\n", "250-mx.example\n250 STARTTLS\n");
    let report = run(&config, &[greeting, offer, "220 go\n"]);
    assert_eq!((report.verdict(), report.reason()), ("refused", "malformed-reply"));
    assert_eq!(report.failure().result_type, Some(ResultType::ValidationFailure));
    let mut script = reads(&[greeting, offer, READY]);
    script.extend([Step::Tls, Step::Send(b"250 mx.example\n")]);
    assert_eq!(play(&config, Tls::Verified, &script).verdict(), "secured");
}
