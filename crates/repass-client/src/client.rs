//! The client: five methods, one for each endpoint.

use std::sync::Arc;
use std::time::Duration;

use progenitor_client::{Error as GeneratedError, ResponseValue};
use repass_policy::{
    Context, DcsOldPassword, DcsPassword, DdmAccountPassword, DdmAdminPassword, DmsPassword,
    Violations,
};
use tracing::Instrument;

use crate::answer::Answer;
use crate::connections::Connections;
use crate::contract::{OperationRules, RetryClass};
use crate::credentials::Authentication;
use crate::endpoints::check_scheme;
use crate::error::{Cause, Certainty, Details, Error};
use crate::exchange::{Budget, Exchanged, Failure, InFlight};
use crate::outcome::{Verdict, decide};
use crate::session::{LoginError, Network, Session, clock_offset};
use crate::transport::build;
use crate::{
    AdminName, Credentials, Endpoints, ErrorBody, ErrorKind, InstanceId, Operation, Project,
    ProjectId, RetryConfig, Target, Transport, Username, dcs, ddm, dms,
};

/// A client for the five password endpoints of one project. Clones share their connections and
/// their login.
///
/// Each call is a [`tracing`] span with the operation, the instance, the status, the request id and
/// the elapsed time, and without any header or body.
#[derive(Debug, Clone)]
pub struct Client {
    endpoints: Endpoints,
    session: Arc<Session>,
    network: Network,
    in_flight: InFlight,
}

/// The result of a call that succeeded: the service confirmed it. `Display` gives it in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// The operation, the instance, the account and the host.
    pub target: Target,
    /// Whether the operation is done or in progress.
    pub completion: Completion,
    /// The HTTP status.
    pub status: u16,
    /// The id by which the vendor's support finds the request, if the service returned one.
    pub request_id: Option<String>,
    /// The job that sets the password, if the service named one.
    pub job_id: Option<String>,
    /// The number of requests that were sent to the service.
    pub attempts: usize,
}

/// The new state of a DCS instance after a reset. Password-free is always stated, never the result
/// of something missing.
#[derive(Debug, Clone)]
pub enum ResetPassword {
    /// This password.
    To(DcsPassword),
    /// No password: anyone who reaches the instance gets in.
    PasswordFree,
}

/// The progress of a successful call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Completion {
    /// The password is the new one.
    Done,
    /// The service accepted the password and sets it in a job.
    Accepted,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let accepted = match self.completion {
            Completion::Done => "",
            Completion::Accepted => " accepted",
        };
        let action = self.target.operation.action();
        write!(f, "{}: {action}{accepted}", self.target)?;
        write!(f, " (status {}", self.status)?;
        if let Some(id) = &self.request_id {
            write!(f, ", request id {id}")?;
        }
        if let Some(id) = &self.job_id {
            write!(f, ", job {id}")?;
        }
        f.write_str(")")
    }
}

impl Client {
    /// Creates a client for the instances of one project. Nothing is sent yet: if the credentials
    /// need a login, or the project's id a look-up, the first call makes it, once for all clones.
    ///
    /// # Errors
    /// The HTTP library cannot be used here. The system's certificates are read by the first call
    /// that needs them. Without any, that call sends nothing.
    pub fn new(
        endpoints: Endpoints,
        project: impl Into<Project>,
        credentials: Credentials,
    ) -> Result<Self, reqwest::Error> {
        let retries = RetryConfig::default();
        let authorities = endpoints.authorities.clone();
        let connections = Connections::new(retries.connect_timeout(), authorities);
        let network = Network {
            builder: connections.builder()?,
            connections: Arc::new(connections),
            retries,
            allow_http: endpoints.allow_http,
        };
        Ok(Self {
            session: Arc::new(Session::new(&endpoints, project.into(), credentials)),
            endpoints,
            network,
            in_flight: InFlight::default(),
        })
    }

    /// Returns the same client with another retry configuration.
    #[must_use]
    pub fn with_retries(mut self, retries: RetryConfig) -> Self {
        let timeout = retries.connect_timeout();
        if timeout != self.network.retries.connect_timeout() {
            let authorities = self.endpoints.authorities.clone();
            self.network.connections = Arc::new(Connections::new(timeout, authorities));
        }
        self.network.retries = retries;
        self
    }

