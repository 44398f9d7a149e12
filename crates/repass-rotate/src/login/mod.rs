//! Logins that show which password an instance accepts.
//!
//! A login is one attempt on a fresh connection: a connection that was opened before a change
//! outlives it, and a wrong password may count towards a lockout. Only the server's own refusal of
//! the password is [`LoginResult::Rejected`]. Everything else that is not a success, a closed
//! connection among them, shows nothing about the password.
//!
//! The three protocols are written by hand. Their logins are a few messages each, a driver sends
//! more than the login and retries on its own account, and the drivers would add about 150 crates.
//!
//! # Limits
//!
//! - A server that lets everyone in is recognized where its protocol shows it: a Redis default user
//!   without a password, and a Kafka listener without SASL. A Redis ACL user with `nopass` and a
//!   MySQL server with `--skip-grant-tables` accept every password.
//! - MySQL answers alike to a wrong password, an unknown user, a user who may not log in from this
//!   host and, without TLS, a user who must use TLS. Kafka answers alike to a wrong password and an
//!   unknown user.
//! - A SCRAM user has a password for each mechanism. If a user has only one of two that the broker
//!   offers, name it with `?mechanism=`.

mod connection;
mod kafka;
mod mysql;
mod redis;
mod scram;
mod tls;

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use repass_client::Secret;
use rustls::pki_types::ServerName;
use url::Url;

use self::connection::{Address, Deadline, Unknown};
use self::kafka::Mechanism;
pub use self::tls::{CaCertificates, InvalidCa};
use self::tls::{Tls, Trust};

/// The result of one login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginResult {
    /// The server accepted the password.
    Accepted,
    /// The server refused the password.
    Rejected,
    /// The server asks for no password.
    Open,
    /// The connection was not made or was closed, the deadline passed, or the server answered
    /// something else: nothing is known about the password. The text holds no secret.
    Unknown(String),
}

/// How a server's certificate is verified.
#[derive(Clone, Debug, Default)]
pub struct TlsOptions {
    /// Certificate authorities to trust instead of the system's.
    pub ca: Option<CaCertificates>,
}

/// A server's address and the protocol to log in with.
#[derive(Clone)]
pub struct Login {
    protocol: Protocol,
    address: Address,
}

#[derive(Clone)]
enum Protocol {
    Redis {
        user: Option<String>,
    },
    MySql {
        user: String,
    },
    Kafka {
        user: String,
        mechanism: Option<Mechanism>,
    },
}

/// The reason why a login address is invalid. It never quotes the address, which may hold a
/// password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoginUrlError {
    /// Not a URL with a host.
    #[error("invalid URL; write it as in rediss://10.0.0.5:6379")]
    Invalid,
    /// An unknown scheme.
    #[error("unknown scheme; expected redis, rediss, mysql or kafka")]
    Scheme,
    /// A user name or a password in the URL.
    #[error(
        "the URL contains a user name or a password (hidden); remove it, because the password \
         comes from the store"
    )]
    Credentials,
    /// No port.
    #[error("the URL has no port; add it, as in rediss://10.0.0.5:6379")]
    Port,
    /// A path or a fragment.
    #[error("the URL has a path or a fragment; only a host, a port and parameters are allowed")]
    Path,
    /// An unknown or repeated parameter, or an unknown value.
    #[error(
        "invalid URL parameter; expected tls=verify-full, tls=verify-ca or tls=off, and for Kafka \
         mechanism=SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN"
    )]
    Parameter,
    /// A Redis scheme and a `tls` parameter that contradict each other.
    #[error("the tls parameter contradicts the scheme; use rediss with TLS and redis without")]
    Contradiction,
    /// An unencrypted Redis connection to another machine.
    #[error(
        "redis:// sends the password unencrypted to another machine; use rediss://, or allow it \
         with ?tls=off"
    )]
    Unencrypted,
    /// `mechanism=PLAIN` without TLS to another machine.
    #[error("PLAIN sends the password itself; use it with TLS, or use SCRAM")]
    PlainUnencrypted,
    /// `tls=verify-ca` without a private authority.
    #[error(
        "tls=verify-ca accepts every certificate of the authorities, so it needs a private \
         certificate authority"
    )]
    NoCa,
    /// No user name.
    #[error("a user name is required to log in to MySQL and Kafka")]
    NoUser,
    /// A user name that the protocol cannot carry.
    #[error("invalid user name; it is empty or contains a NUL character")]
    User,
}

