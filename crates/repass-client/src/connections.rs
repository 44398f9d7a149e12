//! The HTTP clients that requests travel by. Each is made when a request needs it: only HTTPS needs
//! the system's certificates, and reading them takes longer than a call does.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Url};

/// How long a connection is kept for the next call. Services close idle ones after minutes; a call
/// that met the closing would end in doubt.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5);

/// The only certificate authorities to trust; those of the system if there are none.
#[cfg(any(feature = "rustls", feature = "native-tls"))]
pub(crate) type Authorities = Vec<reqwest::Certificate>;
#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
pub(crate) type Authorities = [(); 0];

#[derive(Debug)]
pub(crate) struct Connections {
    /// How long connecting may take, TLS included.
    pub(crate) timeout: Duration,
    authorities: Authorities,
    /// To this machine, without TLS.
    plain: OnceLock<Client>,
    /// To this machine.
    local: OnceLock<Client>,
    /// To any other, by the proxy that the environment names.
    remote: OnceLock<Client>,
}

impl Connections {
    pub(crate) fn new(timeout: Duration, authorities: Authorities) -> Self {
        Self {
            timeout,
            authorities,
            plain: OnceLock::new(),
            local: OnceLock::new(),
            remote: OnceLock::new(),
        }
    }

    /// A client that builds requests.
    pub(crate) fn builder() -> reqwest::Result<Client> {
        Self::new(Duration::from_secs(1), Authorities::default()).plain()
    }

    /// The client for this URL.
    pub(crate) fn to(&self, url: &Url, fresh: bool) -> Result<Client, ConnectionError> {
        if fresh {
            let builder = Client::builder()
                .redirect(Policy::none())
                .connect_timeout(self.timeout)
                .pool_max_idle_per_host(0)
                .user_agent(concat!("repass/", env!("CARGO_PKG_VERSION")));
            let builder = if is_loopback(url) {
                builder.no_proxy()
            } else {
                builder
            };
            #[cfg(any(feature = "rustls", feature = "native-tls"))]
            let builder = if url.scheme() == "http" {
                builder.tls_certs_only([])
            } else {
                builder
            };
            return self.trusting(builder).build().map_err(ConnectionError);
        }
        match (is_loopback(url), url.scheme()) {
            (true, "http") => self.plain(),
            (true, _) => self.made(&self.local, ClientBuilder::no_proxy),
            (false, _) => self.made(&self.remote, |builder| builder),
        }
        .map_err(ConnectionError)
    }

    /// The client that needs nothing of the system.
    pub(crate) fn plain(&self) -> reqwest::Result<Client> {
        self.made(&self.plain, |builder| {
            #[cfg(any(feature = "rustls", feature = "native-tls"))]
            let builder = builder.tls_certs_only([]);
            builder.no_proxy()
        })
    }

    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    fn trusting(&self, builder: ClientBuilder) -> ClientBuilder {
        if self.authorities.is_empty() {
            builder
        } else {
            builder.tls_certs_only(self.authorities.iter().cloned())
        }
    }

    #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
    fn trusting(&self, builder: ClientBuilder) -> ClientBuilder {
        let [] = self.authorities;
        builder
    }

    fn made(
        &self,
        client: &OnceLock<Client>,
        make: fn(ClientBuilder) -> ClientBuilder,
    ) -> reqwest::Result<Client> {
        if let Some(client) = client.get() {
            return Ok(client.clone());
        }
        let builder = Client::builder()
            .redirect(Policy::none())
            .connect_timeout(self.timeout)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .user_agent(concat!("repass/", env!("CARGO_PKG_VERSION")));
        let made = make(self.trusting(builder)).build()?;
        Ok(client.get_or_init(|| made).clone())
    }
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<std::net::IpAddr>();
    address.map_or(host == "localhost", |address| address.is_loopback())
}

/// x
#[derive(Debug, thiserror::Error)]
#[error("the HTTP library cannot be used")]
pub struct ConnectionError(#[source] reqwest::Error);
