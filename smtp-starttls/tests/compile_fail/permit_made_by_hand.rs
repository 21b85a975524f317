use smtp_starttls::{RequireTlsPermit, VerifiedBy};

fn permit_made_by_hand() -> RequireTlsPermit {
    RequireTlsPermit { verified_by: VerifiedBy::Dane }
}

fn main() {}
