use smtp_starttls::{AuthMechanism, Clear, Mailer};

fn auth_in_clear(mailer: &mut Mailer<Clear>, out: &mut [u8]) {
    let _ = mailer.auth(AuthMechanism::Plain, Some(b"\0user\0pass"), out);
}

fn main() {}
