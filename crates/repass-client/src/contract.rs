//! The contract's rules as data: which answer proves what, when a request may be sent again, and
//! what an error code means. Generated from `openapi/` into `generated/rules.rs`; the client and
//! the emulator both follow it.

use serde_json::Value;

use crate::generated::rules::{ERROR_CODES, OPERATIONS};
use crate::{ErrorKind, Operation, Service};

/// When a request may be sent again (`x-retry`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryClass {
    /// Only if no connection was made, or after a 429.
    Never,
    /// Also after a 503.
    Unavailable,
    /// Also if the answer was lost: sending the same request twice has the effect of sending it once.
    LostAnswer,
}

/// A stricter retry class for requests whose body has a property with this value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetryUnless {
    pub(crate) property: &'static str,
    /// The value as JSON text, such as `true`.
    pub(crate) value: &'static str,
    pub(crate) class: RetryClass,
}

/// What one operation of the contract says about its requests and answers.
#[derive(Debug)]
pub(crate) struct OperationRules {
    /// The name of the file and of the generated module, such as `dcs`.
    pub(crate) module: &'static str,
    /// The `operationId` as in the file, such as `updatePassword`.
    pub(crate) operation_id: &'static str,
    /// The name of the generated method, such as `update_password`.
    pub(crate) method: &'static str,
    pub(crate) retry: RetryClass,
    pub(crate) retry_unless: Option<RetryUnless>,
    /// Whether the operation has a security requirement.
    pub(crate) authenticated: bool,
    /// The 4xx statuses that the operation lists one by one.
    pub(crate) refusals: &'static [u16],
    pub(crate) successes: &'static [SuccessRule],
}

/// What a success status proves (`x-outcome`).
#[derive(Debug)]
pub(crate) struct SuccessRule {
    pub(crate) status: u16,
    pub(crate) outcome: OutcomeRule,
}

#[derive(Debug)]
pub(crate) enum OutcomeRule {
    /// The status proves it.
    Status(Proven),
    /// The value of a property proves it. A value that is missing or not listed proves nothing.
    Property {
        property: &'static str,
        /// Whether the property is a boolean; else it is a string.
        boolean: bool,
        values: &'static [(&'static str, Proven)],
    },
}

#[derive(Debug)]
pub(crate) struct Proven {
    pub(crate) certainty: ProvenCertainty,
    /// The kind of a refusal.
    pub(crate) kind: ErrorKind,
    /// The property with the number of tries left.
    pub(crate) tries_left: Option<&'static str>,
    /// The property with the number of minutes a lock lasts.
    pub(crate) minutes_left: Option<&'static str>,
    /// The property with the id of a job.
    pub(crate) job_id: Option<&'static str>,
    /// If the answer has a body, it needs one of these properties, a string that is not empty.
    pub(crate) proof: &'static [&'static str],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProvenCertainty {
    Done,
    Accepted,
    Refused,
}

/// A documented error code (`x-error-codes`).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ErrorCode {
    /// The service whose file documents it. The gateway's codes are documented for every service.
    pub service: Service,
    /// The code, such as `DCS.4019`.
    pub code: &'static str,
    /// The HTTP status that it comes with.
    pub status: u16,
    /// What it means.
    pub kind: ErrorKind,
    /// The vendor's message.
    pub message: &'static str,
}

impl OperationRules {
    /// Finds the rules of an operation.
    pub(crate) fn of(operation: Operation) -> Option<&'static Self> {
        let (module, id) = (operation.service().module(), operation.id());
        OPERATIONS
            .iter()
            .find(|rules| rules.module == module && rules.operation_id == id)
    }

    /// Finds the rules of a generated method, such as `update_password` of `dcs`.
    pub(crate) fn of_method(module: &str, method: &str) -> Option<&'static Self> {
        OPERATIONS
            .iter()
            .find(|rules| rules.module == module && rules.method == method)
    }

    /// Returns when this request may be sent again.
    pub(crate) fn retry_class(&self, body: &[u8]) -> RetryClass {
        let Some(unless) = &self.retry_unless else {
            return self.retry;
        };
        let body = serde_json::from_slice(body).unwrap_or(Value::Null);
        let value = body.get(unless.property).map(Value::to_string);
        if value.as_deref() == Some(unless.value) {
            unless.class
        } else {
            self.retry
        }
    }

    /// Returns the kind of a refusal: by its code in the same file, or else by its status.
    pub(crate) fn kind_of_refusal(&self, status: u16, code: Option<&str>) -> ErrorKind {
        // Older documents of the gateway write `APIG.`.
        let code = code.map(|code| code.replace("APIG.", "APIGW."));
        let documented = |code: &ErrorCode| code.service.module() == self.module;
        let mut codes = ERROR_CODES.iter().filter(|code| documented(code));
        let known = code.and_then(|code| codes.find(|known| known.code == code));
        match (known, status) {
            (Some(known), _) => known.kind,
            (None, 401) => ErrorKind::Unauthenticated,
            (None, 403) => ErrorKind::Forbidden,
            (None, 404) => ErrorKind::NotFound,
            (None, 409) => ErrorKind::Busy,
            (None, 429) => ErrorKind::Throttled,
            _ => ErrorKind::Other,
        }
    }
}
