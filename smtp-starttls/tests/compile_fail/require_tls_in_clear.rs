use smtp_starttls::{Clear, Mail, Mailer, RequireTlsPermit};

fn require_tls_in_clear(mailer: &mut Mailer<Clear>, permit: RequireTlsPermit, out: &mut [u8]) {
    let _ = mailer.mail_require_tls(&Mail::new(smtp_starttls::ReversePath::Null), permit, out);
}

fn main() {}
