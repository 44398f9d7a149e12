//! Where the services are.

use reqwest::Url;

use crate::Service;

/// The base URL of each service that a client talks to. An `http` URL sends the password and the
/// credentials as they are: use one for the emulator only.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    ddm: Option<String>,
    dcs: Option<String>,
    dms: Option<String>,
}

/// Why a text is no endpoint. The text is not repeated: a URL can hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the endpoint {0}; write a URL such as https://dms.eu-de.otc.t-systems.com")]
pub struct InvalidEndpoint(&'static str);

impl Endpoints {
    /// No endpoint yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same endpoint for every service, as the emulator has.
    ///
    /// # Errors
    /// See [`Endpoints::dms`].
    pub fn all(url: &str) -> Result<Self, InvalidEndpoint> {
        Self::new().ddm(url)?.dcs(url)?.dms(url)
    }

    /// Where DDM is.
    ///
    /// # Errors
    /// See [`Endpoints::dms`].
    pub fn ddm(mut self, url: &str) -> Result<Self, InvalidEndpoint> {
        self.ddm = Some(base(url)?);
        Ok(self)
    }

    /// Where DCS is.
    ///
    /// # Errors
    /// See [`Endpoints::dms`].
    pub fn dcs(mut self, url: &str) -> Result<Self, InvalidEndpoint> {
        self.dcs = Some(base(url)?);
        Ok(self)
    }

    /// Where DMS is.
    ///
    /// # Errors
    /// A text that is no `http` or `https` URL with a host, or one with a user name, a password, a
    /// query or a fragment.
    pub fn dms(mut self, url: &str) -> Result<Self, InvalidEndpoint> {
        self.dms = Some(base(url)?);
        Ok(self)
    }

    pub(crate) fn of(&self, service: Service) -> Option<&str> {
        match service {
            Service::Ddm => self.ddm.as_deref(),
            Service::Dcs => self.dcs.as_deref(),
            Service::Dms => self.dms.as_deref(),
        }
    }
}

/// The URL without the slash that the generated paths begin with.
fn base(text: &str) -> Result<String, InvalidEndpoint> {
    let url = Url::parse(text).map_err(|_| InvalidEndpoint("is no URL"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(InvalidEndpoint("is no http or https URL with a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(InvalidEndpoint("has a user name or password in it"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(InvalidEndpoint("has a query or fragment"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}
