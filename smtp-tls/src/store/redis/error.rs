//! Why a Redis did not answer.

use redis::{ErrorKind, ServerErrorKind};

/// Why the store failed. No answer is not "no policy": the delivery is deferred.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RedisError {
    /// The address is none, or the settings in it do not go together.
    #[error("the address of the redis server is invalid")]
    Address,
    /// A pin is damaged. Pin the domain anew or take the pin back.
    #[error("the pin of the domain is damaged")]
    DamagedPin,
    /// The server does not let us in, or not do what a store does.
    #[error("the redis server denies access")]
    Denied,
    /// The server has no memory left, and is told not to evict.
    #[error("the redis server has no memory left")]
    Full,
    /// The server answers something else than what a store writes: the keys belong to other software.
    #[error("the redis server gave an unexpected answer")]
    Unexpected,
    /// The server is not reached, or does not answer in time.
    #[error("the redis server does not answer")]
    Unreachable,
    /// The server is loading, without a master, or a replica that takes no writes.
    #[error("the redis server is not ready")]
    Unready,
}

impl RedisError {
    /// Whether the same call may succeed later without anybody doing anything.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Full | Self::Unreachable | Self::Unready)
    }
}

impl From<redis::RedisError> for RedisError {
    fn from(error: redis::RedisError) -> Self {
        if error.is_timeout() || error.is_connection_dropped() || error.is_connection_refusal() {
            return Self::Unreachable;
        }
        let kind = error.kind();
        // Of several commands sent together, the first that failed tells why.
        let failed = error.into_server_errors();
        let code = failed.as_ref().and_then(|failed| failed.first()).map(|(_, error)| error.code());
        match (code, kind) {
            (Some("OOM"), _) => Self::Full,
            (_, ErrorKind::Io) => Self::Unreachable,
            (_, ErrorKind::InvalidClientConfig) => Self::Address,
            (Some("NOAUTH"), _)
            | (_, ErrorKind::AuthenticationFailed | ErrorKind::Server(ServerErrorKind::NoPerm)) => {
                Self::Denied
            }
            (
                _,
                ErrorKind::Server(
                    ServerErrorKind::BusyLoading
                    | ServerErrorKind::TryAgain
                    | ServerErrorKind::ClusterDown
                    | ServerErrorKind::MasterDown
                    | ServerErrorKind::ReadOnly,
                ),
            ) => Self::Unready,
            _ => Self::Unexpected,
        }
    }
}
