//! The hand-written client: five methods, each with its proof of success.

use progenitor_client::{Error as GeneratedError, ResponseValue};
use repass_policy::DmsPassword;

use crate::error::{Error, NotSent, Refusal, RefusalKind, Unknown, UnknownCause};
use crate::redact::redact;
use crate::{Credentials, Endpoints, ErrorBody, InstanceId, Operation, ProjectId, Transport, dms};

/// A client for the five password endpoints of one project.
#[derive(Debug, Clone)]
pub struct Client {
    endpoints: Endpoints,
    project: ProjectId,
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

/// How far a successful call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completion {
    /// The password is the new one.
    Done,
    /// The service accepted the password and sets it in a job.
    Accepted,
}

impl Client {
    /// A client for the instances of one project.
    ///
    /// # Errors
    /// The TLS library or the system's certificates cannot be loaded.
    pub fn new(
        endpoints: Endpoints,
        project: ProjectId,
        credentials: Credentials,
    ) -> Result<Self, reqwest::Error> {
        Ok(Self {
            endpoints,
            project,
            transport: Transport::new(credentials)?,
        })
    }

    /// Resets the password of a Kafka instance that has SSL enabled.
    ///
    /// Success is a 204.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn dms_reset_password(
        &self,
        instance: &InstanceId,
        password: &DmsPassword,
    ) -> Result<Outcome, Error> {
        let call = self.call(Operation::DmsResetPassword, vec![password.expose()]);
        let dms = dms::Client::new_with_client(call.endpoint()?, call.http(), call.transport());
        let body = dms::types::ResetPasswordRequest {
            new_password: password.clone(),
        };
        let answer = dms.reset_password(&self.project, instance, &body).await;
        call.outcome(answer, |()| Proof::done())
    }

    fn call<'a>(&'a self, operation: Operation, mut secrets: Vec<&'a str>) -> Call<'a> {
        secrets.extend(self.transport.credentials().secrets());
        Call {
            client: self,
            operation,
            transport: self.transport.for_one_call(),
            secrets,
        }
    }
}

/// What the body of a 2xx answer says.
struct Proof {
    verdict: Verdict,
    message: Option<String>,
    job_id: Option<String>,
}

enum Verdict {
    Done,
    Refused(RefusalKind),
    NotConfirmed,
}

impl Proof {
    fn done() -> Self {
        Self {
            verdict: Verdict::Done,
            message: None,
            job_id: None,
        }
    }
}

/// One call: what is asked, what must not be shown, and what came back.
struct Call<'a> {
    client: &'a Client,
    operation: Operation,
    transport: Transport,
    secrets: Vec<&'a str>,
}

impl Call<'_> {
    fn not_sent(&self, reason: NotSent) -> Error {
        Error::NotSent {
            operation: self.operation,
            reason,
        }
    }

    fn endpoint(&self) -> Result<&str, Error> {
        let service = self.operation.service();
        let endpoint = self.client.endpoints.of(service);
        endpoint.ok_or_else(|| self.not_sent(NotSent::NoEndpoint(service)))
    }

    fn http(&self) -> reqwest::Client {
        self.transport.http()
    }

    fn transport(&self) -> Transport {
        self.transport.clone()
    }

    fn clean(&self, text: Option<String>) -> Option<String> {
        text.map(|text| redact(text, &self.secrets))
    }

    /// Decides what an answer means. Success has to be proven by the answer's own words.
    fn outcome<T>(
        &self,
        answer: Result<ResponseValue<T>, GeneratedError<ErrorBody>>,
        prove: impl FnOnce(T) -> Proof,
    ) -> Result<Outcome, Error> {
        let answer = answer.map_err(|error| self.error(error))?;
        let status = answer.status().as_u16();
        let request_id = self.clean(self.transport.seen().and_then(|seen| seen.request_id));
        let proof = prove(answer.into_inner());
        let message = self.clean(proof.message);
        match proof.verdict {
            Verdict::Done => Ok(Outcome {
                operation: self.operation,
                completion: if status == 202 {
                    Completion::Accepted
                } else {
                    Completion::Done
                },
                status,
                request_id,
                job_id: self.clean(proof.job_id),
            }),
            Verdict::Refused(kind) => Err(Error::Refused(Box::new(Refusal {
                operation: self.operation,
                status,
                code: None,
                message,
                request_id,
                kind,
            }))),
            Verdict::NotConfirmed => Err(Error::Unknown(Box::new(Unknown {
                message,
                ..self.unknown(UnknownCause::NotConfirmed)
            }))),
        }
    }

    fn unknown(&self, cause: UnknownCause) -> Unknown {
        let seen = self.transport.seen();
        let status = seen.as_ref().map(|seen| seen.status);
        Unknown {
            operation: self.operation,
            status,
            code: None,
            message: None,
            request_id: self.clean(seen.and_then(|seen| seen.request_id)),
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
                return self.not_sent(NotSent::Connect(error.without_url()));
            }
            GeneratedError::InvalidRequest(_) | GeneratedError::Custom(_) => {
                return self.not_sent(NotSent::Request(None));
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
        let code = self.clean(answer.code().map(str::to_owned));
        let message = self.clean(answer.message().map(str::to_owned));
        let in_body = self.clean(answer.request_id.clone());
        let unknown = self.unknown(UnknownCause::ServerError);
        let request_id = unknown.request_id.clone().or(in_body);
        if answer.status().is_client_error() {
            Error::Refused(Box::new(Refusal {
                operation: self.operation,
                status: answer.status().as_u16(),
                code,
                message,
                request_id,
                kind: RefusalKind::Other,
            }))
        } else {
            Error::Unknown(Box::new(Unknown {
                code,
                message,
                request_id,
                ..unknown
            }))
        }
    }
}
