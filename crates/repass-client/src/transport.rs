//! How requests travel: one HTTP client of our own for the hand-written and the generated clients.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use repass_policy::Secret;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Request, Response, ResponseBuilderExt, StatusCode, Url};
use serde::de::{DeserializeOwned, IgnoredAny};
use tokio::time::Instant;

use crate::connections::{ConnectionError, Connections};
use crate::generated::Traits;
use crate::redact::Redactor;
use crate::resend::{Next, retry_after};
use crate::session::{Authentication, Login, LoginError, Session};
use crate::{ErrorBody, NotSent, Resending, credentials, endpoints, error_body};

/// More than any documented answer; the rest of a longer one is not read.
const LARGEST_ANSWER: usize = 1 << 20;

/// The header that a token goes into.
const TOKEN: &str = "x-auth-token";
/// The header that IAM gives one in.
pub(crate) const NEW_TOKEN: &str = "x-subject-token";

/// Sends requests: with credentials, without following redirects, and to loopback addresses
/// without a proxy.
///
/// This is what a generated client is made with; [`Client::transport`](crate::Client::transport)
/// gives one. The generated client sends through this transport's own HTTP client
/// whichever one it was given, so that none can follow a redirect with a password in its body; and
/// only to a URL that [`Endpoints`](crate::Endpoints) would accept. Its `new` makes an HTTPS client
/// that is never used; where there are no certificates, take `new_with_client`.
#[derive(Debug, Clone)]
pub struct Transport {
    identity: Identity,
    connections: Arc<Connections>,
    resending: Resending,
    allow_http: bool,
    /// When the call began; the requests of generated clients each begin their own.
    begun: Option<Instant>,
    /// Whether a service was sent anything.
    sent: Arc<AtomicBool>,
    /// What is known of a call; each call of [`crate::Client`] has its own.
    memory: Arc<Mutex<Memory>>,
}

/// In whose name requests are sent.
#[derive(Debug, Clone)]
enum Identity {
    Nobody,
    Known(Arc<Login>),
    Session(Arc<Session>),
}

/// What is known of a call beside what the generated client returns.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The login that the call began with, so that it does not log in twice when a token ends.
    pub(crate) login: Option<Arc<Login>>,
    /// The answer to the last attempt, if one began to arrive.
    pub(crate) seen: Option<Seen>,
    /// Whether an earlier attempt may have changed the password.
    pub(crate) in_doubt: bool,
    /// The id of the first such attempt that had one.
    pub(crate) doubtful_id: Option<String>,
    /// Why nothing was sent, where the request was not even tried.
    pub(crate) not_sent: Option<NotSent>,
}

impl Memory {
    fn leave_in_doubt(&mut self) {
        self.in_doubt = true;
        let id = self.seen.as_ref().and_then(|seen| seen.request_id.clone());
        self.doubtful_id = self.doubtful_id.take().or(id);
    }
}

/// What is known of an answer even when its body cannot be read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    /// What the body says of an error, whatever the status says.
    pub(crate) error: ErrorBody,
    /// Whether the body is one that no success has.
    pub(crate) is_denied: bool,
    /// The body as it came, where what is kept of it hides a secret.
    raw: Option<Secret>,
}

impl Transport {
    pub(crate) fn new(session: Session, allow_http: bool) -> Result<Self, reqwest::Error> {
        let resending = Resending::default();
        let transport = Self {
            identity: Identity::Session(Arc::new(session)),
            connections: Arc::new(Connections::new(resending.connect_timeout())),
            resending,
            allow_http,
            begun: None,
            sent: Arc::default(),
            memory: Arc::default(),
        };
        // Whatever is wrong with the HTTP library itself is told now.
        transport.http()?;
        Ok(transport)
    }

    /// The same transport for a call that begins now.
    pub(crate) fn for_one_call(&self) -> Self {
        Self {
            begun: Some(Instant::now()),
            memory: Arc::default(),
            ..self.clone()
        }
    }

