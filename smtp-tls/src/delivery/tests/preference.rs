//! MX hosts are tried in the order of their preference, whatever is known of their security.

use super::script::{World, usable_tlsa};
use super::server::Server;
use crate::resolve::Security;

const HOSTS: [&str; 3] = ["mx1.d.test", "mx2.d.test", "mx3.d.test"];

fn order(world: &World) -> Vec<String> {
    let attempts = world.play().attempts;
    attempts.iter().map(|(attempt, _)| attempt.host.to_string()).collect()
}

// checks: dane/M4
#[test]
fn rfc7672_2_2_1_security_changes_no_preference() {
    for secure in HOSTS {
        let mut world = World::with_hosts(Security::Secure, &HOSTS);
        for host in HOSTS {
            world.server(host, Server { greeting: "421 later\r\n", ..Server::default() });
            if host != secure {
                world.address(host, Security::Insecure);
            }
        }
        world.tlsa(secure, vec![usable_tlsa()]);
        world.policy("testing", secure);
        for seed in 0..8 {
            world.settings.seed = seed;
            assert_eq!(order(&world), HOSTS, "records at {secure}");
        }
    }
    // The first one takes the message, though the next has records that match it.
    let mut world = World::with_hosts(Security::Insecure, &HOSTS);
    world.address(HOSTS[1], Security::Secure);
    world.tlsa(HOSTS[1], vec![usable_tlsa()]);
    assert_eq!(order(&world), [HOSTS[0]]);
}
