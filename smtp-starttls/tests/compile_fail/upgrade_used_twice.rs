use smtp_starttls::{EhloName, TlsFacts, TlsFailure, Upgrade};

fn upgrade_used_twice(upgrade: Upgrade, name: &EhloName, facts: &TlsFacts<'_>) {
    let _ = upgrade.tls_failed(TlsFailure::Broken);
    let _ = upgrade.tls_up(name, facts);
}

fn main() {}
