//! The hand-written client: five methods, each with its proof of success.

use progenitor_client::{Error as GeneratedError, ResponseValue};
use repass_policy::{
    Context, DcsOldPassword, DcsPassword, DdmAccountPassword, DdmAdminPassword, DmsPassword,
    Violations,
};
use serde::de::DeserializeOwned;

use crate::error::{Error, NotSent, Refusal, RefusalKind, Unknown, UnknownCause};
use crate::session::Session;
use crate::{
    AdminName, Credentials, Endpoints, ErrorBody, InstanceId, Operation, Project, ProjectId,
    Resending, Transport, Username, dcs, ddm, dms,
};

/// A client for the five password endpoints of one project. Clones share their connections and
/// their login.
///
/// Each call is a [`tracing`] span with the operation, the instance, the status, the request id and
/// the time it took; never a header or a body.
#[derive(Debug, Clone)]
pub struct Client {
    endpoints: Endpoints,
    transport: Transport,
}

/// What a call did: the service said that it was done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// What was done.
    pub operation: Operation,
    /// Whether it is done or has begun.
    pub completion: Completion,
    /// The HTTP status.
    pub status: u16,
    /// The id by which the vendor's support finds the request, if the service gave one.
    pub request_id: Option<String>,
    /// The job that does the work, if the service named one.
    pub job_id: Option<String>,
}

/// What a DCS reset sets. That an instance becomes password-free is always said, never the result
/// of something missing.
#[derive(Debug, Clone)]
pub enum ResetPassword {
    /// This password.
    To(DcsPassword),
    /// None: everyone who reaches the instance gets in.
    PasswordFree,
}

/// How far a successful call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completion {
    /// The password is the new one.
    Done,
    /// The service accepted the password and sets it in a job.
    Accepted,
}

impl Client {
    /// A client for the instances of one project. Nothing is sent yet: a login that the credentials
    /// need, or a look-up of the project's id, comes with the first call, once for all clones.
    ///
    /// # Errors
    /// The HTTP library cannot be used here. The system's certificates are read by the first call
    /// that needs them; one that finds none sends nothing.
    pub fn new(
        endpoints: Endpoints,
        project: impl Into<Project>,
        credentials: Credentials,
    ) -> Result<Self, reqwest::Error> {
        let session = Session::new(&endpoints, project.into(), credentials);
        let transport = Transport::new(session, endpoints.allow_http)?;
        Ok(Self {
            endpoints,
            transport,
        })
    }

    /// The same client with another budget for sending again.
    #[must_use]
    pub fn with_resending(mut self, resending: Resending) -> Self {
        self.transport.set_resending(resending);
        self
    }

    /// Whether this client or a clone of it has begun to send a service anything; a login is not
    /// meant. Whoever has dropped the future of a call, and hears that it has not, knows that
    /// nothing changed.
    pub fn has_sent(&self) -> bool {
        self.transport.has_sent()
    }

    /// What the generated clients of [`ddm`], [`dcs`] and [`dms`] are made with.
    pub fn transport(&self) -> Transport {
        self.transport.clone()
    }

    /// Resets the password of an account of a DDM instance.
    ///
    /// Success is a `success` of true.
    ///
    /// # Errors
    /// See [`Error`]. A password that is the user name or its reverse is not sent.
    #[tracing::instrument(skip_all, fields(operation = %Operation::DdmResetPassword, %instance, status, request_id, elapsed_ms))]
    pub async fn ddm_reset_password(
        &self,
        instance: &InstanceId,
        username: &Username,
        password: &DdmAccountPassword,
    ) -> Result<Outcome, Error> {
        let call = self.call(Operation::DdmResetPassword);
        call.traced(async {
            call.checked(password.check_context(&Context {
                username: Some(username.as_str()),
                ..Context::default()
            }))?;
            let ddm =
                ddm::Client::new_with_client(call.endpoint()?, call.http()?, call.transport());
            let body = ddm::types::ResetUserPasswordRequest {
                password: password.clone(),
            };
            let answer = ddm
                .reset_user_password(&call.project().await?, instance, username, &body)
                .await;
            call.outcome(answer, |body| {
                Proof::of(match body.success {
                    Some(true) => Verdict::Done,
                    Some(false) => Verdict::Refused(RefusalKind::Other),
                    None => Verdict::NotConfirmed,
                })
            })
        })
        .await
    }

