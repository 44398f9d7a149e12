//! What an emulator is started with, beside its fleet.

use std::net::SocketAddr;
use std::time::Duration;

use crate::clock::Clock;

/// How long a token of IAM is good.
const TOKEN_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Where an emulator listens, what time it has, how long its tokens are good, and its names.
#[derive(Debug, Clone)]
pub struct Options {
    /// The address; port 0 picks a free one. A free port of 127.0.0.1 unless told otherwise.
    pub listen: SocketAddr,
    /// The clock; the system's unless it is moved.
    pub clock: Clock,
    /// How long a token that IAM issues is good: 24 hours unless told otherwise.
    pub token_lifetime: Duration,
    /// The names of this machine, beside `localhost`, that requests may have as their host; none by
    /// default.
    pub allowed_hosts: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            clock: Clock::default(),
            token_lifetime: TOKEN_LIFETIME,
            allowed_hosts: Vec::new(),
        }
    }
}