    /// Returns a clone for one call, and a handle that tells whether that call may have changed the
    /// password. Use it if the call's future may be dropped.
    #[must_use]
    pub fn observed(&self) -> (Self, InFlight) {
        let in_flight = InFlight::default();
        let client = Self {
            in_flight: in_flight.clone(),
            ..self.clone()
        };
        (client, in_flight)
    }

    /// Returns the handle that the generated clients of [`ddm`], [`dcs`] and [`dms`] are built with.
    pub fn transport(&self) -> Transport {
        Transport::new(self.session.clone(), self.network.clone())
    }

    /// Logs in if the credentials need it, and looks up the project's id. Each call does so itself;
    /// this finds out before the first one whether credentials and project are accepted. An access
    /// key that signs requests is first checked by a call.
    ///
    /// # Errors
    /// IAM cannot be reached, or does not accept the credentials or the project.
    pub async fn log_in(&self) -> Result<(), Arc<LoginError>> {
        let budget = Budget::new(self.network.retries);
        self.session.login(&self.network, &budget, None).await?;
        Ok(())
    }

    /// Resets the password of an account of a DDM instance.
    ///
    /// # Errors
    /// See [`Error`]. A password that is the user name or its reverse is not sent.
    pub async fn ddm_reset_password(
        &self,
        instance: &InstanceId,
        username: &Username,
        password: &DdmAccountPassword,
    ) -> Result<Outcome, Error> {
        let call = self.call(
            Operation::DdmResetPassword,
            instance,
            Some(username.as_str()),
        );
        let checked = password.check_context(&Context {
            username: Some(username.as_str()),
            ..Context::default()
        });
        let body = ddm::types::ResetUserPasswordRequest {
            password: password.clone(),
        };
        let request = async |endpoint: &str, project: &ProjectId, http, transport| {
            let ddm = ddm::Client::new_with_client(endpoint, http, transport);
            ddm.reset_user_password(project, instance, username, &body)
                .await
        };
        call.run(checked, request).await
    }

    /// Creates the administrator of a DDM instance, or sets its password if there is one.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ddm_set_admin(
        &self,
        instance: &InstanceId,
        name: &AdminName,
        password: &DdmAdminPassword,
    ) -> Result<Outcome, Error> {
        let call = self.call(Operation::DdmSetAdmin, instance, Some(name.as_str()));
        let body = ddm::types::ResetAdministratorRequest {
            name: name.clone(),
            password: password.clone(),
        };
        let request = async |endpoint: &str, project: &ProjectId, http, transport| {
            let ddm = ddm::Client::new_with_client(endpoint, http, transport);
            ddm.reset_administrator(project, instance, &body).await
        };
        call.run(Ok(()), request).await
    }

    /// Changes the password of a Redis instance from the old one to a new one. Five wrong old
    /// passwords lock the account for minutes.
    ///
    /// # Errors
    /// See [`Error`]. A new password that is the old one is not sent.
    pub async fn dcs_change_password(
        &self,
        instance: &InstanceId,
        old: &DcsOldPassword,
        new: &DcsPassword,
    ) -> Result<Outcome, Error> {
        let call = self.call(Operation::DcsChangePassword, instance, None);
        let checked = new.check_context(&Context {
            old_password: Some(old.expose()),
            ..Context::default()
        });
        let body = dcs::types::UpdatePasswordRequest {
            old_password: old.clone(),
            new_password: new.clone(),
        };
        let request = async |endpoint: &str, project: &ProjectId, http, transport| {
            let dcs = dcs::Client::new_with_client(endpoint, http, transport);
            dcs.update_password(project, instance, &body).await
        };
        call.run(checked, request).await
    }

    /// Resets the password of a Redis instance, or makes it password-free.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn dcs_reset_password(
        &self,
        instance: &InstanceId,
        reset: &ResetPassword,
    ) -> Result<Outcome, Error> {
        let call = self.call(Operation::DcsResetPassword, instance, None);
        let new_password = match reset {
            ResetPassword::To(password) => Some(password.clone()),
            ResetPassword::PasswordFree => None,
        };
        let body = dcs::types::ResetPasswordRequest {
            no_password_access: new_password.is_none(),
            new_password,
        };
        let request = async |endpoint: &str, project: &ProjectId, http, transport| {
            let dcs = dcs::Client::new_with_client(endpoint, http, transport);
            dcs.reset_password(project, instance, &body).await
        };
        call.run(Ok(()), request).await
    }

    /// Resets the password of a Kafka instance that has SSL enabled.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn dms_reset_password(
        &self,
        instance: &InstanceId,
        password: &DmsPassword,
    ) -> Result<Outcome, Error> {
        let call = self.call(Operation::DmsResetPassword, instance, None);
        let body = dms::types::ResetPasswordRequest {
            new_password: password.clone(),
        };
        let request = async |endpoint: &str, project: &ProjectId, http, transport| {
            let dms = dms::Client::new_with_client(endpoint, http, transport);
            dms.reset_password(project, instance, &body).await
        };
        call.run(Ok(()), request).await
    }

    fn call(&self, operation: Operation, instance: &InstanceId, account: Option<&str>) -> Call<'_> {
        let host = self.endpoints.host(operation.service());
        Call {
            client: self,
            rules: OperationRules::of(operation),
            target: Target {
                operation,
                instance: instance.clone(),
                account: account.map(str::to_owned),
                host: host.map(str::to_owned),
            },
            budget: Budget::new(self.network.retries),
        }
    }
}

