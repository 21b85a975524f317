//! How much a session holds: at most 2.5 KiB, and the upgrade next to nothing.

use core::mem::size_of;

use smtp_starttls::{Clear, Mailer, ReplyReader, Sealed, Session, Upgrade, limits};

const MOST: usize = 2560;

#[test]
fn a_session_has_2_5_kib_at_most() {
    assert!(size_of::<Session<Clear>>() <= MOST, "{}", size_of::<Session<Clear>>());
    assert!(size_of::<Session<Sealed>>() <= MOST, "{}", size_of::<Session<Sealed>>());
    assert!(size_of::<Mailer<Clear>>() <= MOST, "{}", size_of::<Mailer<Clear>>());
    assert!(size_of::<Mailer<Sealed>>() <= MOST, "{}", size_of::<Mailer<Sealed>>());
    assert!(size_of::<ReplyReader>() <= limits::REPLY_LINE + 32, "{}", size_of::<ReplyReader>());
}

// checks: smtp-starttls/SMTP-U3
#[test]
fn an_upgrade_has_no_room_for_octets() {
    assert!(size_of::<Upgrade>() <= 8, "{}", size_of::<Upgrade>());
}
