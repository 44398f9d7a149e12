//! Who asks.

use repass_policy::Secret;
use reqwest::header::HeaderValue;

/// What a request is authenticated with. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Credentials {
    token: Secret,
}

/// A token that cannot be the value of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token is empty or has characters that no token has; give it without line breaks")]
pub struct InvalidToken;

impl Credentials {
    /// An IAM token of the project: the value of the `X-Subject-Token` header that IAM answers
    /// with. It is sent as `X-Auth-Token`.
    ///
    /// # Errors
    /// A token that is empty or has a character that is no visible ASCII.
    pub fn token(token: impl Into<Secret>) -> Result<Self, InvalidToken> {
        let token = token.into();
        let visible = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        if token.expose().is_empty() || !visible(token.expose()) {
            return Err(InvalidToken);
        }
        Ok(Self { token })
    }

    pub(crate) fn secrets(&self) -> [&str; 1] {
        [self.token.expose()]
    }

    /// Adds what authenticates the request.
    pub(crate) fn authenticate(&self, request: &mut reqwest::Request) {
        // The constructor has let through only what a header can hold.
        if let Ok(mut token) = HeaderValue::from_str(self.token.expose()) {
            token.set_sensitive(true);
            request.headers_mut().insert("x-auth-token", token);
        }
    }
}
