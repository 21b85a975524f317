//! A domain for which this server is a backup (RFC 5321 section 5.1).

use core::net::IpAddr;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::script::{DOMAIN, World, name};
use super::server::Server;
use crate::report::{Cause, Fate};
use crate::resolve::{Kind, Outcome, Record, Security};

const HOSTS: [&str; 3] = ["mx1.d.test", "mx2.d.test", "mx3.d.test"];

/// Three hosts, which ask to come again.
fn world() -> World {
    let mut world = World::with_hosts(Security::Insecure, &HOSTS);
    for (host, at) in HOSTS.iter().zip(1..) {
        let address = Record::A([192, 0, 2, at].into());
        world.set(host, Kind::A, Outcome::Records(vec![address]), Security::Insecure);
        world.server(host, Server { greeting: "421 later\r\n", ..Server::default() });
    }
    world
}

fn tried(world: &World) -> Vec<String> {
    world.play().attempts.iter().map(|(attempt, _)| attempt.host.to_string()).collect()
}

fn addresses(all: impl IntoIterator<Item = [u8; 4]>) -> Arc<BTreeSet<IpAddr>> {
    Arc::new(all.into_iter().map(IpAddr::from).collect())
}

fn assert_loops(world: &World) {
    let played = world.play();
    assert!(played.attempts.is_empty());
    let Fate::Refused(cause @ Cause::OnlyOurselves) = &played.report.fates[0] else {
        panic!("{:?}", played.report.fates)
    };
    assert_eq!(cause.status(), "5.4.6");
}

#[test]
fn rfc5321_5_1_only_hosts_better_than_ourselves_are_tried() {
    assert_eq!(tried(&world()), HOSTS);
    let mut by_name = world();
    by_name.settings.own_name(name(HOSTS[1]));
    let mut by_address = world();
    by_address.settings.own_addresses = addresses([[192, 0, 2, 2], [198, 51, 100, 1]]);
    for world in [by_name, by_address] {
        assert_eq!(tried(&world), HOSTS[..1]);
        let report = world.play().report;
        assert_eq!(report.fates[0].word(), "deferred", "the better host may come back");
        assert_eq!(report.tries.len(), 1);
    }
}

#[test]
fn rfc5321_5_1_where_none_is_better_the_message_is_refused() {
    let mut by_name = world();
    by_name.settings.own_name(name(HOSTS[0]));
    assert_loops(&by_name);
    let mut by_address = world();
    by_address.settings.own_addresses = addresses([[192, 0, 2, 1]]);
    assert_loops(&by_address);
    // A domain that is its own host.
    let mut own_host = World::new();
    own_host.address(DOMAIN, Security::Insecure);
    own_host.server(DOMAIN, Server::default());
    assert_eq!(tried(&own_host), [DOMAIN]);
    own_host.settings.own_addresses = addresses([[192, 0, 2, 1]]);
    assert_loops(&own_host);
    own_host.settings.own_addresses = Arc::default();
    own_host.settings.own_name(name(DOMAIN));
    assert_loops(&own_host);
}

#[test]
fn an_own_address_written_as_an_ipv6_address_is_known() {
    let mut world = world();
    let mapped = core::net::Ipv4Addr::new(198, 51, 100, 1).to_ipv6_mapped();
    let records = Outcome::Records(vec![Record::Aaaa(mapped)]);
    world.set(HOSTS[0], Kind::Aaaa, records, Security::Insecure);
    world.settings.own_addresses = addresses([[198, 51, 100, 1]]);
    assert_loops(&world);
}

#[test]
fn records_that_cannot_be_read_may_name_a_better_host() {
    let mut world = World::new();
    let own = Record::Mx { preference: 10, host: name(HOSTS[0]) };
    let records = Outcome::Records(vec![own, Record::Unreadable(vec![0])]);
    world.set(DOMAIN, Kind::Mx, records, Security::Insecure);
    world.address(HOSTS[0], Security::Insecure);
    let mut by_name = world.clone();
    by_name.settings.own_name(name(HOSTS[0]));
    world.settings.own_addresses = addresses([[192, 0, 2, 1]]);
    for world in [by_name, world] {
        let fate = world.play().report.fates.remove(0);
        assert!(matches!(fate, Fate::Deferred(Cause::MxLookUp(_))), "{fate:?}");
    }
}