impl Login {
    /// Parses a login address.
    ///
    /// | address | connection |
    /// |---|---|
    /// | `rediss://HOST:PORT` | TLS |
    /// | `redis://HOST:PORT` | unencrypted; to another machine only with `?tls=off` |
    /// | `mysql://HOST:PORT`, `kafka://HOST:PORT` | TLS; unencrypted with `?tls=off` |
    ///
    /// `?tls=verify-ca` checks that a private authority signed the certificate, and not which host
    /// it is for. `?mechanism=` names the SASL mechanism for Kafka; by default it is the strongest
    /// that the broker offers.
    ///
    /// MySQL and Kafka need a user. A Redis user other than `default` needs Redis 6.
    ///
    /// # Errors
    ///
    /// Returns an error if the address is not one of these, or contains a user name or a password.
    pub fn parse(url: &str, user: Option<&str>, tls: TlsOptions) -> Result<Self, LoginUrlError> {
        let url = Url::parse(url).map_err(|_| LoginUrlError::Invalid)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(LoginUrlError::Credentials);
        }
        let scheme = url.scheme();
        if !matches!(scheme, "redis" | "rediss" | "mysql" | "kafka") {
            return Err(LoginUrlError::Scheme);
        }
        let host = url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned()).map_err(|_| LoginUrlError::Invalid)?;
        let port = url.port().ok_or(LoginUrlError::Port)?;
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(LoginUrlError::Path);
        }
        if user.is_some_and(|user| user.is_empty() || user.contains('\0')) {
            return Err(LoginUrlError::User);
        }

        let mut parameters = BTreeMap::new();
        for (key, value) in url.query_pairs() {
            if parameters.insert(key, value).is_some() {
                return Err(LoginUrlError::Parameter);
            }
        }
        let trust = match parameters.remove("tls").as_deref() {
            None if scheme == "redis" => None,
            None | Some("verify-full") => Some(tls.ca.map_or(Trust::System, Trust::Ca)),
            Some("verify-ca") => Some(Trust::AnyName(tls.ca.ok_or(LoginUrlError::NoCa)?)),
            Some("off") => None,
            Some(_) => return Err(LoginUrlError::Parameter),
        };
        let mechanism = match parameters.remove("mechanism") {
            Some(name) if scheme == "kafka" => {
                Some(Mechanism::parse(&name).ok_or(LoginUrlError::Parameter)?)
            }
            Some(_) => return Err(LoginUrlError::Parameter),
            None => None,
        };
        if !parameters.is_empty() {
            return Err(LoginUrlError::Parameter);
        }

        let encrypted = trust.is_some();
        let loopback = is_loopback(host);
        let user = user.map(str::to_owned);
        let protocol = match scheme {
            "mysql" => Protocol::MySql {
                user: user.ok_or(LoginUrlError::NoUser)?,
            },
            "kafka" if mechanism == Some(Mechanism::Plain) && !encrypted && !loopback => {
                return Err(LoginUrlError::PlainUnencrypted);
            }
            "kafka" => Protocol::Kafka {
                user: user.ok_or(LoginUrlError::NoUser)?,
                mechanism,
            },
            "redis" if encrypted => return Err(LoginUrlError::Contradiction),
            "rediss" if !encrypted => return Err(LoginUrlError::Contradiction),
            "redis" if !loopback && url.query().is_none() => {
                return Err(LoginUrlError::Unencrypted);
            }
            _ => Protocol::Redis { user },
        };
        Ok(Self {
            protocol,
            address: Address {
                host: host.to_owned(),
                port,
                loopback,
                tls: trust.map(|trust| Tls { trust, name }),
            },
        })
    }

    /// Logs in with a password on a fresh connection, once.
    ///
    /// After the deadline the result is unknown. If you drop the future, the server may have
    /// counted the attempt all the same.
    pub async fn try_password(&self, password: &Secret, deadline: Duration) -> LoginResult {
        let deadline = Deadline::after(deadline);
        let address = &self.address;
        let attempt = match &self.protocol {
            Protocol::Redis { user } => {
                redis::login(address, user.as_deref(), password, deadline).await
            }
            Protocol::MySql { user } => mysql::login(address, user, password, deadline).await,
            Protocol::Kafka { user, mechanism } => {
                kafka::login(address, user, *mechanism, password, deadline).await
            }
        };
        attempt.unwrap_or_else(|Unknown(reason)| LoginResult::Unknown(reason))
    }

    /// Connects, with TLS if the address asks for it, and sends no credentials.
    ///
    /// MySQL counts a connection that does not log in, and blocks a client after 100 of them
    /// without a login in between.
    ///
    /// # Errors
    ///
    /// Returns the reason if there is no connection, or the certificate is not trusted.
    pub async fn reachable(&self, deadline: Duration) -> Result<(), String> {
        let deadline = Deadline::after(deadline);
        let connection = match self.protocol {
            Protocol::MySql { .. } => mysql::reach(&self.address, deadline).await,
            Protocol::Redis { .. } | Protocol::Kafka { .. } => self.address.open(deadline).await,
        };
        match connection {
            Ok(connection) => {
                connection.close().await;
                Ok(())
            }
            Err(Unknown(reason)) => Err(reason),
        }
    }
}

impl fmt::Display for Login {
    /// Writes the scheme, the host and the port.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match (&self.protocol, &self.address.tls) {
            (Protocol::Redis { .. }, None) => "redis",
            (Protocol::Redis { .. }, Some(_)) => "rediss",
            (Protocol::MySql { .. }, _) => "mysql",
            (Protocol::Kafka { .. }, _) => "kafka",
        };
        let Address { host, port, .. } = &self.address;
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{port}")
        } else {
            write!(f, "{scheme}://{host}:{port}")
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({self})")
    }
}

fn is_loopback(host: &str) -> bool {
    host.parse::<IpAddr>().map_or_else(
        |_| host.eq_ignore_ascii_case("localhost"),
        |address| address.is_loopback(),
    )
}
