use smtp_starttls::{Clear, Input, Session};

fn use_after_upgrade(mut session: Session<Clear>) {
    let upgrade = session.into_upgrade();
    session.handle(Input::Bytes(b"250 forged\r\n"));
    drop(upgrade);
}

fn main() {}
