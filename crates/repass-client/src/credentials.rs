//! Who asks.

use std::time::SystemTime;

use jiff::Timestamp;
use repass_policy::Secret;
use reqwest::Request;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};

use crate::ProjectId;
use crate::sign::{self, DATE_FORMAT, DATE_HEADER, Signed};

/// What a request is authenticated with. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Credentials(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Token(Secret),
    AccessKey {
        id: String,
        secret: Secret,
        security_token: Option<Secret>,
    },
}

/// Credentials that cannot be sent. They are not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {0} is empty or has characters that none has; give it without spaces and line breaks")]
pub struct InvalidCredentials(&'static str);

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
        let id = visible("access key", Secret::from(access_key.into()))?;
        Ok(Self(Kind::AccessKey {
            id: id.expose().to_owned(),
            secret: visible("secret key", secret_key.into())?,
            security_token: None,
        }))
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
        let mut credentials = Self::access_key(access_key, secret_key)?;
        if let Kind::AccessKey {
            security_token: token,
            ..
        } = &mut credentials.0
        {
            *token = Some(visible("security token", security_token.into())?);
        }
        Ok(credentials)
    }

    /// What must not be shown, whatever a service repeats of it.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        match &self.0 {
            Kind::Token(token) => vec![token.expose()],
            Kind::AccessKey {
                secret,
                security_token,
                ..
            } => {
                let token = security_token.iter().map(Secret::expose);
                token.chain([secret.expose()]).collect()
            }
        }
    }

    /// Adds what authenticates the request at this time. To be called for each attempt: a
    /// signature is good for minutes.
    pub(crate) fn authenticate(&self, request: &mut Request, project: &ProjectId, now: SystemTime) {
        match &self.0 {
            Kind::Token(token) => insert(request, "x-auth-token", token.expose()),
            Kind::AccessKey {
                id,
                secret,
                security_token,
            } => {
                let now = Timestamp::try_from(now).unwrap_or(Timestamp::UNIX_EPOCH);
                insert(request, DATE_HEADER, &now.strftime(DATE_FORMAT).to_string());
                insert(request, "x-project-id", project.as_str());
                if let Some(token) = security_token {
                    insert(request, "x-security-token", token.expose());
                }
                let authorization = sign(request, id, secret);
                insert(request, AUTHORIZATION.as_str(), &authorization);
            }
        }
    }
}

fn visible(what: &'static str, secret: Secret) -> Result<Secret, InvalidCredentials> {
    let visible = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    if secret.expose().is_empty() || !visible(secret.expose()) {
        return Err(InvalidCredentials(what));
    }
    Ok(secret)
}

fn insert(request: &mut Request, name: &'static str, value: &str) {
    // What comes here is checked to be visible ASCII; a project id that is not is not sent.
    if let Ok(mut value) = HeaderValue::from_str(value) {
        value.set_sensitive(true);
        request
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
    }
}

/// Signs what no hop on the way may change: the address, the time, the project and the body.
fn sign(request: &Request, access_key: &str, secret_key: &Secret) -> String {
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
