//! The API gateway before the services: it lets a request through, or refuses it in its own words.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response, Uri, header};
use axum::response::IntoResponse;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use repass_client::sign::{self, ALGORITHM, DATE_FORMAT, DATE_HEADER, Signed};

use crate::answer::Refusal;
use crate::body;
use crate::fault::{About, Operation};
use crate::instances::Fate;
use crate::state::Shared;
use crate::tokens::Standing;

/// The header with a token.
pub(crate) const TOKEN_HEADER: &str = "x-auth-token";
/// The gateway's limits on a URI, one header and all of them.
const LARGEST_URI: usize = 32 << 10;
const LARGEST_HEADER: usize = 32 << 10;
const LARGEST_HEADERS: usize = 128 << 10;
/// The largest difference between the time of a signature and the emulator's clock.
const SKEW: Duration = Duration::from_secs(15 * 60);

pub(crate) const NOT_PUBLISHED: Refusal = Refusal::documented("APIGW.0101");
pub(crate) const UNAUTHENTICATED: Refusal = Refusal::documented("APIGW.0301");
pub(crate) const ENDED: Refusal = Refusal::documented("APIGW.0307");
/// One code for all that is wrong with a request as such, with several statuses.
pub(crate) const BAD_REQUEST: Refusal = Refusal::documented("APIGW.0201");
pub(crate) const TOO_LARGE: Refusal =
    Refusal::variant("APIGW.0201", 413, "The request body is larger than 12 MB");
const URI_TOO_LARGE: Refusal = Refusal::variant("APIGW.0201", 414, "Request URI too large");
/// A status of nginx.
const HEADERS_TOO_LARGE: Refusal = Refusal::variant("APIGW.0201", 494, "Request headers too large");
/// The answer while there is no memory for another large body, or no room for another connection.
pub(crate) const NO_ROOM: Refusal = Refusal::variant(
    "APIGW.0201",
    503,
    "Service unavailable: too many requests are under way",
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
    /// The operation, if there are faults that may be about it, and whether it has a token.
    faulty: Option<(Operation, bool)>,
}

impl Call {
    /// Decides what faults make of the change that this call asks for.
    pub(crate) fn fate(&self, shared: &Shared, now: SystemTime) -> Fate {
        let Some((operation, has_token)) = self.faulty else {
            return Fate::default();
        };
        let about = About {
            operation,
            instance_id: Some(&self.instance_id),
            has_token,
        };
        shared.faults().fate(&about, now)
    }
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
        let body = body::whole(body).await;
        if may_be_signed {
            check_signature(&parts, &body, shared)?;
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
            faulty: (parts.extensions.get::<Operation>())
                .map(|operation| (*operation, parts.headers.contains_key(TOKEN_HEADER))),
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
    Err(Gateway(HEADERS_TOO_LARGE))
}

/// Whether a body is JSON by its `Content-Type`; none if there is none.
pub(crate) fn is_json(headers: &HeaderMap) -> Option<bool> {
    let kind = headers.get(header::CONTENT_TYPE)?;
    let kind = kind.to_str().unwrap_or_default().split(';').next()?;
    Some(kind.trim().eq_ignore_ascii_case("application/json"))
}

/// Checks that the request is signed with the secret key, at about the emulator's time, as it stands
/// here.
fn check_signature(parts: &Parts, body: &[u8], shared: &Shared) -> Result<(), Gateway> {
    let wrong = || Gateway(UNAUTHENTICATED);
    // A header may have any characters, in UTF-8.
    let text = |name: &str| std::str::from_utf8(parts.headers.get(name)?.as_bytes()).ok();
    let given =
        text(header::AUTHORIZATION.as_str()).and_then(|given| given.strip_prefix(ALGORITHM));
    let fields: BTreeMap<_, _> = (given.ok_or_else(wrong)?.split(','))
        .filter_map(|field| field.trim().split_once('='))
        .collect();
    let field = |name: &str| fields.get(name).copied().ok_or_else(wrong);
    let headers: Option<Vec<_>> = field("SignedHeaders")?
        .split(';')
        .map(|name| Some((name, text(name)?)))
        .collect();
    let headers = headers.ok_or_else(wrong)?;
    let is_covered = |name: &str| headers.iter().any(|(covered, _)| *covered == name);
    if !is_covered(header::HOST.as_str()) || !is_covered(DATE_HEADER) {
        return Err(wrong());
    }
    let date = text(DATE_HEADER).unwrap_or_default();
    let signed_at = signing_time(date).ok_or_else(wrong)?;
    let now = shared.now();
    let skew = (signed_at.duration_since(now)).or_else(|_| now.duration_since(signed_at));
    if skew.is_ok_and(|skew| skew > SKEW) {
        return Err(Gateway(signature_expired(date, now)));
    }
    let signed = Signed {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &headers,
        body,
    };
    let access_key = field("Access")?;
    let mut keys = shared.fleet().access_keys.iter();
    let key = keys.find(|key| key.access_key == access_key);
    let secret_key = &key.ok_or_else(wrong)?.secret_key;
    if !sign::verify(field("Signature")?, secret_key, &signed) {
        return Err(wrong());
    }
    Ok(())
}

/// Parses the time in a signature.
fn signing_time(date: &str) -> Option<SystemTime> {
    let date = DateTime::strptime(DATE_FORMAT, date).ok()?;
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp().into())
}

/// Says that a signature is too old or too new, and what time it is here.
fn signature_expired(date: &str, now: SystemTime) -> Refusal {
    let now = Timestamp::try_from(now).unwrap_or(Timestamp::MAX);
    let now = now.strftime(DATE_FORMAT);
    let Refusal { message, .. } = UNAUTHENTICATED;
    Refusal {
        message: format!(
            "{message}: calc aksk signature fail:signature expired, signature time:{date},\
             server time:{now}"
        )
        .into(),
        ..UNAUTHENTICATED
    }
}
