//! Where the services are.

use std::collections::BTreeMap;

use reqwest::Url;

use crate::Service;
use crate::cloud::{Cloud, NoEndpoint};
use crate::connections::{Authorities, is_loopback};

/// The base URL of each service that a client talks to.
///
/// A plain `http` URL would send the password and the credentials as they are, so it is accepted
/// for a loopback address only, unless [`allow_http`](Self::allow_http) says otherwise.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    urls: BTreeMap<Service, Endpoint>,
    cloud: Option<Cloud>,
    pub(crate) allow_http: bool,
    /// The only certificate authorities that are trusted, if there are any.
    pub(crate) authorities: Authorities,
}

/// A base URL and its host.
#[derive(Debug, Clone)]
struct Endpoint {
    url: String,
    host: String,
}

/// Why a text is no endpoint. The text is not repeated: a URL can hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidEndpoint {
    /// It is no `https` URL with a host.
    #[error(
        "the endpoint is no https URL with a host, such as https://dms.eu-de.otc.t-systems.com"
    )]
    NoUrl,
    /// It is an `http` URL of another machine.
    #[error("the endpoint is http, which would show the password on its way")]
    Http,
    /// There are credentials in it.
    #[error("the endpoint has a user name or password in it")]
    Credentials,
    /// It is more than a place.
    #[error("the endpoint has a query or fragment")]
    Query,
}

/// A text that has no certificate in PEM, or one that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no certificate in PEM, or one that cannot be read")]
pub struct InvalidCertificates;

impl Endpoints {
    /// No endpoint yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same endpoint for every service, IAM among them, as the emulator has.
    ///
    /// # Errors
    /// See [`Endpoints::dms`].
    pub fn all(url: &str) -> Result<Self, InvalidEndpoint> {
        Self::new().ddm(url)?.dcs(url)?.dms(url)?.iam(url)
    }

    pub(crate) fn of_cloud(cloud: Cloud) -> Self {
        Self {
            cloud: Some(cloud),
            ..Self::default()
        }
    }

    /// The same endpoints; the URLs that follow may be `http` ones of any address, and so may
    /// those of generated clients that send by a client of these endpoints.
    #[must_use]
    pub fn allow_http(mut self) -> Self {
        self.allow_http = true;
        self
    }

    /// Returns the same endpoints, which trust only certificates of these authorities and no longer
    /// those of the system.
    ///
    /// # Errors
    /// The text has no certificate in PEM.
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    pub fn with_ca(mut self, pem: &str) -> Result<Self, InvalidCertificates> {
        let authorities = reqwest::Certificate::from_pem_bundle(pem.as_bytes());
        self.authorities = authorities.map_err(|_| InvalidCertificates)?;
        if self.authorities.is_empty() {
            return Err(InvalidCertificates);
        }
        Ok(self)
    }

    /// Where DDM is.
    ///
    /// # Errors
    /// See [`Endpoints::dms`].
    pub fn ddm(self, url: &str) -> Result<Self, InvalidEndpoint> {
        self.with(Service::Ddm, url)
    }

    /// Where DCS is.
    ///
    /// # Errors
    /// See [`Endpoints::dms`].
    pub fn dcs(self, url: &str) -> Result<Self, InvalidEndpoint> {
        self.with(Service::Dcs, url)
    }

    /// Where DMS is.
    ///
    /// # Errors
    /// A text that is no `https` URL with a host, nor an `http` one of a loopback address, or one
    /// with a user name, a password, a query or a fragment.
    pub fn dms(self, url: &str) -> Result<Self, InvalidEndpoint> {
        self.with(Service::Dms, url)
    }

    /// Where IAM is. It is asked for tokens and project ids only.
    ///
    /// # Errors
    /// See [`Endpoints::dms`].
    pub fn iam(self, url: &str) -> Result<Self, InvalidEndpoint> {
        self.with(Service::Iam, url)
    }

    /// Where this service is.
    ///
    /// # Errors
    /// No URL is known for it.
    pub fn url(&self, service: Service) -> Result<&str, NoEndpoint> {
        let endpoint = self.urls.get(&service);
        endpoint
            .map(|endpoint| &*endpoint.url)
            .ok_or_else(|| NoEndpoint {
                service,
                cloud: self.cloud.clone(),
            })
    }

    /// Returns the host of this service, with its port if the URL has one.
    pub(crate) fn host(&self, service: Service) -> Option<&str> {
        self.urls.get(&service).map(|endpoint| &*endpoint.host)
    }

    /// The same endpoints with another one for this service.
    ///
    /// # Errors
    /// See [`Endpoints::dms`].
    pub fn with(mut self, service: Service, url: &str) -> Result<Self, InvalidEndpoint> {
        let url = base(url, self.allow_http)?;
        self.set(service, url);
        Ok(self)
    }

    pub(crate) fn set(&mut self, service: Service, url: String) {
        let parsed = Url::parse(&url).ok();
        let host = parsed.as_ref().and_then(Url::host_str).unwrap_or_default();
        let host = match parsed.as_ref().and_then(Url::port) {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        self.urls.insert(service, Endpoint { url, host });
    }
}

/// Refuses a URL that would show the password on its way.
pub(crate) fn check_scheme(url: &Url, allow_http: bool) -> Result<(), InvalidEndpoint> {
    if url.scheme() == "https" || allow_http || is_loopback(url) {
        return Ok(());
    }
    Err(InvalidEndpoint::Http)
}

/// The URL without the slash that the generated paths begin with.
fn base(text: &str, allow_http: bool) -> Result<String, InvalidEndpoint> {
    let url = Url::parse(text).map_err(|_| InvalidEndpoint::NoUrl)?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(InvalidEndpoint::NoUrl);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(InvalidEndpoint::Credentials);
    }
    check_scheme(&url, allow_http)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(InvalidEndpoint::Query);
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}
