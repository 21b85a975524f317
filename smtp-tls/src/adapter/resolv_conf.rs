//! The name servers that `/etc/resolv.conf` lists.

use core::net::{IpAddr, SocketAddr};

/// Where the file is.
pub const PATH: &str = "/etc/resolv.conf";

/// The port of DNS.
pub const DNS_PORT: u16 = 53;

/// How many name servers are taken, as the C library does.
pub const NAME_SERVERS: usize = 3;

/// The name servers in the text of a `resolv.conf`, in order, at most [`NAME_SERVERS`].
///
/// Lines that are no `nameserver` line with an address are left out, as the C library does; so is an
/// address with a zone index. Without any, the C library asks `127.0.0.1`; that is up to the caller.
///
/// ```
/// let text = "search example.org\nnameserver 127.0.0.1\noptions trust-ad\n";
/// let servers = smtp_tls::adapter::resolv_conf::name_servers(text);
/// assert_eq!(servers, ["127.0.0.1:53".parse()?]);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[must_use]
pub fn name_servers(text: &str) -> Vec<SocketAddr> {
    text.lines().filter_map(name_server).take(NAME_SERVERS).collect()
}

fn name_server(line: &str) -> Option<SocketAddr> {
    let mut words = line.split_ascii_whitespace();
    if words.next() != Some("nameserver") {
        return None;
    }
    let address: IpAddr = words.next()?.parse().ok()?;
    Some(SocketAddr::new(address, DNS_PORT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_lines_are_left_out() {
        let text = "; nameserver 192.0.2.1\n#nameserver 192.0.2.2\nnameserver\n\
                    nameserver example.org\nnameserver fe80::1%eth0\nnameservers 192.0.2.3\n";
        assert!(name_servers(text).is_empty());
    }

    #[test]
    fn both_families_are_taken_in_order() {
        let text = "nameserver ::1\r\n\tnameserver  192.0.2.1 # local\n";
        let expected: [SocketAddr; 2] =
            ["[::1]:53".parse().unwrap(), "192.0.2.1:53".parse().unwrap()];
        assert_eq!(name_servers(text), expected);
    }

    #[test]
    fn a_fourth_is_left_out() {
        let text = "nameserver 127.0.0.1\n".repeat(4);
        assert_eq!(name_servers(&text).len(), NAME_SERVERS);
    }
}
