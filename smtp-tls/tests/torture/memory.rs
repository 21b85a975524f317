//! What a server sends costs no memory: it is refused at the limit.

use std::sync::Arc;

use allocation_counter::measure;
use conformance::torture::{Keys, Script, Step, Verdict, scripts};
use pki_types::UnixTime;
use smtp_tls::attempt::Patience;
use smtp_tls::driver::blocking::block_on;

use crate::client::{Driver, Ended, Need, deliver};
use crate::start;

/// As much as a session needs at most beyond that of an honest server.
const BEYOND: u64 = 64 * 1024;

/// What a delivery came to, and the most memory that it had at a time.
fn delivered(driver: Driver, script: Script, keys: &Keys) -> (Ended, u64) {
    let server = start(&Arc::new(script), keys, |_| ());
    let (port, need) = (server.address().port(), Need::Opportunistic);
    let mut ended = None;
    let info = match driver {
        Driver::Tokio => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.unwrap();
            measure(|| {
                let delivery = deliver(driver, port, keys.root(), need, Patience::Rfc5321);
                ended = Some(runtime.block_on(delivery));
            })
        }
        Driver::Blocking => measure(|| {
            let delivery = deliver(driver, port, keys.root(), need, Patience::Rfc5321);
            ended = Some(block_on(delivery));
        }),
    };
    (ended.unwrap(), info.bytes_max)
}

fn named(id: &str) -> Script {
    scripts().into_iter().find(|script| script.id == id).unwrap()
}

/// The first steps of a script, and then these octets.
fn cut(id: &str, steps: usize, octets: Vec<u8>) -> Script {
    let mut script = named(id);
    script.steps.truncate(steps);
    script.steps.push(Step::Send(vec![octets]));
    script
}

#[test]
fn a_line_and_a_reply_without_end_are_refused_at_the_limit_with_no_growth() {
    let keys = Keys::new(UnixTime::now()).unwrap();
    let long = || [b"250-".as_slice(), &vec![b'x'; 32 << 20]].concat();
    let many = || b"250-x\r\n".repeat(14_000);
    let heavy = || [b"250-".as_slice(), &[b'x'; 1900], b"\r\n"].concat().repeat(52);
    assert!(many().len() > 97_000 && heavy().len() > 97_000);
    for driver in Driver::ALL {
        let (honest, most) = delivered(driver, scripts().remove(0), &keys);
        assert_eq!(honest.verdict, Verdict::Secured);
        for (octets, reason) in
            [(long(), "line-too-long"), (many(), "reply-too-long"), (heavy(), "reply-too-long")]
        {
            // The greeting, the answer to EHLO, and that inside TLS.
            for (id, steps) in [("ehlo/stall", 0), ("ehlo/stall", 2), ("slow/ehlo-in-tls", 7)] {
                let (ended, bytes) = delivered(driver, cut(id, steps, octets.clone()), &keys);
                assert_eq!(ended.verdict, Verdict::Refused, "{id}");
                assert_eq!(ended.reason, Some(reason), "{id}");
                assert!(bytes < most + BEYOND, "{driver:?} {id}: {bytes}, honest {most}");
            }
        }
    }
}