    /// Creates the administrator of a DDM instance, or sets its password if there is one.
    ///
    /// Success is a 200, or a 202 for a job that has begun; the body may be missing, and speaks of
    /// no error.
    ///
    /// # Errors
    /// See [`Error`].
    #[tracing::instrument(skip_all, fields(operation = %Operation::DdmSetAdmin, %instance, status, request_id, elapsed_ms))]
    pub async fn ddm_set_admin(
        &self,
        instance: &InstanceId,
        name: &AdminName,
        password: &DdmAdminPassword,
    ) -> Result<Outcome, Error> {
        let call = self.call(Operation::DdmSetAdmin);
        call.traced(async {
            let ddm =
                ddm::Client::new_with_client(call.endpoint()?, call.http()?, call.transport());
            let body = ddm::types::ResetAdministratorRequest {
                name: name.clone(),
                password: password.clone(),
            };
            let answer = ddm
                .reset_administrator(&call.project().await?, instance, &body)
                .await;
            call.outcome(answer, |body| Proof {
                job_id: body.job_id,
                ..Proof::of(Verdict::Done)
            })
        })
        .await
    }

    /// Changes the password of a Redis instance from the old one to a new one.
    ///
    /// Success is a `result` of `success`. Five wrong old passwords lock the account for minutes.
    ///
    /// # Errors
    /// See [`Error`]. A new password that is the old one is not sent.
    #[tracing::instrument(skip_all, fields(operation = %Operation::DcsChangePassword, %instance, status, request_id, elapsed_ms))]
    pub async fn dcs_change_password(
        &self,
        instance: &InstanceId,
        old: &DcsOldPassword,
        new: &DcsPassword,
    ) -> Result<Outcome, Error> {
        let call = self.call(Operation::DcsChangePassword);
        call.traced(async {
            call.checked(new.check_context(&Context {
                old_password: Some(old.expose()),
                ..Context::default()
            }))?;
            let dcs =
                dcs::Client::new_with_client(call.endpoint()?, call.http()?, call.transport());
            let body = dcs::types::UpdatePasswordRequest {
                old_password: old.clone(),
                new_password: new.clone(),
            };
            let answer = dcs
                .update_password(&call.project().await?, instance, &body)
                .await;
            call.outcome(answer, |body| {
                // A longer number is no count, and could be a password.
                let number = |text: Option<String>| text?.parse().ok().map(u8::into);
                let verdict = match body.result.as_deref() {
                    Some("success") => Verdict::Done,
                    Some("passwordFailed") => Verdict::Refused(RefusalKind::WrongOldPassword {
                        tries_left: number(body.retry_times_left),
                    }),
                    Some("locked") => Verdict::Refused(RefusalKind::Locked {
                        minutes_left: number(body.lock_time_left),
                    }),
                    Some("failed") => Verdict::Refused(RefusalKind::Other),
                    _ => Verdict::NotConfirmed,
                };
                Proof {
                    code: body.result,
                    message: body.message,
                    ..Proof::of(verdict)
                }
            })
        })
        .await
    }

    /// Resets the password of a Redis instance, or makes it password-free.
    ///
    /// Success is a `code` of `1`.
    ///
    /// # Errors
    /// See [`Error`].
    #[tracing::instrument(skip_all, fields(operation = %Operation::DcsResetPassword, %instance, status, request_id, elapsed_ms))]
    pub async fn dcs_reset_password(
        &self,
        instance: &InstanceId,
        reset: &ResetPassword,
    ) -> Result<Outcome, Error> {
        let new_password = match reset {
            ResetPassword::To(password) => Some(password),
            ResetPassword::PasswordFree => None,
        };
        let call = self.call(Operation::DcsResetPassword);
        call.traced(async {
            let dcs =
                dcs::Client::new_with_client(call.endpoint()?, call.http()?, call.transport());
            let body = dcs::types::ResetPasswordRequest {
                new_password: new_password.cloned(),
                no_password_access: new_password.is_none(),
            };
            let answer = dcs
                .reset_password(&call.project().await?, instance, &body)
                .await;
            call.outcome(answer, |body| {
                let verdict = match body.code.as_deref() {
                    Some("1") => Verdict::Done,
                    Some("3") => Verdict::Refused(RefusalKind::Locked { minutes_left: None }),
                    _ => Verdict::NotConfirmed,
                };
                Proof {
                    code: body.code,
                    message: body.ext_message.or(body.message),
                    ..Proof::of(verdict)
                }
            })
        })
        .await
    }

