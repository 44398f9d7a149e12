//! The API gateway before the services: it lets a request through, or refuses it in its own words.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response, StatusCode, Uri, header};
use axum::response::IntoResponse;
use http_body_util::LengthLimitError;
use jiff::Timestamp;
use jiff::civil::DateTime;
use repass_client::sign::{ALGORITHM, DATE_FORMAT, DATE_HEADER, Signed, authorization};

use crate::answer::Refusal;
use crate::state::Shared;
use crate::tokens::Standing;

/// The header with a token.
pub(crate) const TOKEN_HEADER: &str = "x-auth-token";
/// How long a client may take to send a head, and then a body.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// The gateway's limits: on a body, a URI, one header and all of them.
const LARGEST_BODY: usize = 12 << 20;
const LARGEST_URI: usize = 32 << 10;
const LARGEST_HEADER: usize = 32 << 10;
const LARGEST_HEADERS: usize = 128 << 10;
/// How far the time of a signature may be off the system's clock.
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
const URI_TOO_LARGE: Refusal = Refusal::new(
    StatusCode::URI_TOO_LONG,
    "APIGW.0201",
    "Request URI too large",
);
const HEADERS_TOO_LARGE: Refusal = Refusal::new(
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    "APIGW.0201",
    "Request headers too large",
);
pub(crate) const UNAUTHENTICATED: Refusal = Refusal::new(
    StatusCode::UNAUTHORIZED,
    "APIGW.0301",
    "Incorrect IAM authentication information",
);
pub(crate) const ENDED: Refusal = Refusal::new(
    StatusCode::UNAUTHORIZED,
    "APIGW.0307",
    "The token must be updated.",
);

/// A refusal by the gateway; the server adds the id of the request, which is part of its body.
#[derive(Debug, Clone)]
pub(crate) struct Gateway(pub(crate) Refusal);

impl IntoResponse for Gateway {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::default();
        response.extensions_mut().insert(self);
        response
    }
}

/// A request that the gateway let through. It has no `Debug`: its body is a password.
pub(crate) struct Admitted {
    pub(crate) scope: Scope,
    pub(crate) parts: Parts,
    pub(crate) body: Bytes,
}

/// Which projects a request may be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The one with this id: its token came with the request, or its id is signed.
    Project(String),
    /// All that there are.
    All,
}

/// An admitted request about an instance. It has no `Debug` either.
pub(crate) struct Call {
    pub(crate) scope: Scope,
    pub(crate) project_id: String,
    pub(crate) instance_id: String,
    pub(crate) username: Option<String>,
    /// Whether the body is no JSON by its `Content-Type`.
    pub(crate) is_no_json: bool,
    pub(crate) body: Bytes,
}

impl FromRequest<Shared> for Admitted {
    type Rejection = Gateway;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Gateway> {
        let (parts, body) = request.into_parts();
        let token = parts.headers.get(TOKEN_HEADER);
        let standing = token.map(|token| shared.tokens().standing(token.as_bytes(), shared.now()));
        let may_be_signed = standing.is_none() && parts.headers.contains_key(header::AUTHORIZATION);
        let project = parts.headers.get("x-project-id");
        let project = project.and_then(|project| project.to_str().ok());
        let scope = match standing {
            Some(Standing::Good(project_id)) => Scope::Project(project_id),
            Some(Standing::Ended) => return Err(Gateway(ENDED)),
            None if may_be_signed => project.map_or(Scope::All, |id| Scope::Project(id.to_owned())),
            Some(Standing::Unknown) | None => return Err(Gateway(UNAUTHENTICATED)),
        };
        let body = whole(body).await;
        if may_be_signed && !is_signed(&parts, &body, shared) {
            return Err(Gateway(UNAUTHENTICATED));
        }
        Ok(Self { scope, parts, body })
    }
}

impl FromRequest<Shared> for Call {
    type Rejection = Gateway;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Gateway> {
        let Admitted {
            scope,
            mut parts,
            body,
        } = Admitted::from_request(request, shared).await?;
        let path = RawPathParams::from_request_parts(&mut parts, shared).await;
        let path = path.map_err(|_| Gateway(BAD_REQUEST))?;
        let named = |name| {
            let mut found = path.iter().filter(|(key, _)| *key == name);
            found.next().map(|(_, value)| value.to_owned())
        };
        Ok(Self {
            scope,
            project_id: named("project_id").unwrap_or_default(),
            instance_id: named("instance_id").unwrap_or_default(),
            username: named("username"),
            is_no_json: is_json(&parts.headers) == Some(false),
            body,
        })
    }
}

/// Refuses a head that is beyond the gateway's limits.
pub(crate) fn check_head((uri, headers): (&Uri, &HeaderMap)) -> Result<(), Gateway> {
    let target = uri.path_and_query();
    if target.is_some_and(|target| target.as_str().len() > LARGEST_URI) {
        return Err(Gateway(URI_TOO_LARGE));
    }
    let mut sizes = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len());
    let all = sizes.try_fold(0, |all, size| {
        (size <= LARGEST_HEADER).then_some(all + size)
    });
    if all.is_some_and(|all| all <= LARGEST_HEADERS) {
        return Ok(());
    }
    Err(Gateway(Refusal {
        // A status of nginx, which has no name elsewhere.
        status: StatusCode::from_u16(494).unwrap_or(HEADERS_TOO_LARGE.status),
        ..HEADERS_TOO_LARGE
    }))
}

/// Whether a body is JSON by its `Content-Type`; none if there is none.
pub(crate) fn is_json(headers: &HeaderMap) -> Option<bool> {
    let kind = headers.get(header::CONTENT_TYPE)?;
    let kind = kind.to_str().unwrap_or_default().split(';').next()?;
    Some(kind.trim().eq_ignore_ascii_case("application/json"))
}

/// The whole body, within the gateway's limits.
pub(crate) async fn read(body: Body) -> Result<Bytes, Gateway> {
    if body.size_hint().lower() > LARGEST_BODY as u64 {
        return Err(Gateway(TOO_LARGE));
    }
    let body = tokio::time::timeout(READ_TIMEOUT, axum::body::to_bytes(body, LARGEST_BODY));
    match body.await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) if error.source().is_some_and(|of| of.is::<LengthLimitError>()) => {
            Err(Gateway(TOO_LARGE))
        }
        // It broke off, is wrongly framed, or took too long.
        Ok(Err(_)) | Err(_) => Err(Gateway(BAD_REQUEST)),
    }
}

/// The body of a request whose body has been read.
pub(crate) async fn whole(body: Body) -> Bytes {
    axum::body::to_bytes(body, usize::MAX)
        .await
        .unwrap_or_default()
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
        // Who signs has the system's clock, wherever the emulator's was moved to.
        if Timestamp::now().duration_since(date).unsigned_abs() > SKEW {
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
        let mut keys = shared.fleet().access_keys.iter();
        let key = keys.find(|key| key.access_key == *access_key)?;
        let expected = authorization(access_key, &key.secret_key, &signed);
        let (_, expected) = expected.rsplit_once('=')?;
        (fields.get("Signature") == Some(&expected)).then_some(())
    };
    verify().is_some()
}
