//! Faults, done to the requests that they are about.

use std::io;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use axum::middleware::Next;
use axum::response::IntoResponse;
use futures_util::StreamExt;
use futures_util::stream;

use crate::answer::{self, Refusal, Succeeded};
use crate::fault::{About, Fault, FaultKind, LOGIN, Operation, When};
use crate::gateway::{ENDED, Gateway, TOKEN_HEADER};
use crate::service::Dialect;
use crate::state::Shared;
use crate::{dcs, ddm, dms, iam};

/// Marks an answer that is not sent: the connection is cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut;

/// A connection that a fault cut.
#[derive(Debug, thiserror::Error)]
#[error("a fault cut the connection")]
pub(crate) struct CutConnection;

/// Does to a request what the faults say, before it is carried out and after.
pub(crate) async fn inject(
    State((shared, operation)): State<(Shared, Operation)>,
    request: Request,
    next: Next,
) -> Response<Body> {
    // Most requests meet none.
    if shared.faults().active().is_empty() {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let path = RawPathParams::from_request_parts(&mut parts, &()).await;
    let mut parameters = path.iter().flatten();
    let instance_id = parameters.find(|(name, _)| *name == "instance_id");
    let about = About {
        operation,
        instance_id: instance_id.map(|(_, id)| id),
        has_token: operation != LOGIN && parts.headers.contains_key(TOKEN_HEADER),
    };
    wait(&shared, &about, When::Before).await;
    let struck = shared.faults().strike(&about, When::Before, shared.now());
    let answer = match &struck {
        Some(fault) => instead(&shared, operation, fault),
        None => {
            parts.extensions.insert(operation);
            next.run(Request::from_parts(parts, body)).await
        }
    };
    wait(&shared, &about, When::After).await;
    // Where nothing was done there is nothing to come after, and the next request is the one to hit.
    let succeeded = answer.extensions().get::<Succeeded>().copied();
    let (None, Some(Succeeded { is_late })) = (struck, succeeded) else {
        return answer;
    };
    let struck = shared.faults().strike(&about, When::After, shared.now());
    match struck {
        Some(fault) if fault.fault == FaultKind::Truncate => truncated(answer).await,
        Some(fault) => instead(&shared, operation, &fault),
        None if is_late => cut(),
        None => answer,
    }
}

/// Waits as long as each latency says, or until it is removed.
async fn wait(shared: &Shared, about: &About<'_>, when: When) {
    let waits = shared.faults().waits(about, when, shared.now());
    for (duration, mut removed) in waits {
        let _ = tokio::time::timeout(duration, removed.changed()).await;
    }
}

/// The answer, unless its connection is to be cut.
pub(crate) fn sent(answer: Response<Body>) -> Result<Response<Body>, CutConnection> {
    match answer.extensions().get::<Cut>() {
        Some(Cut) => Err(CutConnection),
        None => Ok(answer),
    }
}

/// What comes instead of an answer.
fn instead(shared: &Shared, operation: Operation, fault: &Fault) -> Response<Body> {
    let status = |default| {
        let status = fault.status.and_then(|status| u16::try_from(status).ok());
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        status.unwrap_or(default)
    };
    match fault.fault {
        FaultKind::Throttle => Gateway(throttled(fault.per_second.unwrap_or(0))).into_response(),
        FaultKind::ExpiredToken => Gateway(ENDED).into_response(),
        FaultKind::Html => {
            let html = [(header::CONTENT_TYPE, "text/html")];
            let status = status(StatusCode::BAD_GATEWAY);
            let page = format!(
                "<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}</h1>\
                 </center>\r\n</body>\r\n</html>\r\n"
            );
            (status, html, page).into_response()
        }
        FaultKind::Error => error(shared, operation, fault),
        FaultKind::Answer => given(status(StatusCode::OK), fault),
        FaultKind::Cut
        | FaultKind::Truncate
        | FaultKind::Latency
        | FaultKind::Late
        | FaultKind::Rollback => cut(),
    }
}

/// The answer that a fault gives. Its headers were checked when the fault was added.
fn given(status: StatusCode, fault: &Fault) -> Response<Body> {
    let body = fault.body.clone().unwrap_or_default();
    let mut answer = Response::default();
    *answer.status_mut() = status;
    if !body.is_empty() {
        let json = HeaderValue::from_static("application/json");
        answer.headers_mut().insert(header::CONTENT_TYPE, json);
    }
    for (name, value) in fault.headers.iter().flatten() {
        let header = (HeaderName::try_from(name), HeaderValue::try_from(value));
        if let (Ok(name), Ok(value)) = header {
            answer.headers_mut().insert(name, value);
        }
    }
    *answer.body_mut() = Body::from(body);
    answer
}

fn throttled(limit: u64) -> Refusal {
    const THROTTLED: Refusal = Refusal::documented("APIGW.0308");
    let message = &THROTTLED.message;
    Refusal {
        message: format!("{message}: policy user over ratelimit,limit:{limit},time:1 second")
            .into(),
        ..THROTTLED
    }
}

/// An error in the form of the service, or of the gateway if the code is one of its own. What the
/// fault does not say comes from the contract.
fn error(shared: &Shared, operation: Operation, fault: &Fault) -> Response<Body> {
    let status = fault.status.and_then(|status| u16::try_from(status).ok());
    let dialect: &Dialect = match operation.service {
        "ddm" => &ddm::DIALECT,
        "dcs" => &dcs::DIALECT,
        "dms" => &dms::DIALECT,
        _ if fault.is_of_gateway() => &dms::DIALECT,
        _ => {
            let status = answer::status(status.unwrap_or(500));
            return iam::failed(status, fault.message.as_deref()).into_response();
        }
    };
    let known = fault.code.as_deref().and_then(Refusal::find);
    let Refusal {
        code,
        message,
        status: usual,
    } = known.unwrap_or_else(|| dialect.internal.clone());
    let refusal = Refusal {
        status: status.unwrap_or(usual),
        code: fault.code.clone().map_or(code, Into::into),
        message: fault.message.clone().map_or(message, Into::into),
    };
    if fault.is_of_gateway() {
        return Gateway(refusal).into_response();
    }
    (dialect.refuse)(refusal, &shared.fleet().settings).into_response()
}

pub(crate) fn cut() -> Response<Body> {
    let mut answer = Response::default();
    answer.extensions_mut().insert(Cut);
    answer
}

/// The first half of the body, as if the rest were to follow. An answer without a body is cut.
async fn truncated(answer: Response<Body>) -> Response<Body> {
    let (mut parts, body) = answer.into_parts();
    // The emulator's own answers are whole and short.
    let body = axum::body::to_bytes(body, usize::MAX).await;
    let body = body.unwrap_or_default();
    if body.is_empty() {
        return cut();
    }
    parts
        .headers
        .insert(header::CONTENT_LENGTH, body.len().into());
    let half = Ok::<_, io::Error>(body.slice(..body.len() / 2));
    let end = async {
        // What comes before is sent first.
        tokio::task::yield_now().await;
        Err::<Bytes, _>(io::ErrorKind::ConnectionAborted.into())
    };
    let body = stream::iter([half]).chain(stream::once(end));
    Response::from_parts(parts, Body::from_stream(body))
}
