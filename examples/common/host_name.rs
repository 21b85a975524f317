//! The name of this host.

/// What the kernel calls this host; nothing if it cannot be read or is empty.
pub(crate) fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// The argument's name of this node, else that of the host: what tells the nodes of a fleet apart.
#[allow(dead_code, reason = "not every program has nodes")]
pub(crate) fn node_name(argument: Option<&str>) -> Result<String, crate::stopped::Stopped> {
    let name = argument.map(str::to_owned).or_else(host_name).unwrap_or_default();
    if name.is_empty() || name.len() > 255 || name.contains(char::is_control) {
        let message = "no name for this node of 1 to 255 bytes; see --node";
        return Err(crate::stopped::Stopped::new(64, message));
    }
    Ok(name)
}
