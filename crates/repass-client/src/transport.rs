//! The handle that generated clients are built with, and the workarounds for their generator.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use progenitor_client::{Error as GeneratedError, OperationInfo, ResponseValue};
use reqwest::{Method, Request, Response, ResponseBuilderExt};

use crate::contract::{OperationRules, RetryClass};
use crate::exchange::{Budget, Exchanged, Failure, InFlight};
use crate::session::{Network, Session};
use crate::{ErrorBody, endpoints};

/// Sends the requests of generated clients: with credentials, without following redirects, and to
/// loopback addresses without a proxy.
///
/// [`Client::transport`](crate::Client::transport) returns one for the `new_with_client` of a
/// generated client. Requests are sent by this transport, not by the HTTP client that is given beside
/// it, so none follows a redirect with a password in its body; and only to a URL that
/// [`Endpoints`](crate::Endpoints) would accept. A generated client's `new` makes an HTTPS client
/// that is never used: without certificates on the machine, call `new_with_client`.
#[derive(Debug, Clone)]
pub struct Transport(Mode);

#[derive(Debug, Clone)]
enum Mode {
    Send(Arc<Session>, Network),
    /// Passes the request on, and sends nothing.
    Build(Sender<Request>),
}

/// Returns the request that a call of a generated client would send.
pub(crate) async fn build<T>(
    call: impl AsyncFnOnce(Transport) -> Result<ResponseValue<T>, GeneratedError<ErrorBody>>,
) -> Option<Request> {
    let (sender, receiver) = channel();
    // It ends in an error, because no answer is made up.
    let _ = call(Transport(Mode::Build(sender))).await;
    receiver.try_recv().ok()
}

impl Transport {
    pub(crate) fn new(session: Arc<Session>, network: Network) -> Self {
        Self(Mode::Send(session, network))
    }

    /// Runs before a generated request is sent. An error is text only: the generator has no other.
    pub(crate) async fn prepare<E>(
        &self,
        request: &mut Request,
        rules: Option<&OperationRules>,
    ) -> Result<(), GeneratedError<E>> {
        // The generator's own header, which no service documents.
        request.headers_mut().remove("api-version");
        let (session, network) = match &self.0 {
            Mode::Send(session, network) => (session, network),
            Mode::Build(sender) => {
                let taken = Request::new(Method::GET, request.url().clone());
                let _ = sender.send(std::mem::replace(request, taken));
                return Err(GeneratedError::Custom(String::new()));
            }
        };
        let error = |error: &dyn std::error::Error| GeneratedError::Custom(error.to_string());
        endpoints::check_scheme(request.url(), network.allow_http).map_err(|e| error(&e))?;
        let budget = Budget::new(network.retries);
        if rules.is_some_and(|rules| rules.authenticated) {
            let login = session.login(network, &budget, None).await;
            login.map_err(|e| error(&*e))?;
        }
        let connection = network.connections.to(request.url(), false);
        connection.map_err(|e| error(&e))?;
        if budget.allows_attempt_after(Duration::ZERO) {
            return Ok(());
        }
        Err(GeneratedError::Custom(
            "timed out before the request was sent".to_owned(),
        ))
    }

    /// Sends a generated request. Its answer has no secret, for the errors of generated clients show
    /// whole answers.
    pub(crate) async fn send(
        &self,
        request: Request,
        rules: Option<&OperationRules>,
    ) -> reqwest::Result<Response> {
        let url = request.url().clone();
        let (status, headers, body) = match self.exchange(&request, rules).await {
            Some(Exchanged {
                last: Ok(answer), ..
            }) => answer.redacted(),
            Some(Exchanged {
                last: Err(Failure::NotSent(error, _) | Failure::Lost(error, _)),
                ..
            }) => return Err(error),
            // What `prepare` has checked went wrong since. An HTTP error without an answer is one
            // that reqwest makes of a status.
            None => {
                let failed = http::Response::builder().status(599).url(url);
                let failed = failed.body(reqwest::Body::default()).unwrap_or_default();
                return Response::from(failed).error_for_status();
            }
        };
        let answer = http::Response::builder().url(url);
        // Building fails for an invalid status or header, and it has neither yet.
        let mut answer = answer.body(reqwest::Body::from(body)).unwrap_or_default();
        *answer.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
        *answer.headers_mut() = headers;
        Ok(answer.into())
    }

    async fn exchange(
        &self,
        request: &Request,
        rules: Option<&OperationRules>,
    ) -> Option<Exchanged> {
        let Mode::Send(session, network) = &self.0 else {
            return None;
        };
        let mut budget = Budget::new(network.retries);
        let authenticated = rules.is_some_and(|rules| rules.authenticated);
        let login = session
            .login_if(authenticated, network, &budget)
            .await
            .ok()?;
        let body = request.body().and_then(reqwest::Body::as_bytes);
        let retry = rules.map_or(RetryClass::Never, |rules| {
            rules.retry_class(body.unwrap_or_default())
        });
        let in_flight = InFlight::default();
        let exchanged = session.send(request, retry, &login, network, &mut budget, &in_flight);
        exchanged.await.ok()
    }
}

/// Returns the rules of the operation that a generated method calls.
pub(crate) fn rules(module: &str, info: &OperationInfo) -> Option<&'static OperationRules> {
    OperationRules::of_method(module, info.operation_id)
}
