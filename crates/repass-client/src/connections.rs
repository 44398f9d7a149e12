//! The HTTP clients that requests are sent with: the proxy and the certificates that each uses.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::redirect::Policy;
use reqwest::{Client, Proxy, Url};

/// How long an idle connection is kept for the next call. Services close idle connections after
/// minutes; the outcome of a call that met the closing would be unknown.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5);

/// The reason why a connection to a host cannot even be tried, or why the proxy did not make it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionError {
    /// A proxy variable does not hold the URL of a proxy.
    #[error(
        "{variable} does not hold the URL of a proxy, such as http://proxy.example.com:3128 (the \
         value is hidden, because it may hold a password)"
    )]
    InvalidProxy {
        /// The environment variable.
        variable: &'static str,
    },
    /// A proxy variable holds the URL of a proxy that speaks another protocol.
    #[error("{variable} holds a proxy URL with the scheme {scheme}; use http, https or socks5h")]
    UnsupportedProxy {
        /// The environment variable.
        variable: &'static str,
        /// The scheme of its URL.
        scheme: String,
    },
    /// The proxy requires credentials (407), or does not accept those in its URL.
    #[error(
        "the proxy in {variable} requires credentials, or did not accept those in its URL (407); \
         write them as in http://USER:PASSWORD@proxy.example.com:3128"
    )]
    ProxyCredentials {
        /// The environment variable.
        variable: &'static str,
    },
    /// The proxy refused to connect to the host.
    #[error("the proxy in {variable} refused to connect to the host")]
    ProxyRefused {
        /// The environment variable.
        variable: &'static str,
    },
    /// There are no CA certificates that a server's certificate could be verified with.
    #[error("{}", no_certificates(*.variable))]
    NoCertificates {
        /// The environment variable that says where they are, if one is set.
        variable: Option<&'static str>,
    },
    /// The HTTP client cannot be created.
    #[error("the HTTP client cannot be created")]
    Client(#[source] reqwest::Error),
}

fn no_certificates(variable: Option<&str>) -> String {
    match variable {
        Some(variable) => format!(
            "no CA certificates were found where {variable} points; name a PEM file or a folder of \
             PEM files, or unset it to use the system's certificates"
        ),
        None => {
            "this system has no CA certificates; install ca-certificates, or set SSL_CERT_FILE \
                 to a PEM file"
                .to_owned()
        }
    }
}

/// The certificate authorities that are trusted in place of the system's.
#[cfg(any(feature = "rustls", feature = "native-tls"))]
pub(crate) type Authorities = Vec<reqwest::Certificate>;
/// Without TLS there can be none.
#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
pub(crate) type Authorities = Vec<std::convert::Infallible>;

/// HTTP clients, each created when it is first needed: reading the system's certificates takes
/// longer than a call, and plain HTTP does without them.
pub(crate) struct Connections {
    /// How long connecting may take, TLS included.
    pub(crate) timeout: Duration,
    proxies: Proxies,
    #[cfg_attr(
        not(any(feature = "rustls", feature = "native-tls")),
        expect(dead_code, reason = "only TLS has authorities")
    )]
    authorities: Authorities,
    clients: Mutex<HashMap<Kind, Client>>,
}

/// The properties that tell one HTTP client from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Kind {
    /// The variable that holds the URL of its proxy.
    proxy: Option<&'static str>,
    /// Whether it verifies certificates.
    tls: bool,
    /// Whether it connects anew for each request.
    fresh: bool,
}

impl Connections {
    pub(crate) fn new(timeout: Duration, authorities: Authorities) -> Self {
        Self {
            timeout,
            authorities,
            proxies: Proxies::from_env(),
            clients: Mutex::default(),
        }
    }

    /// Returns the client for this URL. A fresh one never reuses a connection.
    pub(crate) fn to(&self, url: &Url, fresh: bool) -> Result<Client, ConnectionError> {
        let proxy = self.proxies.of(url)?;
        let proxy_scheme = proxy.as_ref().map(|proxy| proxy.url.scheme());
        let kind = Kind {
            proxy: proxy.as_ref().map(|proxy| proxy.variable),
            tls: url.scheme() == "https" || proxy_scheme == Some("https"),
            fresh,
        };
        let client = self.client(kind, proxy.map(|proxy| proxy.url));
        client.map_err(|error| match chain(&error).contains(NO_CERTIFICATES) {
            true => ConnectionError::NoCertificates {
                variable: CERTIFICATES.into_iter().find(|name| is_set(name)),
            },
            false => ConnectionError::Client(error),
        })
    }

