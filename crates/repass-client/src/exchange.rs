//! Sends one request and reads its answer, with the retries that are safe.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use reqwest::header::{HeaderValue, InvalidHeaderValue};
use reqwest::{Request, Url};
use tokio::time::Instant;

use crate::answer::{Answer, Body};
use crate::connections::Connections;
use crate::contract::RetryClass;
use crate::credentials::Authentication;
use crate::redact::Redactor;
use crate::{ConnectionError, ProjectId, RetryConfig};

/// The longest answer that is read. Documented answers are far shorter.
const LONGEST_ANSWER: usize = 1 << 20;

/// The header that a token is sent in.
const TOKEN: &str = "x-auth-token";

/// The time and the attempts that a call may use, its login included.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    config: RetryConfig,
    started: Instant,
    pub(crate) attempts: usize,
}

impl Budget {
    pub(crate) fn new(config: RetryConfig) -> Self {
        Self {
            config,
            started: Instant::now(),
            attempts: 0,
        }
    }

    /// Returns a budget with fresh attempts and the same end.
    pub(crate) fn for_login(&self) -> Self {
        Self {
            attempts: 0,
            ..self.clone()
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn time_left(&self) -> Duration {
        self.config.deadline.saturating_sub(self.elapsed())
    }

    /// Returns whether another attempt may be made after this wait. It needs more time than a
    /// connection, so that an attempt that was never sent can be told from one without an answer.
    pub(crate) fn allows_attempt_after(&self, wait: Duration) -> bool {
        let connecting = self.config.connect_timeout();
        self.attempts < self.config.attempts.max(1)
            && wait.saturating_add(connecting) < self.time_left()
    }
}

/// Whether a call may have changed the password, for a caller that drops the call's future.
///
/// [`Client::observed`](crate::Client::observed) returns one.
#[derive(Debug, Clone, Default)]
pub struct InFlight(Arc<AtomicBool>);

impl InFlight {
    /// Returns whether a request is under way, or was, that may have changed the password. If a call
    /// was dropped and this returns false, nothing changed.
    pub fn outcome_uncertain(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    pub(crate) fn set(&self, uncertain: bool) {
        self.0.store(uncertain, Ordering::Release);
    }
}

/// The body of an attempt, which notes that it is taken: the connection stands, and the first byte
/// is about to be written.
struct ObservedBody {
    bytes: Bytes,
    taken: Arc<AtomicBool>,
    in_flight: InFlight,
}

impl HttpBody for ObservedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.taken.store(true, Ordering::Release);
        self.in_flight.set(true);
        let bytes = std::mem::take(&mut self.bytes);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}

/// The result of an exchange.
#[derive(Debug)]
pub(crate) struct Exchanged {
    /// The last attempt.
    pub(crate) last: Result<Answer, Failure>,
    /// The first earlier attempt that may have been carried out.
    pub(crate) doubt: Option<Doubt>,
}

/// An attempt that may have been carried out.
#[derive(Debug)]
pub(crate) struct Doubt {
    pub(crate) request_id: Option<String>,
}

/// An attempt without a complete answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// No byte of it was sent. If the proxy is the reason, it says so.
    NotSent(reqwest::Error, Option<ConnectionError>),
    /// It may have arrived. An answer may have begun.
    Lost(reqwest::Error, Option<Box<Answer>>),
}

/// Sends requests with one way to authenticate.
pub(crate) struct Exchange<'a> {
    pub(crate) connections: &'a Connections,
    pub(crate) authentication: &'a Authentication,
    pub(crate) project: Option<&'a ProjectId>,
    /// The secrets of the client and of the request.
    pub(crate) redactor: &'a Redactor,
    pub(crate) retry: RetryClass,
    pub(crate) in_flight: &'a InFlight,
}