    /// Resets the password of a Kafka instance that has SSL enabled.
    ///
    /// Success is a 204.
    ///
    /// # Errors
    /// See [`Error`].
    #[tracing::instrument(skip_all, fields(operation = %Operation::DmsResetPassword, %instance, status, request_id, elapsed_ms))]
    pub async fn dms_reset_password(
        &self,
        instance: &InstanceId,
        password: &DmsPassword,
    ) -> Result<Outcome, Error> {
        let call = self.call(Operation::DmsResetPassword);
        call.traced(async {
            let dms =
                dms::Client::new_with_client(call.endpoint()?, call.http()?, call.transport());
            let body = dms::types::ResetPasswordRequest {
                new_password: password.clone(),
            };
            let answer = dms
                .reset_password(&call.project().await?, instance, &body)
                .await;
            call.outcome(answer, |()| Proof::of(Verdict::Done))
        })
        .await
    }

    fn call(&self, operation: Operation) -> Call<'_> {
        Call {
            client: self,
            operation,
            transport: self.transport.for_one_call(),
        }
    }
}

/// What the body of a 2xx answer says.
struct Proof {
    verdict: Verdict,
    code: Option<String>,
    message: Option<String>,
    job_id: Option<String>,
}

enum Verdict {
    Done,
    /// A documented failure inside a success.
    Refused(RefusalKind),
    /// A value that is missing or not documented.
    NotConfirmed,
}

impl Proof {
    fn of(verdict: Verdict) -> Self {
        Self {
            verdict,
            code: None,
            message: None,
            job_id: None,
        }
    }
}

/// One call: what is asked, and what came back.
struct Call<'a> {
    client: &'a Client,
    operation: Operation,
    transport: Transport,
}