    /// Returns a client that builds requests, and needs neither certificates nor a proxy.
    pub(crate) fn builder(&self) -> reqwest::Result<Client> {
        let kind = Kind {
            proxy: None,
            tls: false,
            fresh: false,
        };
        self.client(kind, None)
    }

    fn client(&self, kind: Kind, proxy: Option<Url>) -> reqwest::Result<Client> {
        // Nothing panics while it is locked.
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&kind) {
            return Ok(client.clone());
        }
        let client = self.build(kind, proxy)?;
        clients.insert(kind, client.clone());
        Ok(client)
    }

    fn build(&self, kind: Kind, proxy: Option<Url>) -> reqwest::Result<Client> {
        let mut builder = Client::builder()
            .redirect(Policy::none())
            .connect_timeout(self.timeout)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .user_agent(concat!("repass/", env!("CARGO_PKG_VERSION")))
            // The variables have been read here, and reqwest would ignore a malformed one.
            .no_proxy();
        if let Some(proxy) = proxy {
            builder = builder.proxy(Proxy::all(proxy)?);
        }
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        if !kind.tls {
            builder = builder.tls_certs_only([]);
        } else if !self.authorities.is_empty() {
            builder = builder.tls_certs_only(self.authorities.iter().cloned());
        }
        if kind.fresh {
            builder = builder.pool_max_idle_per_host(0);
        }
        builder.build()
    }

    /// Returns the part that the proxy had in an error while connecting to this URL.
    pub(crate) fn explain(&self, url: &Url, error: &reqwest::Error) -> Option<ConnectionError> {
        let variable = self.proxies.of(url).ok()??.variable;
        let text = chain(error);
        let has = |part: &&str| text.contains(part);
        if PROXY_CREDENTIALS.iter().any(has) {
            Some(ConnectionError::ProxyCredentials { variable })
        } else if PROXY_REFUSED.iter().any(has) {
            Some(ConnectionError::ProxyRefused { variable })
        } else {
            None
        }
    }

    /// Returns what an answer of this status says of the proxy. Plain HTTP has no connection of its
    /// own through it, so the proxy answers in the service's place.
    pub(crate) fn explain_status(&self, url: &Url, status: u16) -> Option<ConnectionError> {
        if status != 407 || url.scheme() != "http" {
            return None;
        }
        let proxy = self.proxies.of(url).ok()??;
        let variable = proxy.variable;
        let is_http = proxy.url.scheme().starts_with("http");
        is_http.then_some(ConnectionError::ProxyCredentials { variable })
    }
}

impl fmt::Debug for Connections {
    /// Shows no proxy, because its URL may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// The text by which reqwest's verifier tells that it found no certificates; its type has no variant
/// for it. The tests notice if the text changes, and so for the texts below.
const NO_CERTIFICATES: &str = "No CA certificates";
/// The variables that say where certificates are.
const CERTIFICATES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];
/// The texts of errors of private types when a proxy asks for credentials or refuses them.
const PROXY_CREDENTIALS: [&str; 3] = [
    "proxy authorization required",
    "does not support user/pass authentication",
    "credentials not accepted",
];
/// The texts of such errors when a proxy does not connect.
const PROXY_REFUSED: [&str; 2] = ["tunnel error: unsuccessful", "SOCKS error"];

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some()
}

/// The text of an error and of everything below it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    text
}

/// The proxies that the environment names, by the rules of reqwest: the first variable of each pair
/// that is set counts, even if it is empty; an empty one names no proxy.
struct Proxies {
    http: Option<Variable>,
    https: Option<Variable>,
    /// Answers for every URL that `NO_PROXY` does not exclude.
    not_excluded: Matcher,
}

/// An environment variable that names a proxy.
#[derive(Clone)]
struct Variable {
    name: &'static str,
    value: OsString,
}

/// A proxy, and the variable that names it.
struct ProxyUrl {
    variable: &'static str,
    url: Url,
}

