use smtp_starttls::{EhloName, Sealed, Session, Upgrade};

fn sealed_without_facts(upgrade: Upgrade, name: &EhloName) -> Session<Sealed> {
    upgrade.tls_up(name)
}

fn main() {}
