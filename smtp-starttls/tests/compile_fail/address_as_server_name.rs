use core::net::IpAddr;

use smtp_starttls::TlsFacts;

fn address_as_server_name(facts: TlsFacts<'_>, address: IpAddr) -> TlsFacts<'_> {
    facts.server_name(address)
}

fn main() {}