impl Proxies {
    fn from_env() -> Self {
        let all = Variable::first(&["ALL_PROXY", "all_proxy"]);
        // In a CGI program whoever sends a request with the header `Proxy` sets HTTP_PROXY.
        let http: &[_] = match is_set("REQUEST_METHOD") {
            true => &["http_proxy"],
            false => &["HTTP_PROXY", "http_proxy"],
        };
        let no_proxy = Variable::first(&["NO_PROXY", "no_proxy"]);
        let no_proxy = no_proxy.map(|variable| variable.value.to_string_lossy().into_owned());
        let matcher = Matcher::builder().all("http://proxy.invalid");
        Self {
            http: Variable::first(http).or_else(|| all.clone()),
            https: Variable::first(&["HTTPS_PROXY", "https_proxy"]).or(all),
            not_excluded: matcher.no(no_proxy.unwrap_or_default()).build(),
        }
    }

    /// Returns the proxy for this URL. There is none for this machine.
    fn of(&self, url: &Url) -> Result<Option<ProxyUrl>, ConnectionError> {
        let variable = match url.scheme() {
            "https" => &self.https,
            _ => &self.http,
        };
        match variable {
            Some(variable) if !is_loopback(url) && !self.excludes(url) => {
                variable.proxy().map(Some)
            }
            _ => Ok(None),
        }
    }

    fn excludes(&self, url: &Url) -> bool {
        let url = url.as_str().parse::<http::Uri>();
        url.is_ok_and(|url| self.not_excluded.intercept(&url).is_none())
    }
}

impl Variable {
    /// Returns the first of these that is set, unless it is empty.
    fn first(names: &[&'static str]) -> Option<Self> {
        let mut set = names.iter().filter_map(|&name| {
            let value = std::env::var_os(name)?;
            Some(Self { name, value })
        });
        set.next().filter(|variable| !variable.value.is_empty())
    }

    fn proxy(&self) -> Result<ProxyUrl, ConnectionError> {
        let variable = self.name;
        let invalid = ConnectionError::InvalidProxy { variable };
        let Some(value) = self.value.to_str().map(str::trim) else {
            return Err(invalid);
        };
        let url = match value.split_once("://") {
            Some(_) => Url::parse(value),
            None => Url::parse(&format!("http://{value}")),
        };
        let Ok(url) = url else {
            return Err(invalid);
        };
        // A path or a query is that of a script or a page, not of a proxy.
        let is_bare = matches!(url.path(), "" | "/") && url.query().is_none();
        if !url.has_host() || !is_bare || url.fragment().is_some() {
            return Err(invalid);
        }
        let schemes = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];
        if !schemes.contains(&url.scheme()) {
            let scheme = url.scheme().to_owned();
            return Err(ConnectionError::UnsupportedProxy { variable, scheme });
        }
        // reqwest connects directly, without an error, where this does not understand the URL.
        let matcher = Matcher::builder().all(url.as_str()).build();
        let any = http::Uri::from_static("https://host.invalid");
        match matcher.intercept(&any) {
            Some(_) => Ok(ProxyUrl { variable, url }),
            None => Err(invalid),
        }
    }
}

/// Whether a URL is one of this machine's own.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<std::net::IpAddr>();
    address.map_or(host == "localhost", |address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn a_fresh_client_never_reuses_a_connection() {
        const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let url = Url::parse(&url).unwrap();
        let accepted = std::sync::Arc::new(Mutex::new(0));
        let count = accepted.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                *count.lock().unwrap() += 1;
                tokio::spawn(async move {
                    while stream.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {
                        stream.write_all(ANSWER).await.unwrap();
                    }
                });
            }
        });
        let connections = Connections::new(Duration::from_secs(5), Authorities::default());
        for (fresh, expected) in [(false, 1), (true, 3)] {
            *accepted.lock().unwrap() = 0;
            for _ in 0..3 {
                let client = connections.to(&url, fresh).unwrap();
                let answer = client.get(url.clone()).send().await.unwrap();
                assert_eq!(answer.bytes().await.unwrap(), "");
            }
            assert_eq!(*accepted.lock().unwrap(), expected, "fresh: {fresh}");
        }
    }
}