/// One call.
struct Call<'a> {
    client: &'a Client,
    rules: Option<&'static OperationRules>,
    target: Target,
    budget: Budget,
}

impl Call<'_> {
    /// Checks, builds the request, sends it and decides what its answer proves. Logs the result,
    /// without any word of a body.
    async fn run<T>(
        mut self,
        checked: Result<(), Violations>,
        request: impl AsyncFnOnce(
            &str,
            &ProjectId,
            reqwest::Client,
            Transport,
        ) -> Result<ResponseValue<T>, GeneratedError<ErrorBody>>,
    ) -> Result<Outcome, Error> {
        let span = tracing::info_span!(
            "call",
            operation = %self.target.operation,
            instance = %self.target.instance,
            status = tracing::field::Empty,
            request_id = tracing::field::Empty,
            elapsed_ms = tracing::field::Empty,
        );
        let outcome = self.outcome(checked, request).instrument(span.clone());
        let result = outcome.await;
        let (status, request_id) = match &result {
            Ok(outcome) => (Some(outcome.status), outcome.request_id.as_deref()),
            Err(error) => (error.status(), error.request_id()),
        };
        if let Some(status) = status {
            span.record("status", status);
        }
        if let Some(id) = request_id {
            span.record("request_id", id);
        }
        span.record("elapsed_ms", self.budget.elapsed().as_millis() as u64);
        span.in_scope(|| match &result {
            Ok(_) => tracing::info!("done"),
            Err(error) => {
                let (certainty, kind) = (error.certainty(), error.kind());
                tracing::info!(?certainty, ?kind, code = error.code(), "failed");
            }
        });
        result
    }

    async fn outcome<T>(
        &mut self,
        checked: Result<(), Violations>,
        request: impl AsyncFnOnce(
            &str,
            &ProjectId,
            reqwest::Client,
            Transport,
        ) -> Result<ResponseValue<T>, GeneratedError<ErrorBody>>,
    ) -> Result<Outcome, Error> {
        let client = self.client;
        let (session, network) = (&client.session, &client.network);
        checked.map_err(|cause| self.not_sent(ErrorKind::Policy, Cause::Policy(cause)))?;
        let endpoint = client.endpoints.url(self.target.operation.service());
        let endpoint = endpoint
            .map_err(|cause| self.not_sent(ErrorKind::NoEndpoint, Cause::NoEndpoint(cause)))?;
        let login = session.login(network, &self.budget, None).await;
        let login = login.map_err(|cause| self.not_sent(ErrorKind::Login, Cause::Login(cause)))?;
        let Some(project) = &login.project else {
            return Err(self.failed(Certainty::NotSent, ErrorKind::Other).into());
        };
        let http = network.builder.clone();
        let request = build(async |transport| request(endpoint, project, http, transport).await);
        let Some(request) = request.await else {
            return Err(self.failed(Certainty::NotSent, ErrorKind::Other).into());
        };
        check_scheme(request.url(), network.allow_http)
            .map_err(|cause| self.not_sent(ErrorKind::NoEndpoint, Cause::Endpoint(cause)))?;
        if !self.budget.allows_attempt_after(Duration::ZERO) {
            return Err(self.failed(Certainty::NotSent, ErrorKind::Timeout).into());
        }
        let body = request.body().and_then(reqwest::Body::as_bytes);
        let retry = self.rules.map_or(RetryClass::Never, |rules| {
            rules.retry_class(body.unwrap_or_default())
        });
        let (budget, in_flight) = (&mut self.budget, &client.in_flight);
        let exchanged = session.send(&request, retry, &login, network, budget, in_flight);
        let exchanged = exchanged
            .await
            .map_err(|cause| self.not_sent(ErrorKind::Connect, Cause::Connection(cause)))?;
        self.decide(exchanged, &login.authentication)
    }

    /// Decides what the last answer proves, and what remains of earlier attempts.
    fn decide(
        &self,
        exchanged: Exchanged,
        authentication: &Authentication,
    ) -> Result<Outcome, Error> {
        let mut details = match exchanged.last {
            Ok(answer) => match self.decide_answer(&answer, authentication) {
                Ok(outcome) => return Ok(outcome),
                Err(details) => *details,
            },
            Err(Failure::NotSent(error, proxy)) => {
                let kind = if error.is_builder() {
                    ErrorKind::Other
                } else if error.is_timeout() && !error.is_connect() {
                    ErrorKind::Timeout
                } else {
                    ErrorKind::Connect
                };
                let mut details = self.failed(Certainty::NotSent, kind);
                details.cause = Some(match proxy {
                    Some(proxy) => Cause::Connection(proxy),
                    None => Cause::Http(error),
                });
                details
            }
            Err(Failure::Lost(error, begun)) => {
                let kind = if error.is_timeout() {
                    ErrorKind::Timeout
                } else {
                    ErrorKind::ConnectionLost
                };
                let mut details = self.failed(Certainty::Unknown, kind);
                details.status = begun.as_ref().map(|answer| answer.status);
                details.request_id = begun.and_then(|answer| answer.request_id());
                details.cause = Some(Cause::Http(error));
                details
            }
        };
        // A request that was refused or not sent may have been carried out by an earlier attempt.
        if let Some(doubt) = exchanged.doubt
            && details.certainty.nothing_changed()
        {
            details.certainty = Certainty::Unknown;
            details.kind = ErrorKind::EarlierAttempt;
            details.request_id = doubt.request_id.or(details.request_id);
        }
        Err(details.into())
    }

    fn decide_answer(
        &self,
        answer: &Answer,
        authentication: &Authentication,
    ) -> Result<Outcome, Box<Details>> {
        let decision = decide(self.rules, answer);
        let (certainty, kind) = match decision.verdict {
            Verdict::Done | Verdict::Accepted => {
                return Ok(Outcome {
                    target: self.target.clone(),
                    completion: match decision.verdict {
                        Verdict::Accepted => Completion::Accepted,
                        _ => Completion::Done,
                    },
                    status: answer.status,
                    request_id: answer.request_id(),
                    job_id: decision.job_id,
                    attempts: self.budget.attempts,
                });
            }
            Verdict::Refused(kind) => (Certainty::Refused, kind),
            Verdict::Unknown(kind) => (Certainty::Unknown, kind),
        };
        Err(Box::new(Details {
            status: Some(answer.status),
            code: decision.code.or_else(|| answer.shown_code()),
            message: answer.shown_message(),
            request_id: answer.request_id(),
            tries_left: decision.tries_left,
            minutes_left: decision.minutes_left,
            retry_after: answer
                .shown_retry_after()
                .filter(|_| kind == ErrorKind::Throttled),
            clock_offset: clock_offset(answer, authentication),
            unreadable: answer.is_unreadable(),
            ..self.failed(certainty, kind)
        }))
    }

    fn failed(&self, certainty: Certainty, kind: ErrorKind) -> Details {
        Details {
            attempts: self.budget.attempts,
            ..Details::new(self.target.clone(), certainty, kind)
        }
    }

    fn not_sent(&self, kind: ErrorKind, cause: Cause) -> Error {
        let mut details = self.failed(Certainty::NotSent, kind);
        details.cause = Some(cause);
        details.into()
    }
}
