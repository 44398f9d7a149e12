//! Credentials, and how a request is authenticated with them.

use std::time::SystemTime;

use jiff::Timestamp;
use repass_policy::{IamPassword, Secret};
use reqwest::Request;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};

use crate::exchange::insert;
use crate::sign::{self, DATE_FORMAT, DATE_HEADER, Signed};
use crate::{ProjectId, ProjectName};

/// The credentials of a client. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Credentials(pub(crate) Kind);

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Token(Secret),
    AccessKey(AccessKey),
    User(User),
}

/// The authentication of one request.
#[derive(Debug, Clone)]
pub(crate) enum Authentication {
    None,
    Token(Secret),
    AccessKey(AccessKey),
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

/// The project of the instances, by its id or its name. If only the name is known, the id is looked
/// up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Project {
    /// The id.
    Id(ProjectId),
    /// The name. A region's first project has the name of the region.
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

/// The error of credentials that cannot be sent. It does not contain them.
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
    /// The token is empty, or has a character that is not visible ASCII.
    pub fn token(token: impl Into<Secret>) -> Result<Self, InvalidCredentials> {
        let token = visible("token", token.into())?;
        Ok(Self(Kind::Token(token)))
    }

    /// An access key pair (AK and SK). Each request is signed with SDK-HMAC-SHA256; the secret key
    /// is never sent.
    ///
    /// # Errors
    /// A key is empty, or has a character that is not visible ASCII.
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
    /// A key or the token is empty, or has a character that is not visible ASCII.
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
    /// logs in with the first call and keeps the token. The password is sent to IAM only. If a login
    /// fails, or its answer is lost, the client does not try again for a minute: wrong passwords lock
    /// a user. A login goes on if the call that began it is dropped.
    ///
    /// # Errors
    /// The domain, name or password is empty or has a control character, such as the carriage return
    /// that a line of a Windows file ends with.
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

    /// Returns what must not be shown if a service repeats it.
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

    /// Signs the request, which will have this body, at this time.
    pub(crate) fn sign(
        &self,
        request: &mut Request,
        body: &[u8],
        project: Option<&ProjectId>,
        now: SystemTime,
    ) {
        let now = Timestamp::try_from(now).unwrap_or(Timestamp::UNIX_EPOCH);
        insert(request, DATE_HEADER, &now.strftime(DATE_FORMAT).to_string());
        if let Some(project) = project {
            insert(request, "x-project-id", project.as_str());
        }
        if let Some(token) = &self.security_token {
            insert(request, "x-security-token", token.expose());
        }
        let authorization = authorization(request, body, &self.id, &self.secret);
        insert(request, AUTHORIZATION.as_str(), &authorization);
    }
}

fn visible(what: &'static str, secret: Secret) -> Result<Secret, InvalidCredentials> {
    let visible = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    if secret.expose().is_empty() || !visible(secret.expose()) {
        let problem = "is empty, or has a space, a line break or another character that is not \
                       visible ASCII";
        return Err(InvalidCredentials { what, problem });
    }
    Ok(secret)
}

/// Signs what no hop on the way may change: the address, the time, the project and the body.
fn authorization(request: &Request, body: &[u8], access_key: &str, secret_key: &Secret) -> String {
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
        body,
    };
    sign::authorization(access_key, secret_key, &signed)
}
