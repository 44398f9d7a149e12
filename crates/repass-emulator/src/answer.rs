//! Answers: a status and a JSON body, and refusals in the dialect of whoever refuses.

use std::borrow::Cow;
use std::cell::RefCell;
use std::time::SystemTime;

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use jiff::Timestamp;
use repass_client::{ERROR_CODES, ErrorBody, ErrorCode};
use serde::Serialize;

use crate::fleet::{DdmErrors, Settings};

/// Finds a code that the contract documents. Without one, the constant that asks does not compile.
#[allow(
    clippy::panic,
    reason = "only constants ask, so it panics at compile time"
)]
const fn known(code: &str) -> &'static ErrorCode {
    match error_code(code) {
        Some(known) => known,
        None => panic!("the contract has no such code"),
    }
}

/// Finds a documented code.
const fn error_code(code: &str) -> Option<&'static ErrorCode> {
    let mut codes = ERROR_CODES;
    while let [first, rest @ ..] = codes {
        if is_same(first.code.as_bytes(), code.as_bytes()) {
            return Some(first);
        }
        codes = rest;
    }
    None
}

/// Compares in a constant, where `==` cannot.
const fn is_same(mut left: &[u8], mut right: &[u8]) -> bool {
    while let ([a, left_rest @ ..], [b, right_rest @ ..]) = (left, right) {
        if *a != *b {
            return false;
        }
        (left, right) = (left_rest, right_rest);
    }
    left.is_empty() && right.is_empty()
}

/// The status with this number, which is one of HTTP's.
pub(crate) fn status(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Returns a time in the form of a `Date` header.
pub(crate) fn date(time: SystemTime) -> HeaderValue {
    thread_local! {
        /// The last second that was asked for, and its header: many answers share one.
        static LAST: RefCell<(i64, HeaderValue)> =
            const { RefCell::new((i64::MIN, HeaderValue::from_static(""))) };
    }
    let time = Timestamp::try_from(time).unwrap_or(Timestamp::MAX);
    LAST.with_borrow_mut(|(second, header)| {
        if *second != time.as_second() {
            let text = time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            // The text is visible ASCII.
            *header = HeaderValue::try_from(text).unwrap_or_else(|_| header.clone());
            *second = time.as_second();
        }
        header.clone()
    })
}

/// What goes back: a status, and a JSON body or none.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    body: Option<String>,
    succeeded: Option<Succeeded>,
}

/// Marks the answer to a request that did what it asks for: 200 is also the status of some refusals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Succeeded {
    /// Whether its change is yet to be applied, so that this answer is lost.
    pub(crate) is_late: bool,
}

impl Answer {
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            body: None,
            succeeded: None,
        }
    }

    pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        // None of the bodies can fail to be written: they are structs of texts and flags.
        let body = serde_json::to_string(body).unwrap_or_default();
        Self {
            status,
            body: Some(body),
            succeeded: None,
        }
    }

    /// The answer to a request that did what it asks for.
    pub(crate) fn succeeded(self, is_late: bool) -> Self {
        Self {
            succeeded: Some(Succeeded { is_late }),
            ..self
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response<Body> {
        let json = HeaderValue::from_static("application/json");
        let mut response = match self.body {
            Some(body) => ([(header::CONTENT_TYPE, json)], body).into_response(),
            None => Response::default(),
        };
        *response.status_mut() = self.status;
        if let Some(succeeded) = self.succeeded {
            response.extensions_mut().insert(succeeded);
        }
        response
    }
}

/// A refusal. The service that refuses decides its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: Cow<'static, str>,
}

impl Refusal {
    /// The refusal with this code, as the contract documents it. For constants only.
    pub(crate) const fn documented(code: &str) -> Self {
        Self::of(known(code))
    }

    /// The same with another status that the code comes with, and its message.
    pub(crate) const fn variant(code: &str, status: u16, message: &'static str) -> Self {
        Self {
            status,
            code: Cow::Borrowed(known(code).code),
            message: Cow::Borrowed(message),
        }
    }

    const fn of(known: &'static ErrorCode) -> Self {
        Self {
            status: known.status,
            code: Cow::Borrowed(known.code),
            message: Cow::Borrowed(known.message),
        }
    }

    /// The refusal with this code, if the contract documents it.
    pub(crate) fn find(code: &str) -> Option<Self> {
        error_code(code).map(Self::of)
    }

    /// As DCS and DMS tell it.
    pub(crate) fn error_code(self, _: &Settings) -> Answer {
        let mut body = ErrorBody::default();
        body.error_code = Some(self.code.into_owned());
        body.error_msg = Some(self.message.into_owned());
        Answer::json(status(self.status), &body)
    }

    /// As DDM tells it.
    pub(crate) fn err_code(self, settings: &Settings) -> Answer {
        if settings.ddm_errors == DdmErrors::ErrorCode {
            return self.error_code(settings);
        }
        let mut body = ErrorBody::default();
        body.err_code = Some(self.code.into_owned());
        body.external_message = Some(self.message.into_owned());
        Answer::json(status(self.status), &body)
    }

    /// As the gateway tells it.
    pub(crate) fn gateway(self, request_id: &str) -> Answer {
        let mut body = ErrorBody::default();
        body.error_code = Some(self.code.into_owned());
        body.error_msg = Some(self.message.into_owned());
        body.request_id = Some(request_id.to_owned());
        Answer::json(status(self.status), &body)
    }
}
