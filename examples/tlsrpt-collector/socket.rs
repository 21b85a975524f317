//! The datagram socket: made once, for one process, with a mode and an owner.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use nix::fcntl::Flock;
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Group, User};

use crate::args::Args;
use crate::lock::lock;
use crate::say::warn;
use crate::stopped::Stopped;

/// The socket. While it lives no other collector takes its path.
pub(crate) struct Socket {
    socket: UnixDatagram,
    path: PathBuf,
    /// Device and inode, so that only our own socket is removed.
    identity: (u64, u64),
    _lock: Flock<File>,
}

impl Socket {
    pub(crate) fn open(args: &Args) -> Result<Self, Stopped> {
        let path = args.socket.clone().unwrap_or_default();
        let refused = |why: &dyn core::fmt::Display| {
            Stopped::new(UNAVAILABLE, format!("{}: {why}", path.display()))
        };
        let owner = args.owner.as_deref().map(owner).transpose()?;
        let lock = lock(&path).map_err(|error| refused(&error))?;
        let lock = lock.ok_or_else(|| refused(&"another collector uses this socket"))?;
        remove_stale(&path).map_err(|error| refused(&error))?;
        // Nobody reports before the owner and the mode are set.
        let before = umask(Mode::from_bits_truncate(0o777));
        let bound = UnixDatagram::bind(&path);
        umask(before);
        let socket = bound.map_err(|error| refused(&error))?;
        let set = || {
            if let Some((user, group)) = owner {
                chown(&path, user, group)?;
            }
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(args.mode))?;
            std::fs::symlink_metadata(&path).map(|found| (found.dev(), found.ino()))
        };
        let identity = set().map_err(|error: io::Error| refused(&error))?;
        Ok(Self { socket, identity, _lock: lock, path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The same socket, for the thread that receives.
    pub(crate) fn receiver(&self) -> Result<UnixDatagram, Stopped> {
        self.socket.try_clone().map_err(|error| Stopped::new(71, error))
    }

    /// Takes the name away, so that senders see at once that nobody receives.
    pub(crate) fn remove(&self) {
        let found = std::fs::symlink_metadata(&self.path);
        if found.is_ok_and(|found| (found.dev(), found.ino()) == self.identity) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Removes what an earlier process has left: a socket on which nobody listens, and nothing else.
fn remove_stale(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::Error::other("there is a file of this name that is not a socket"));
        }
        Ok(_) => {}
    }
    match UnixDatagram::unbound()?.connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(()) => Err(io::Error::other("another program receives on this socket")),
        Err(error) => Err(error),
    }
}

/// User and group by name or number. A user alone leaves the group as it is.
fn owner(text: &str) -> Result<(Option<u32>, Option<u32>), Stopped> {
    let (user, group) = match text.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (text, None),
    };
    let unknown =
        |what: &str| Stopped::new(64, format!("--owner: there is no {what} of this name"));
    let number = |name: &str| name.parse::<u32>().ok();
    let named = || User::from_name(user).ok().flatten().map(|user| user.uid.as_raw());
    let uid = match user {
        "" => None,
        _ => Some(number(user).or_else(named).ok_or_else(|| unknown("user"))?),
    };
    let gid = group.map(|name| {
        let named = || Group::from_name(name).ok().flatten().map(|group| group.gid.as_raw());
        number(name).or_else(named).ok_or_else(|| unknown("group"))
    });
    Ok((uid, gid.transpose()?))
}

/// How many datagrams the kernel queues for a socket beyond one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueueLength(pub(crate) Option<usize>);

impl QueueLength {
    /// The value when the socket was made is the one that counts for it.
    pub(crate) fn read() -> Self {
        let text = std::fs::read_to_string(format!("/proc/sys/{}", SYSCTL.replace('.', "/")));
        Self(text.ok().and_then(|text| text.trim().parse().ok()))
    }

    pub(crate) fn warn(self) {
        match self.0 {
            Some(length) if length < ENOUGH => warn(format_args!(
                "tlsrpt-collector: warning: the kernel queues {length} datagrams for a socket ({SYSCTL}), and \
                 a burst beyond that is lost. Set it to {ENOUGH} or more: write \"{SYSCTL} = {ENOUGH}\" into \
                 /etc/sysctl.d/tlsrpt.conf, run \"sysctl --system\", and start this program again, because a \
                 socket keeps the value with which it was made."
            )),
            Some(_) => {}
            None => warn(format_args!("tlsrpt-collector: warning: {SYSCTL} cannot be read")),
        }
    }
}

const SYSCTL: &str = "net.unix.max_dgram_qlen";

/// Below this the warning comes. Ours: half a second at 1,000 sessions a second.
const ENOUGH: usize = 512;

/// The exit status if the socket cannot be had.
const UNAVAILABLE: u8 = 69;
