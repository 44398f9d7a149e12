//! What an emulator is started with, beside its fleet.

use std::net::SocketAddr;
use std::time::Duration;

use crate::clock::Clock;
use crate::password::OnPassword;

/// How long a token of IAM is good.
const TOKEN_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// The options of an emulator: address, clock, token lifetime, names and callback.
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
    /// The callback that is told each password as it is set; none by default.
    pub on_password: Option<OnPassword>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            clock: Clock::default(),
            token_lifetime: TOKEN_LIFETIME,
            allowed_hosts: Vec::new(),
            on_password: None,
        }
    }
}
