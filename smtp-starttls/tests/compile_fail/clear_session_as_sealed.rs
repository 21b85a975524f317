use smtp_starttls::{Clear, Sealed, Session};

fn clear_session_as_sealed(session: Session<Clear>) -> Session<Sealed> {
    session
}

fn main() {}