impl Exchange<'_> {
    /// Sends the request, and again where that is safe.
    ///
    /// # Errors
    /// No HTTP client can be made for the URL. Nothing was sent.
    pub(crate) async fn run(
        &self,
        request: &Request,
        budget: &mut Budget,
    ) -> Result<Exchanged, ConnectionError> {
        // A connection that was kept open may be closing: a request on it could end in doubt
        // although it was never read.
        let fresh = self.retry == RetryClass::Never;
        let http = self.connections.to(request.url(), fresh)?;
        let mut backoff = budget.config.backoff();
        let mut doubt = None;
        loop {
            budget.attempts += 1;
            let last = self.attempt(&http, request, budget).await;
            let again = self.again(&last);
            let wait = again.as_ref().zip(backoff.next());
            let wait = wait.map(|(again, wait)| again.retry_after.unwrap_or(wait));
            let Some((again, wait)) = again.zip(wait) else {
                return Ok(Exchanged { last, doubt });
            };
            if !budget.allows_attempt_after(wait) {
                return Ok(Exchanged { last, doubt });
            }
            if again.in_doubt {
                let request_id = last.as_ref().ok().and_then(Answer::request_id);
                let earlier = doubt.take().and_then(|doubt: Doubt| doubt.request_id);
                doubt = Some(Doubt {
                    request_id: earlier.or(request_id),
                });
            }
            self.in_flight.set(doubt.is_some());
            let after = match &last {
                Ok(answer) => answer.status.to_string(),
                Err(Failure::NotSent(..)) => "no connection".to_owned(),
                Err(Failure::Lost(..)) => "no complete answer".to_owned(),
            };
            let (wait_ms, in_doubt) = (wait.as_millis(), again.in_doubt);
            tracing::debug!(after, wait_ms, in_doubt, "retrying");
            tokio::time::sleep(wait).await;
        }
    }

    /// Decides whether another attempt is safe.
    fn again(&self, last: &Result<Answer, Failure>) -> Option<Again> {
        let (unavailable, lost) = match self.retry {
            RetryClass::Never => (false, false),
            RetryClass::Unavailable => (true, false),
            RetryClass::LostAnswer => (true, true),
        };
        let (retry_after, in_doubt) = match last {
            // What the proxy refused it will refuse again.
            Err(Failure::NotSent(error, None)) if !error.is_builder() => (None, false),
            Err(Failure::Lost(..)) if lost => (None, true),
            Ok(answer) if answer.status == 429 => (answer.retry_after(), false),
            Ok(answer) if answer.status == 503 && unavailable => (answer.retry_after(), true),
            _ => return None,
        };
        Some(Again {
            retry_after,
            in_doubt,
        })
    }

    /// Sends the request once and reads the whole answer.
    async fn attempt(
        &self,
        http: &reqwest::Client,
        request: &Request,
        budget: &Budget,
    ) -> Result<Answer, Failure> {
        let taken = Arc::new(AtomicBool::new(false));
        let attempt = self.request(request, budget.time_left(), &taken);
        tracing::debug!(
            method = request.method().as_str(),
            host = request.url().origin().ascii_serialization(),
            path = path_to_log(request.url()),
            "sending"
        );
        let mut response = match http.execute(attempt).await {
            Ok(response) => response,
            Err(error)
                if error.is_connect()
                    || error.is_builder()
                    || (request.body().is_some() && !taken.load(Ordering::Acquire)) =>
            {
                let proxy = self.connections.explain(request.url(), &error);
                return Err(Failure::NotSent(error.without_url(), proxy));
            }
            Err(error) => return Err(Failure::Lost(error.without_url(), None)),
        };
        let status = response.status().as_u16();
        tracing::debug!(status, "answered");
        let headers = std::mem::take(response.headers_mut());
        let proxy = self.connections.explain_status(request.url(), status);
        let answer = |body| {
            let answer = Answer::new(status, headers, body, self.redactor.clone());
            answer.with_note(proxy.map(|proxy| proxy.to_string()))
        };
        let mut bytes = Vec::new();
        while bytes.len() <= LONGEST_ANSWER {
            match response.chunk().await {
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => return Ok(answer(Body::parse(&bytes))),
                // The status has said what matters.
                Err(_) if status >= 400 => return Ok(answer(Body::Unreadable)),
                Err(error) => {
                    let begun = Box::new(answer(Body::Unreadable));
                    return Err(Failure::Lost(error.without_url(), Some(begun)));
                }
            }
        }
        Ok(answer(Body::Unreadable))
    }

    /// Makes the request of one attempt. A signature is valid for minutes, so each has its own.
    fn request(&self, request: &Request, time: Duration, taken: &Arc<AtomicBool>) -> Request {
        let mut attempt = Request::new(request.method().clone(), request.url().clone());
        attempt.headers_mut().clone_from(request.headers());
        *attempt.timeout_mut() = Some(time);
        let bytes = request.body().and_then(reqwest::Body::as_bytes);
        match self.authentication {
            Authentication::None => {}
            Authentication::Token(token) => insert(&mut attempt, TOKEN, token.expose()),
            Authentication::AccessKey(key) => {
                let bytes = bytes.unwrap_or_default();
                key.sign(&mut attempt, bytes, self.project, SystemTime::now());
            }
        }
        if let Some(bytes) = bytes {
            *attempt.body_mut() = Some(reqwest::Body::wrap(ObservedBody {
                bytes: Bytes::copy_from_slice(bytes),
                taken: taken.clone(),
                in_flight: self.in_flight.clone(),
            }));
        }
        attempt
    }
}

/// A reason to make another attempt.
struct Again {
    retry_after: Option<Duration>,
    /// Whether this attempt may have been carried out.
    in_doubt: bool,
}

/// Adds a header that no log shows.
pub(crate) fn insert(request: &mut Request, name: &'static str, value: &str) {
    // Credentials are checked to be visible ASCII. A project id that is not is not sent.
    let value: Result<HeaderValue, InvalidHeaderValue> = HeaderValue::from_str(value);
    if let Ok(mut value) = value {
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
    }
}

/// The path from the instance on. What stands before it is the project, and a value that was set by
/// mistake there could be a secret.
fn path_to_log(url: &Url) -> String {
    let path = url.path();
    match path.split_once("/instances/") {
        Some((_, instance)) => format!("…/instances/{instance}"),
        None => path.to_owned(),
    }
}
