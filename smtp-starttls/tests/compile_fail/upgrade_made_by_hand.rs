use smtp_starttls::Upgrade;

fn upgrade_made_by_hand() -> Upgrade {
    Upgrade {}
}

fn main() {}