impl Call<'_> {
    fn not_sent(&self, reason: NotSent) -> Error {
        Error::NotSent {
            operation: self.operation,
            reason,
        }
    }

    fn checked(&self, verdict: Result<(), Violations>) -> Result<(), Error> {
        verdict.map_err(|violations| self.not_sent(NotSent::Policy(violations)))
    }

    fn endpoint(&self) -> Result<&str, Error> {
        let endpoint = self.client.endpoints.url(self.operation.service());
        endpoint.map_err(|error| self.not_sent(NotSent::NoEndpoint(error)))
    }

    /// The id of the project, after a login where one is needed.
    async fn project(&self) -> Result<ProjectId, Error> {
        let login = self.transport.login().await;
        let login = login.map_err(|error| self.not_sent(NotSent::Login(error)))?;
        let project = login.as_ref().and_then(|login| login.project.clone());
        self.transport.memory().login = login;
        // The session of a client always has one.
        project.ok_or_else(|| self.not_sent(NotSent::Request(None)))
    }

    fn http(&self) -> Result<reqwest::Client, Error> {
        let http = self.transport.http();
        http.map_err(|error| self.not_sent(NotSent::Request(Some(error))))
    }

    fn transport(&self) -> Transport {
        self.transport.clone()
    }

    /// Decides what an answer means. Success has to be proven by the answer's own words.
    fn outcome<T: Clone + DeserializeOwned>(
        &self,
        answer: Result<ResponseValue<T>, GeneratedError<ErrorBody>>,
        prove: impl Fn(T) -> Proof,
    ) -> Result<Outcome, Error> {
        let decided = match answer {
            Ok(answer) => self.proven(answer, prove),
            Err(error) => Err(self.error(error)),
        };
        decided.map_err(|error| self.with_earlier_attempts(error))
    }

    /// Makes the call, and logs what came of it: no word of a body, only what is known by it.
    async fn traced(
        &self,
        steps: impl Future<Output = Result<Outcome, Error>>,
    ) -> Result<Outcome, Error> {
        let result = steps.await;
        let span = tracing::Span::current();
        span.record("elapsed_ms", self.transport.elapsed().as_millis() as u64);
        if let Some(seen) = &self.transport.memory().seen {
            span.record("status", seen.status);
        }
        let request_id = match &result {
            Ok(outcome) => outcome.request_id.as_deref(),
            Err(error) => error.request_id(),
        };
        if let Some(id) = request_id {
            span.record("request_id", id);
        }
        match &result {
            Ok(_) => tracing::info!("done"),
            Err(error) => {
                let (certainty, kind) = (error.certainty(), error.kind());
                tracing::info!(?certainty, %kind, code = error.code(), "no success");
            }
        }
        result
    }

    /// A call that was refused or not sent may have been carried out before, when its answer was
    /// lost.
    fn with_earlier_attempts(&self, error: Error) -> Error {
        let memory = self.transport.memory();
        if !memory.in_doubt || !error.certainty().nothing_changed() {
            return error;
        }
        let doubtful_id = memory.doubtful_id.clone();
        drop(memory);
        let request_id = doubtful_id.or_else(|| error.request_id().map(str::to_owned));
        let (code, message) = match error {
            Error::Refused(refusal) => (refusal.code, refusal.message),
            _ => (None, None),
        };
        Error::Unknown(Box::new(Unknown {
            code,
            message,
            request_id,
            ..self.unknown(UnknownCause::EarlierAttempt)
        }))
    }

    fn proven<T: Clone + DeserializeOwned>(
        &self,
        answer: ResponseValue<T>,
        prove: impl Fn(T) -> Proof,
    ) -> Result<Outcome, Error> {
        let status = answer.status().as_u16();
        let answer = answer.into_inner();
        let Some(as_it_came) = self.transport.as_it_came(answer.clone()) else {
            return Err(Error::Unknown(Box::new(
                self.unknown(UnknownCause::Unreadable),
            )));
        };
        let seen = self.transport.seen();
        let (error, request_id) = (seen.error, seen.request_id);
        let proof = prove(answer);
        let code = proof.code.or_else(|| error.code().map(str::to_owned));
        let message = proof.message.or_else(|| error.message().map(str::to_owned));
        let verdict = match prove(as_it_came).verdict {
            // Whatever else it says.
            Verdict::Done if seen.is_denied => Verdict::NotConfirmed,
            verdict => verdict,
        };
        match verdict {
            Verdict::Done => Ok(Outcome {
                operation: self.operation,
                completion: if status == 202 {
                    Completion::Accepted
                } else {
                    Completion::Done
                },
                status,
                request_id,
                job_id: proof.job_id,
            }),
            Verdict::Refused(kind) => Err(Error::Refused(Box::new(Refusal {
                operation: self.operation,
                status,
                code,
                message,
                request_id,
                kind,
            }))),
            Verdict::NotConfirmed => Err(Error::Unknown(Box::new(Unknown {
                code,
                message,
                ..self.unknown(UnknownCause::NotConfirmed)
            }))),
        }
    }

    fn unknown(&self, cause: UnknownCause) -> Unknown {
        let seen = self.transport.memory().seen.clone();
        let status = seen.as_ref().map(|seen| seen.status);
        Unknown {
            operation: self.operation,
            status,
            code: None,
            message: None,
            request_id: seen.and_then(|seen| seen.request_id),
            cause,
        }
    }

    fn error(&self, error: GeneratedError<ErrorBody>) -> Error {
        let cause = match error {
            GeneratedError::ErrorResponse(answer) => return self.error_response(&answer),
            GeneratedError::CommunicationError(error) if error.is_builder() => {
                return self.not_sent(NotSent::Request(Some(error.without_url())));
            }
            GeneratedError::CommunicationError(error) if error.is_connect() => {
                return self.not_sent(match self.transport.explain(&error) {
                    Some(proxy) => NotSent::Connection(proxy),
                    None => NotSent::Connect(error.without_url()),
                });
            }
            GeneratedError::InvalidRequest(_) | GeneratedError::Custom(_) => {
                let reason = self.transport.memory().not_sent.take();
                return self.not_sent(reason.unwrap_or(NotSent::Request(None)));
            }
            GeneratedError::CommunicationError(error)
            | GeneratedError::ResponseBodyError(error)
            | GeneratedError::InvalidUpgrade(error) => {
                if error.is_timeout() {
                    UnknownCause::Timeout
                } else {
                    UnknownCause::Cut(error.without_url())
                }
            }
            GeneratedError::InvalidResponsePayload(..) => UnknownCause::Unreadable,
            GeneratedError::UnexpectedResponse(_) => UnknownCause::UnexpectedStatus,
        };
        Error::Unknown(Box::new(self.unknown(cause)))
    }

    fn error_response(&self, answer: &ResponseValue<ErrorBody>) -> Error {
        let code = answer.code().map(str::to_owned);
        let message = answer.message().map(str::to_owned);
        let unknown = self.unknown(UnknownCause::ServerError);
        let status = answer.status();
        if status.is_client_error() {
            let retry_after = self.transport.seen().retry_after;
            let as_it_came = self.transport.as_it_came(ErrorBody::clone(answer));
            let by_code = as_it_came.as_ref().and_then(ErrorBody::code);
            Error::Refused(Box::new(Refusal {
                operation: self.operation,
                status: status.as_u16(),
                kind: RefusalKind::of(status.as_u16(), by_code, retry_after),
                code,
                message,
                request_id: unknown.request_id,
            }))
        } else {
            Error::Unknown(Box::new(Unknown {
                code,
                message,
                ..unknown
            }))
        }
    }
}
