//! Who asks.

use std::time::SystemTime;

use jiff::Timestamp;
use repass_policy::{IamPassword, Secret};
use reqwest::Request;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};

use crate::sign::{self, DATE_FORMAT, DATE_HEADER, Signed};
use crate::{ProjectId, ProjectName};

/// What requests are authenticated with. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Credentials(pub(crate) Kind);

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Token(Secret),
    AccessKey(AccessKey),
    User(User),
}

/// An access key pair.
#[derive(Debug, Clone)]
pub(crate) struct AccessKey {
    id: String,
    secret: Secret,
    security_token: Option<Secret>,
}

/// An IAM user.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) domain: String,
    pub(crate) name: String,
    pub(crate) password: IamPassword,
}

/// The project that instances belong to, by its id or its name. The id is looked up when only the
/// name is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Project {
    /// Its id.
    Id(ProjectId),
    /// Its name; a region's first project is named like the region.
    Name(ProjectName),
}

impl From<ProjectId> for Project {
    fn from(id: ProjectId) -> Self {
        Self::Id(id)
    }
}

impl From<ProjectName> for Project {
    fn from(name: ProjectName) -> Self {
        Self::Name(name)
    }
}

/// Credentials that cannot be sent. They are not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {what} {problem}")]
pub struct InvalidCredentials {
    what: &'static str,
    problem: &'static str,
}

impl Credentials {
    /// An IAM token of the project: the value of the `X-Subject-Token` header that IAM answers
    /// with. It is sent as `X-Auth-Token`.
    ///
    /// # Errors
    /// A token that is empty or has a character that is no visible ASCII.
    pub fn token(token: impl Into<Secret>) -> Result<Self, InvalidCredentials> {
        let token = visible("token", token.into())?;
        Ok(Self(Kind::Token(token)))
    }

    /// An access key pair (AK and SK). Each request is signed with SDK-HMAC-SHA256; the secret key
    /// is never sent.
    ///
    /// # Errors
    /// A key that is empty or has a character that is no visible ASCII.
    pub fn access_key(
        access_key: impl Into<String>,
        secret_key: impl Into<Secret>,
    ) -> Result<Self, InvalidCredentials> {
        let key = AccessKey::new(access_key.into(), secret_key.into(), None)?;
        Ok(Self(Kind::AccessKey(key)))
    }

    /// A temporary access key pair, and the security token that belongs to it.
    ///
    /// # Errors
    /// A key or token that is empty or has a character that is no visible ASCII.
    pub fn temporary_access_key(
        access_key: impl Into<String>,
        secret_key: impl Into<Secret>,
        security_token: impl Into<Secret>,
    ) -> Result<Self, InvalidCredentials> {
        let security_token = visible("security token", security_token.into())?;
        let key = AccessKey::new(access_key.into(), secret_key.into(), Some(security_token))?;
        Ok(Self(Kind::AccessKey(key)))
    }

    /// An IAM user: the name of the account (the domain), the user's name and password. The client
    /// logs in with the first call and keeps the token; the password is sent to IAM only. A login
    /// that IAM refuses is not tried again for a minute, nor one whose answer was lost by the same
    /// call: some wrong passwords lock a user.
    ///
    /// # Errors
    /// A domain, name or password that is empty or has a control character, such as the carriage
    /// return that is left of a line of a Windows file.
    pub fn user(
        domain: impl Into<String>,
        name: impl Into<String>,
        password: impl Into<Secret>,
    ) -> Result<Self, InvalidCredentials> {
        let user = User {
            domain: domain.into(),
            name: name.into(),
            password: IamPassword::new(password),
        };
        for (what, text) in [
            ("domain", &*user.domain),
            ("user name", &*user.name),
            ("password of the user", user.password.expose()),
        ] {
            let problem = if text.is_empty() {
                "is empty"
            } else if text.contains(char::is_control) {
                "has a control character"
            } else {
                continue;
            };
            return Err(InvalidCredentials { what, problem });
        }
        Ok(Self(Kind::User(user)))
    }

    /// What must not be shown, whatever a service repeats of it.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        match &self.0 {
            Kind::Token(token) => vec![token.expose()],
            Kind::AccessKey(key) => key.secrets(),
            Kind::User(user) => vec![user.password.expose()],
        }
    }
}

impl AccessKey {
    fn new(
        id: String,
        secret: Secret,
        security_token: Option<Secret>,
    ) -> Result<Self, InvalidCredentials> {
        let id = visible("access key", Secret::from(id))?;
        Ok(Self {
            id: id.expose().to_owned(),
            secret: visible("secret key", secret)?,
            security_token,
        })
    }

    pub(crate) fn secrets(&self) -> Vec<&str> {
        let token = self.security_token.iter().map(Secret::expose);
        token.chain([self.secret.expose()]).collect()
    }

    /// Signs the request at this time. To be called for each attempt: a signature is good for
    /// minutes.
    pub(crate) fn sign(&self, request: &mut Request, project: Option<&ProjectId>, now: SystemTime) {
        let now = Timestamp::try_from(now).unwrap_or(Timestamp::UNIX_EPOCH);
        insert(request, DATE_HEADER, &now.strftime(DATE_FORMAT).to_string());
        if let Some(project) = project {
            insert(request, "x-project-id", project.as_str());
        }
        if let Some(token) = &self.security_token {
            insert(request, "x-security-token", token.expose());
        }
        let authorization = authorization(request, &self.id, &self.secret);
        insert(request, AUTHORIZATION.as_str(), &authorization);
    }
}

fn visible(what: &'static str, secret: Secret) -> Result<Secret, InvalidCredentials> {
    let visible = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    if secret.expose().is_empty() || !visible(secret.expose()) {
        let problem = "is empty or has characters that none has; give it without spaces and line \
                       breaks";
        return Err(InvalidCredentials { what, problem });
    }
    Ok(secret)
}

/// Adds a header that no log shows.
pub(crate) fn insert(request: &mut Request, name: &'static str, value: &str) {
    // What comes here is checked to be visible ASCII; a project id that is not is not sent.
    if let Ok(mut value) = HeaderValue::from_str(value) {
        value.set_sensitive(true);
        request
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
    }
}

/// Signs what no hop on the way may change: the address, the time, the project and the body.
fn authorization(request: &Request, access_key: &str, secret_key: &Secret) -> String {
    let url = request.url();
    let host = match (url.host_str().unwrap_or_default(), url.port()) {
        (host, Some(port)) => format!("{host}:{port}"),
        (host, None) => host.to_owned(),
    };
    let mut headers = vec![(HOST.as_str(), host.as_str())];
    for name in [
        CONTENT_TYPE.as_str(),
        DATE_HEADER,
        "x-project-id",
        "x-security-token",
    ] {
        if let Some(Ok(value)) = request.headers().get(name).map(HeaderValue::to_str) {
            headers.push((name, value));
        }
    }
    let signed = Signed {
        method: request.method().as_str(),
        path: url.path(),
        query: url.query().unwrap_or_default(),
        headers: &headers,
        body: request
            .body()
            .and_then(|body| body.as_bytes())
            .unwrap_or_default(),
    };
    sign::authorization(access_key, secret_key, &signed)
}
