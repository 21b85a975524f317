//! Messages with REQUIRETLS, and with `TLS-Required: No` (RFC 8689).

use mta_sts::TlsRequiredNo;

use super::super::MessageTerms;
use super::script::{World, usable_tlsa};
use super::server::{Server, StartTls};
use crate::report::Fate;
use crate::resolve::Security;

const MX1: &str = "mx1.d.test";
const MX2: &str = "mx2.d.test";

fn world(security: Security) -> World {
    let mut world = World::with_hosts(security, &[MX1, MX2]);
    world.message = MessageTerms::require_tls();
    world
}

fn status(world: &World) -> (&'static str, String) {
    match &world.play().report.fates[0] {
        Fate::Delivered { assurance, .. } => ("delivered", assurance.to_string()),
        Fate::Deferred(cause) => ("deferred", cause.status()),
        Fate::Refused(cause) => ("refused", cause.status()),
    }
}

// checks: dane/DANE-R4, smtp-starttls/SMTP-R1
#[test]
fn rfc8689_4_2_1_an_authenticated_host_that_offers_it_takes_the_message() {
    let mut dane = world(Security::Secure);
    dane.tlsa(MX1, vec![usable_tlsa()]);
    assert_eq!(status(&dane), ("delivered", "dane-ee".to_owned()));
    let mut sts = world(Security::Insecure);
    sts.policy("enforce", "*.d.test");
    assert_eq!(status(&sts), ("delivered", "pkix".to_owned()));
    let signed = world(Security::Secure);
    assert_eq!(status(&signed).0, "delivered");
}

// checks: dane/DANE-R4, smtp-starttls/SMTP-R1
#[test]
fn rfc8689_4_2_1_it_bounces_once_no_host_is_left() {
    let no_tls = || Server::with(StartTls::Absent);
    let not_offered = || Server { require_tls: false, ..Server::default() };
    let not_authenticated = || Server { pkix: false, ..Server::default() };
    for (server, code) in
        [(no_tls(), "5.7.10"), (not_offered(), "5.7.30"), (not_authenticated(), "5.7.10")]
    {
        let mut world = world(Security::Secure);
        world.server(MX1, server.clone());
        assert_eq!(status(&world).0, "delivered", "the next host offers it");
        world.server(MX2, server);
        assert_eq!(status(&world), ("refused", code.to_owned()));
        let attempts = world.play().attempts;
        assert_eq!(attempts.len(), 2, "one for each host, none in clear");
    }
}

// RFC 5321 section 4.5.4.1: where no server has answered, it may later. What one has answered counts, 454 too.
#[test]
fn what_may_pass_is_no_lack_of_tls() {
    for starttls in [StartTls::Lost, StartTls::Slow] {
        for (first, second) in [
            (Server::with(starttls), Server::with(starttls)),
            (Server::with(starttls), Server::with(StartTls::Absent)),
            (Server::with(StartTls::Absent), Server::with(starttls)),
        ] {
            let mut world = world(Security::Secure);
            world.server(MX1, first);
            world.server(MX2, second);
            assert_eq!(status(&world).0, "deferred", "{starttls:?}");
        }
    }
    for starttls in [
        StartTls::Broken,
        StartTls::Answered("554 5.7.3 no\r\n"),
        StartTls::Answered("454 4.7.0 not now\r\n"),
        StartTls::Answered("421 4.3.2 going down\r\n"),
    ] {
        let mut world = world(Security::Secure);
        world.server(MX1, Server::with(starttls));
        world.server(MX2, Server::with(starttls));
        assert_eq!(status(&world), ("refused", "5.7.10".to_owned()), "{starttls:?}");
    }
}

#[test]
fn a_host_that_could_not_be_asked_keeps_it_from_bouncing() {
    for (first, second) in [
        (Server::down(), Server::with(StartTls::Absent)),
        (Server::with(StartTls::Absent), Server::down()),
    ] {
        let mut world = world(Security::Secure);
        world.server(MX1, first);
        world.server(MX2, second);
        assert_eq!(status(&world).0, "deferred");
    }
}

// checks: dane/DANE-R4, smtp-starttls/SMTP-R1
#[test]
fn rfc8689_4_2_1_a_host_that_nothing_proves_to_be_the_domains_gets_nothing() {
    assert_eq!(status(&world(Security::Insecure)), ("refused", "5.7.10".to_owned()));
}

// checks: smtp-starttls/SMTP-R2
#[test]
fn rfc8689_5_a_bounce_asks_for_it_and_is_not_held_back_for_the_lack_of_it() {
    use crate::plan::Wish;
    use smtp_starttls::MxTrust;

    for (security, trust) in [
        (Security::Secure, MxTrust::Authenticated),
        (Security::Insecure, MxTrust::NotAuthenticated),
    ] {
        let mut world = world(security);
        world.message.return_path = super::super::ReturnPath::Nobody;
        let played = world.play();
        assert_eq!(played.attempts[0].0.plan.wish, Wish::RequireTls(trust));
        world.server(MX1, Server::with(StartTls::Absent));
        assert_eq!(status(&world), ("delivered", "clear".to_owned()));
        world.server(MX1, Server { pkix: false, require_tls: false, ..Server::default() });
        assert_eq!(status(&world), ("delivered", "unauthenticated".to_owned()));
        // What the domain demands, it demands of a bounce, too.
        world.policy("enforce", "*.d.test");
        assert_eq!(status(&world), ("delivered", "pkix".to_owned()));
        let hosts: Vec<_> = world.play().attempts.iter().map(|it| it.0.host.to_string()).collect();
        assert_eq!(hosts, [MX1, MX2]);
    }
}

// checks: smtp-starttls/SMTP-R3, mta-sts/A12
#[test]
fn rfc8689_3_a_message_may_set_policies_aside_only_where_the_operator_allows_it() {
    let mut world = World::with_hosts(Security::Secure, &[MX1]);
    world.message = MessageTerms::tls_required_no();
    world.tlsa(MX1, vec![usable_tlsa()]);
    world.server(MX1, Server { dane: false, ..Server::default() });
    assert_eq!(status(&world), ("deferred", "4.7.5".to_owned()));
    world.settings.mta_sts.tls_required_no = TlsRequiredNo::Honour;
    assert_eq!(status(&world), ("delivered", "unauthenticated".to_owned()));
    world.server(MX1, Server::with(StartTls::Absent));
    assert_eq!(status(&world), ("delivered", "clear".to_owned()));
}

// checks: tlsrpt/M4, tlsrpt/S8
#[test]
fn rfc8460_5_3_a_report_is_delivered_whatever_the_policies_say_and_not_counted() {
    let mut world = World::with_hosts(Security::Insecure, &[MX1]);
    world.asks_for_reports();
    world.policy("enforce", "other.d.test");
    world.message = MessageTerms::report_delivery();
    world.server(MX1, Server::with(StartTls::Absent));
    assert_eq!(status(&world), ("delivered", "clear".to_owned()));
    let report = world.play().report;
    assert!(report.tlsrpt_sessions().count() > 0);
    for session in report.tlsrpt_sessions() {
        assert_eq!(session.purpose, tlsrpt::Purpose::ReportDelivery);
    }
}