    /// The same transport for a call that begins now, unless it has begun.
    fn begun(&self) -> Self {
        Self {
            begun: self.begun.or_else(|| Some(Instant::now())),
            ..self.clone()
        }
    }

    /// Whether a service was sent anything by this transport or a clone of it. IAM is asked by
    /// others.
    pub(crate) fn has_sent(&self) -> bool {
        self.sent.load(Ordering::Acquire)
    }

    /// How long ago the call began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.map(|begun| begun.elapsed()).unwrap_or_default()
    }

    /// How much of its time the call has left.
    pub(crate) fn time_left(&self) -> Duration {
        self.resending.deadline.saturating_sub(self.elapsed())
    }

    /// Whether an attempt after this wait could still be told from one that was not sent: its time
    /// must not end before that of making a connection.
    fn has_time_after(&self, wait: Duration) -> bool {
        wait.saturating_add(self.connections.timeout) < self.time_left()
    }

    /// The same transport for what may not take all the time that the call has left.
    pub(crate) fn for_half_of_its_time(&self) -> Self {
        let mut half = self.for_one_call();
        half.resending.deadline = self.time_left() / 2;
        half
    }

    /// The same transport, with this and nothing else to authenticate with.
    pub(crate) fn with(&self, authentication: Authentication) -> Self {
        Self {
            identity: Identity::Known(Arc::new(Login::with(authentication))),
            sent: Arc::default(),
            memory: Arc::default(),
            ..self.clone()
        }
    }

    /// The same transport, with nothing to authenticate with.
    pub(crate) fn as_nobody(&self) -> Self {
        Self {
            identity: Identity::Nobody,
            sent: Arc::default(),
            memory: Arc::default(),
            ..self.clone()
        }
    }

    /// Returns the part that the proxy had in an error while connecting to this URL.
    pub(crate) fn explain(&self, error: &reqwest::Error) -> Option<ConnectionError> {
        self.connections.explain(error.url()?, error)
    }

    /// The HTTP client that the generated clients are given; they send through [`Self::send`].
    pub(crate) fn http(&self) -> reqwest::Result<reqwest::Client> {
        self.connections.plain()
    }

    pub(crate) fn set_resending(&mut self, resending: Resending) {
        self.resending = resending;
        let connect_timeout = resending.connect_timeout();
        if connect_timeout != self.connections.timeout {
            self.connections = Arc::new(Connections::new(connect_timeout));
        }
    }

    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        // A panic while it was locked would be a bug, and no reason for another.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of the last answer, if there was one.
    pub(crate) fn seen(&self) -> Seen {
        self.memory().seen.clone().unwrap_or_default()
    }

    /// The last answer as it came, to decide by: a secret can be one of the words that decide. What
    /// is kept or shown is the answer that hides it.
    pub(crate) fn as_it_came<T: DeserializeOwned>(&self, shown: T) -> Option<T> {
        let memory = self.memory();
        match memory.seen.as_ref().and_then(|seen| seen.raw.as_ref()) {
            Some(raw) => serde_json::from_str(raw.expose()).ok(),
            None => Some(shown),
        }
    }

    /// What is known of the session, after a login where one is needed.
    pub(crate) async fn login(&self) -> Result<Option<Arc<Login>>, Arc<LoginError>> {
        if let Some(login) = self.memory().login.clone() {
            return Ok(Some(login));
        }
        match &self.identity {
            Identity::Nobody => Ok(None),
            Identity::Known(login) => Ok(Some(login.clone())),
            Identity::Session(session) => session.login(self, None).await.map(Some),
        }
    }

    /// Makes a generated request ours, and logs in for it where it needs a token.
    pub(crate) async fn prepare(
        &self,
        request: &mut Request,
        operation: Traits,
    ) -> Result<(), NotSent> {
        let call = self.begun();
        // The generator's own header, which the services do not know.
        request.headers_mut().remove("api-version");
        let checked = endpoints::check_scheme(request.url(), self.allow_http);
        checked.map_err(NotSent::Endpoint)?;
        if operation.needs_login {
            let login = call.login().await.map_err(NotSent::Login)?;
            login.inspect(|login| add_token(request, login));
        }
        let connection = self.connections.to(request.url(), false);
        connection.map_err(NotSent::Connection)?;
        match call.has_time_after(Duration::ZERO) {
            true => Ok(()),
            false => Err(NotSent::Late),
        }
    }

    /// Sends a request, and again where that is safe: see [`Resending`].
    pub(crate) async fn send(
        &self,
        mut request: Request,
        operation: Traits,
    ) -> reqwest::Result<Response> {
        let call = self.begun();
        let mut waits = self.resending.waits();
        let mut may_renew = true;
        loop {
            // Only a streamed body cannot be copied, and none is.
            let Some(mut attempt) = request.try_clone() else {
                return call.attempt(request).await;
            };
            if operation.needs_login {
                call.sign(&mut attempt).await;
            }
            *attempt.timeout_mut() = Some(call.time_left());
            let result = call.attempt(attempt).await;
            // A proxy that refuses does so again.
            if matches!(&result, Err(error) if call.explain(error).is_some()) {
                return result;
            }

            // Whoever does not know the token has done nothing.
            if may_renew
                && matches!(&result, Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED)
            {
                may_renew = false;
                if call.renew(&mut request).await && call.has_time_after(Duration::ZERO) {
                    continue;
                }
            }
            let next = Next::after(&result, operation.repeat, SystemTime::now());
            let (
                Next::Again {
                    retry_after,
                    in_doubt,
                },
                Some(wait),
            ) = (next, waits.next())
            else {
                return result;
            };
            let wait = retry_after.unwrap_or(wait);
            if !call.has_time_after(wait) {
                return result;
            }
            if in_doubt {
                call.memory().leave_in_doubt();
            }
            let after = match &result {
                Ok(answer) => answer.status().as_str().to_owned(),
                Err(error) if error.is_connect() => "no connection".to_owned(),
                Err(_) => "no whole answer".to_owned(),
            };
            let wait_ms = wait.as_millis();
            tracing::debug!(after, wait_ms, in_doubt, "sending again");
            tokio::time::sleep(wait).await;
        }
    }

    /// Signs a request that carries no token, where there is a key to sign it with.
    async fn sign(&self, request: &mut Request) {
        if let Ok(Some(login)) = self.login().await
            && let Authentication::AccessKey(key) = &login.authentication
        {
            key.sign(request, login.project.as_ref(), SystemTime::now());
        }
    }

    /// Puts a new token in place of one that was refused. Says whether there is one.
    async fn renew(&self, request: &mut Request) -> bool {
        let Identity::Session(session) = &self.identity else {
            return false;
        };
        let token = request.headers().get(TOKEN);
        let Some(Ok(refused)) = token.map(|token| token.to_str().map(Secret::from)) else {
            return false;
        };
        let renewed = match session.renews() {
            true => session.login(self, Some(&refused)).await.ok(),
            false => None,
        };
        if let Some(login) = &renewed {
            tracing::debug!("the token was refused; there is a new one");
            add_token(request, login);
        }
        renewed.is_some()
    }

    /// Hides what the request shows, whatever a service repeats of it.
    fn redactor(&self, request: &Request) -> Redactor {
        let sent = request.body().and_then(reqwest::Body::as_bytes);
        let sent = sent.unwrap_or_default();
        let mut redactor = match &self.identity {
            Identity::Session(session) => session.redactor.with_passwords_of(sent),
            Identity::Known(login) => match &login.authentication {
                Authentication::Token(_) => Redactor::default(),
                Authentication::AccessKey(key) => Redactor::new(key.secrets()),
            },
            Identity::Nobody => Redactor::default().with_passwords_of(sent),
        };
        let token = request.headers().get(TOKEN);
        if let Some(token) = token.and_then(|token| token.to_str().ok()) {
            redactor.add(token);
        }
        redactor
    }

    /// Sends a request once and reads the whole answer.
    ///
    /// A refusal whose body is not a JSON object, and a success without a body, get `{}` for one:
    /// the generated code keeps status and headers only of what it can parse.
    async fn attempt(&self, request: Request) -> reqwest::Result<Response> {
        self.memory().seen = None;
        let http = match self.connections.to(request.url(), false) {
            Ok(http) => http,
            Err(ConnectionError::Client(error)) => return Err(error),
            // `prepare` has told it; this is an error, too, and sends nothing.
            Err(_) => return self.connections.plain()?.get("").send().await,
        };
        let redactor = self.redactor(&request);
        tracing::debug!(
            method = request.method().as_str(),
            host = request.url().origin().ascii_serialization(),
            path = path_to_log(request.url()),
            "sending"
        );
        self.sent.store(true, Ordering::Release);
        let mut response = http.execute(request).await?;
        let status = response.status();
        tracing::debug!(status = status.as_u16(), "answered");
        let mut headers = std::mem::take(response.headers_mut());
        for (name, value) in &mut headers {
            if name == NEW_TOKEN {
                // Its value is needed as it is, and shown by nothing.
                value.set_sensitive(true);
                continue;
            }
            if redactor.is_clean(value.as_bytes()) {
                continue;
            }
            // A header that repeats a secret says nothing else that anybody needs.
            let text = String::from_utf8_lossy(value.as_bytes());
            if redactor.text(&text) != text {
                *value = HeaderValue::from_static("[REDACTED]");
            }
        }
        let mut seen = Seen {
            status: status.as_u16(),
            request_id: request_id(&headers),
            retry_after: retry_after(&headers, SystemTime::now()),
            ..Seen::default()
        };
        self.memory().seen = Some(seen.clone());

        let refused = status.is_client_error() || status.is_server_error();
        let mut body = Vec::new();
        while body.len() <= LARGEST_ANSWER {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                // The status has said what matters.
                Err(_) if refused => break,
                Err(error) => return Err(error),
            }
        }
        // What is no JSON object is not kept: errors of the generated clients would show it. Serde
        // would take an array for an object whose fields come in order, and so prove success.
        let is_object = body.trim_ascii_start().starts_with(b"{")
            && str::from_utf8(&body)
                .is_ok_and(|body| serde_json::from_str::<IgnoredAny>(body).is_ok());
        let is_refusal = || is_object && serde_json::from_slice::<ErrorBody>(&body).is_ok();
        if body.is_empty() || (refused && !is_refusal()) {
            body = b"{}".to_vec();
        } else if !is_object {
            body = b"null".to_vec();
        }
        if let Some(proxy) = self.connections.explain_status(response.url(), seen.status) {
            body = serde_json::json!({"error_msg": proxy.to_string()})
                .to_string()
                .into();
        }
        seen.is_denied = error_body::is_one(&body);
        if let Some(hidden) = redactor.json(&body) {
            let raw = String::from_utf8(std::mem::replace(&mut body, hidden));
            seen.raw = raw.ok().map(Secret::from);
        }
        seen.error = serde_json::from_slice(&body).unwrap_or_default();
        let in_body = || seen.error.request_id.clone();
        seen.request_id = seen.request_id.or_else(in_body);
        self.memory().seen = Some(seen);
        let answer = http::Response::builder().url(response.url().clone());
        // It fails for a status or a header that is none, and has neither yet.
        let mut answer = answer.body(reqwest::Body::from(body)).unwrap_or_default();
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        Ok(answer.into())
    }
}

/// The path from the instance on: before it stands the project, and whatever was set for one could
/// be a secret.
fn path_to_log(url: &Url) -> String {
    let path = url.path();
    match path.split_once("/instances/") {
        Some((_, instance)) => format!("…/instances/{instance}"),
        None => path.to_owned(),
    }
}

fn add_token(request: &mut Request, login: &Login) {
    if let Authentication::Token(token) = &login.authentication {
        credentials::insert(request, TOKEN, token.expose());
    }
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("x-request-id")?.to_str().ok()?;
    (!id.is_empty()).then(|| id.to_owned())
}
