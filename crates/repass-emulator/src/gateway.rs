//! The API gateway before the services: it lets a request through, or refuses it in its own words.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode, header};
use axum::response::IntoResponse;
use jiff::Timestamp;
use jiff::civil::DateTime;
use repass_client::sign::{ALGORITHM, DATE_FORMAT, DATE_HEADER, Signed, authorization};

use crate::answer::Refusal;
use crate::server::{READ_TIMEOUT, Shared};

/// The gateway's limit on a body.
const LARGEST_BODY: usize = 12 << 20;
/// How far the time of a signature may be off.
const SKEW: Duration = Duration::from_secs(15 * 60);

pub(crate) const NOT_PUBLISHED: Refusal = Refusal::new(
    StatusCode::NOT_FOUND,
    "APIGW.0101",
    "The API does not exist or has not been published in the environment",
);
const BAD_REQUEST: Refusal = Refusal::new(StatusCode::BAD_REQUEST, "APIGW.0201", "Bad request");
const TOO_LARGE: Refusal = Refusal::new(
    StatusCode::PAYLOAD_TOO_LARGE,
    "APIGW.0201",
    "The request body is larger than 12 MB",
);
pub(crate) const UNAUTHENTICATED: Refusal = Refusal::new(
    StatusCode::UNAUTHORIZED,
    "APIGW.0301",
    "Incorrect IAM authentication information",
);

/// A refusal by the gateway; the server adds the id of the request, which is part of its body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gateway(pub(crate) Refusal);

impl IntoResponse for Gateway {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::default();
        response.extensions_mut().insert(self);
        response
    }
}

/// A request that the gateway let through. It has no `Debug`: its body is a password.
pub(crate) struct Call {
    pub(crate) project_id: String,
    pub(crate) instance_id: String,
    pub(crate) username: Option<String>,
    pub(crate) body: Bytes,
}

impl FromRequest<Shared> for Call {
    type Rejection = Gateway;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Gateway> {
        let (mut parts, body) = request.into_parts();
        let token = parts.headers.get("x-auth-token");
        if token.is_some_and(|token| !shared.is_token(token.as_bytes())) {
            return Err(Gateway(UNAUTHENTICATED));
        }
        let signature = parts.headers.get(header::AUTHORIZATION);
        if token.is_none() && signature.is_none() {
            return Err(Gateway(UNAUTHENTICATED));
        }
        let unsigned = token.is_some();
        let body = tokio::time::timeout(READ_TIMEOUT, axum::body::to_bytes(body, LARGEST_BODY));
        let body = match body.await {
            Ok(Ok(body)) => body,
            Ok(Err(_)) => return Err(Gateway(TOO_LARGE)),
            Err(_) => return Err(Gateway(BAD_REQUEST)),
        };
        if !unsigned && !is_signed(&parts, &body, shared) {
            return Err(Gateway(UNAUTHENTICATED));
        }
        let path = Path::<BTreeMap<String, String>>::from_request_parts(&mut parts, shared).await;
        let Path(mut path) = path.map_err(|_| Gateway(BAD_REQUEST))?;
        Ok(Self {
            project_id: path.remove("project_id").unwrap_or_default(),
            instance_id: path.remove("instance_id").unwrap_or_default(),
            username: path.remove("username"),
            body,
        })
    }
}

/// Whether the request is signed with the secret key, at about this time, as it stands here.
fn is_signed(parts: &Parts, body: &[u8], shared: &Shared) -> bool {
    let text = |name: &str| parts.headers.get(name)?.to_str().ok();
    let verify = || {
        let given = text(header::AUTHORIZATION.as_str())?;
        let fields: BTreeMap<_, _> = (given.strip_prefix(ALGORITHM)?.split(','))
            .filter_map(|field| field.trim().split_once('='))
            .collect();
        let names = fields.get("SignedHeaders")?;
        let headers: Option<Vec<_>> = names
            .split(';')
            .map(|name| Some((name, text(name)?)))
            .collect();
        let headers = headers?;
        let covered = |name: &str| headers.iter().any(|(covered, _)| *covered == name);
        if !covered(header::HOST.as_str()) || !covered(DATE_HEADER) {
            return None;
        }
        let date = DateTime::strptime(DATE_FORMAT, text(DATE_HEADER)?).ok()?;
        let date = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        let now = Timestamp::try_from(shared.now()).ok()?;
        if now.duration_since(date).unsigned_abs() > SKEW {
            return None;
        }
        let signed = Signed {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
            headers: &headers,
            body,
        };
        let access_key = fields.get("Access")?;
        let expected = authorization(access_key, shared.secret_key(access_key)?, &signed);
        let (_, expected) = expected.rsplit_once('=')?;
        (fields.get("Signature") == Some(&expected)).then_some(())
    };
    verify().is_some()
}
