//! The session of a client: its token, and the id of its project.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use repass_policy::Secret;
use reqwest::Request;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::Instrument;

use crate::answer::{Answer, NEW_TOKEN};
use crate::cloud::NoEndpoint;
use crate::connections::Connections;
use crate::contract::{OperationRules, RetryClass};
use crate::credentials::{Authentication, Kind, User};
use crate::error::ClockOffset;
use crate::exchange::{Budget, Exchange, Exchanged, Failure, InFlight};
use crate::iam::{self, types};
use crate::redact::Redactor;
use crate::transport::build;
use crate::{
    ConnectionError, Credentials, Endpoints, Project, ProjectId, ProjectName, RetryConfig, Service,
};

/// How long before its end a token is renewed, if it is valid for at least twice as long. No call
/// takes longer.
const RENEW_BEFORE: Duration = Duration::from_secs(5 * 60);

/// How long the client waits after a failed login before it tries again: wrong passwords lock a user.
/// Also how long it waits after a failed renewal while the old token is valid.
const LOGIN_COOLDOWN: Duration = Duration::from_secs(60);

/// How long a login may take at least. It goes on if the call that began it ends earlier, so that
/// many short calls do not become many logins.
const LOGIN_DEADLINE: Duration = Duration::from_secs(60);

/// The error of a login, or of looking up the project's id.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The client has no endpoint of IAM.
    #[error(transparent)]
    NoEndpoint(NoEndpoint),
    /// IAM refused or failed.
    #[error("IAM did not return a {requested}: {message} (status {status}{}){}", and_request_id(.request_id), and_clock(.clock_offset))]
    Refused {
        /// What was requested: a token or a project.
        requested: &'static str,
        /// The HTTP status.
        status: u16,
        /// The message of IAM.
        message: String,
        /// The id by which the vendor's support finds the request.
        request_id: Option<String>,
        /// How far this machine's clock is ahead of IAM's, if a signature was refused and the clocks
        /// differ by a minute or more.
        clock_offset: Option<SignedDuration>,
    },
    /// The deadline passed before the login completed.
    #[error("timed out before login completed")]
    DeadlineExceeded,
    /// No connection to IAM was made.
    #[error("could not connect to IAM")]
    Connect(#[source] reqwest::Error),
    /// The connection to IAM was lost before its answer was complete.
    #[error("IAM did not answer")]
    NoAnswer(#[source] reqwest::Error),
    /// A connection to IAM cannot be tried, or the proxy did not make it.
    #[error(transparent)]
    Connection(ConnectionError),
    /// The answer is not the documented one.
    #[error("IAM's answer has no {requested} (status {status}{})", and_request_id(.request_id))]
    Unreadable {
        /// What was requested: a token or a project.
        requested: &'static str,
        /// The HTTP status.
        status: u16,
        /// The id by which the vendor's support finds the request.
        request_id: Option<String>,
    },
    /// Not exactly one project has this name.
    #[error("IAM knows {found} projects with the name {name}; set the project id instead")]
    Project {
        /// The name.
        name: ProjectName,
        /// The number of projects with this name that the user may see.
        found: usize,
        /// The id by which the vendor's support finds the request.
        request_id: Option<String>,
    },
    /// The login was stopped with the runtime that it ran in.
    #[error("the login was stopped")]
    Stopped,
}

impl LoginError {
    /// Returns whether IAM may have checked a password, and counted a wrong one.
    fn may_count_as_wrong_password(&self) -> bool {
        match self {
            Self::Refused { status, .. } => !matches!(status, 429 | 503),
            Self::NoAnswer(_) | Self::Stopped => true,
            _ => false,
        }
    }

    /// Returns the id by which the vendor's support finds the request, if an answer had one.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Refused { request_id, .. }
            | Self::Unreadable { request_id, .. }
            | Self::Project { request_id, .. } => request_id.as_deref(),
            _ => None,
        }
    }

    /// Returns how far this machine's clock is ahead of IAM's, if IAM refused a signature and the
    /// clocks differ by a minute or more.
    pub fn clock_offset(&self) -> Option<SignedDuration> {
        match self {
            Self::Refused { clock_offset, .. } => *clock_offset,
            _ => None,
        }
    }
}

fn and_request_id(id: &Option<String>) -> String {
    let id = id.as_ref().map(|id| format!(", request id {id}"));
    id.unwrap_or_default()
}

fn and_clock(offset: &Option<SignedDuration>) -> String {
    let offset = offset.map(|offset| format!("; {}", ClockOffset(offset)));
    offset.unwrap_or_default()
}

/// What the calls of a session are made with.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) authentication: Authentication,
    /// The id of the project. Absent only while it is looked up.
    pub(crate) project: Option<ProjectId>,
    expiry: Option<TokenExpiry>,
}

/// When to renew a token, and when it expires.
#[derive(Debug, Clone, Copy)]
struct TokenExpiry {
    renew_at: Instant,
    expires_at: Instant,
}

type LoginResult = Result<Arc<Login>, Arc<LoginError>>;

/// The connections and the retries of a client.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    pub(crate) connections: Arc<Connections>,
    pub(crate) retries: RetryConfig,
    pub(crate) allow_http: bool,
    /// Builds requests, and sends none.
    pub(crate) builder: reqwest::Client,
}

/// The credentials and the project of a client. All its clones share it.
#[derive(Debug)]
pub(crate) struct Session {
    credentials: Credentials,
    /// Redacts the credentials.
    redactor: Redactor,
    project: Project,
    iam: Result<String, NoEndpoint>,
    /// The login that needs no request, if the credentials and the project need none.
    fixed: Option<Arc<Login>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<LoginAttempt>,
    /// The login that is under way.
    running: Option<watch::Receiver<Option<LoginResult>>>,
}

#[derive(Debug)]
struct LoginAttempt {
    result: LoginResult,
    ended: Instant,
}

impl Session {
    pub(crate) fn new(endpoints: &Endpoints, project: Project, credentials: Credentials) -> Self {
        let authentication = match &credentials.0 {
            Kind::Token(token) => Some(Authentication::Token(token.clone())),
            Kind::AccessKey(key) => Some(Authentication::AccessKey(key.clone())),
            Kind::User(_) => None,
        };
        let fixed = match (authentication, &project) {
            (Some(authentication), Project::Id(id)) => Some(Arc::new(Login {
                authentication,
                project: Some(id.clone()),
                expiry: None,
            })),
            _ => None,
        };
        Self {
            redactor: Redactor::new(credentials.secrets()),
            credentials,
            project,
            iam: endpoints.url(Service::Iam).map(str::to_owned),
            fixed,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while it was locked would be a bug, and no reason for another.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the current login. Logs in if there is none, if its token expires soon, or if the
    /// service refused this token.
    pub(crate) async fn login(
        self: &Arc<Self>,
        network: &Network,
        budget: &Budget,
        refused: Option<&Secret>,
    ) -> LoginResult {
        if let Some(login) = &self.fixed {
            return Ok(login.clone());
        }
        let (mut running, old) = {
            let mut state = self.state();
            let last = state.last.as_ref();
            match last.map(|last| (&last.result, last.ended.elapsed())) {
                Some((Ok(login), _)) if login.is_fresh() && !login.is_with(refused) => {
                    return Ok(login.clone());
                }
                Some((Err(error), ago))
                    if error.may_count_as_wrong_password() && ago < LOGIN_COOLDOWN =>
                {
                    return Err(error.clone());
                }
                _ => {}
            }
            let old = last.and_then(|last| last.result.as_ref().ok());
            let old = old.filter(|login| login.is_valid() && !login.is_with(refused));
            let old = old.cloned();
            let under_way = state.running.as_ref().filter(|running| {
                // A runtime that ended has dropped the sender.
                running.has_changed().is_ok()
            });
            let running = match under_way {
                Some(running) => running.clone(),
                None => self.start_login(network, old.clone()),
            };
            state.running = Some(running.clone());
            (running, old)
        };
        let wait = if old.is_some() {
            // A renewal leaves time for the call.
            budget.time_left() / 2
        } else {
            budget.time_left()
        };
        let ended = tokio::time::timeout(wait, running.wait_for(Option::is_some)).await;
        let result = match ended {
            Ok(Ok(result)) => (*result).clone(),
            Ok(Err(_)) => Some(Err(Arc::new(LoginError::Stopped))),
            Err(_) => None,
        };
        match (result, old) {
            (Some(result), _) => result,
            (None, Some(old)) => Ok(old),
            (None, None) => Err(Arc::new(LoginError::DeadlineExceeded)),
        }
    }

    /// Returns the current login, or none if the operation needs none.
    pub(crate) async fn login_if(
        self: &Arc<Self>,
        authenticated: bool,
        network: &Network,
        budget: &Budget,
    ) -> LoginResult {
        if authenticated {
            return self.login(network, budget, None).await;
        }
        Ok(Arc::new(Login::with(Authentication::None)))
    }

    /// Starts a login in a task of its own: it outlives its caller, because a login that was sent may
    /// count as a wrong password whether or not anyone waits for its answer.
    fn start_login(
        self: &Arc<Self>,
        network: &Network,
        old: Option<Arc<Login>>,
    ) -> watch::Receiver<Option<LoginResult>> {
        let (sender, receiver) = watch::channel(None);
        let session = self.clone();
        let mut network = network.clone();
        network.retries.deadline = network.retries.deadline.max(LOGIN_DEADLINE);
        let login = async move {
            let budget = Budget::new(network.retries);
            let result = session.begin(&network, &budget).await;
            let result = match (result, old) {
                (Err(_), Some(old)) if old.is_valid() => {
                    tracing::debug!("the token was not renewed; the old one is still valid");
                    Ok(old.renewed_after(LOGIN_COOLDOWN))
                }
                (result, _) => result,
            };
            let result = result.map(Arc::new).map_err(Arc::new);
            let mut state = session.state();
            state.last = Some(LoginAttempt {
                result: result.clone(),
                ended: Instant::now(),
            });
            state.running = None;
            drop(state);
            sender.send_replace(Some(result));
        };
        tokio::spawn(login.in_current_span());
        receiver
    }

    async fn begin(&self, network: &Network, budget: &Budget) -> Result<Login, LoginError> {
        let mut login = match &self.credentials.0 {
            Kind::Token(token) => Login::with(Authentication::Token(token.clone())),
            Kind::AccessKey(key) => Login::with(Authentication::AccessKey(key.clone())),
            Kind::User(user) => self.log_in(user, network, budget).await?,
        };
        match &self.project {
            Project::Id(id) => login.project = Some(id.clone()),
            Project::Name(name) if login.project.is_none() => {
                login.project = Some(self.find_project(name, &login, network, budget).await?);
            }
            Project::Name(_) => {}
        }
        Ok(login)
    }

    /// Requests a token for the user and the project.
    async fn log_in(
        &self,
        user: &User,
        network: &Network,
        budget: &Budget,
    ) -> Result<Login, LoginError> {
        const REQUESTED: &str = "token";
        let (id, name) = match &self.project {
            Project::Id(id) => (Some(id.to_string()), None),
            Project::Name(name) => (None, Some(name.to_string())),
        };
        let body = types::CreateTokenRequest {
            auth: types::Auth {
                identity: types::Identity {
                    methods: vec!["password".to_owned()],
                    password: Some(types::PasswordIdentity {
                        user: types::User {
                            id: None,
                            name: Some(user.name.clone()),
                            password: user.password.clone(),
                            domain: Some(types::Domain {
                                id: None,
                                name: Some(user.domain.clone()),
                            }),
                        },
                    }),
                    token: None,
                },
                scope: types::Scope {
                    project: types::ProjectReference {
                        id,
                        name,
                        domain: None,
                    },
                },
            },
        };
        let (iam, http) = (self.iam()?, network.builder.clone());
        let request = build(async move |transport| {
            let iam = iam::Client::new_with_client(iam, http, transport);
            iam.keystone_create_user_token_by_password(Some("true"), &body)
                .await
        });
        let method = "keystone_create_user_token_by_password";
        let authentication = Authentication::None;
        let answer = self.ask_iam(
            REQUESTED,
            request.await,
            method,
            &authentication,
            network,
            budget,
        );
        let answer = answer.await?;
        let token = answer.header(&NEW_TOKEN).filter(|token| !token.is_empty());
        let token = token.map(Secret::from);
        let read = answer.read::<types::CreateTokenResponse>();
        let (Some(token), Some(read)) = (token, read) else {
            return Err(unreadable(REQUESTED, &answer));
        };
        tracing::debug!("logged in");
        let details = read.token;
        let project = details.as_ref().and_then(|details| details.project.clone());
        Ok(Login {
            authentication: Authentication::Token(token),
            project: project.and_then(|project| ProjectId::new(project.id?).ok()),
            expiry: details.and_then(|details| TokenExpiry::of(&details)),
        })
    }

    /// Looks up the id of the project.
    async fn find_project(
        &self,
        name: &ProjectName,
        login: &Login,
        network: &Network,
        budget: &Budget,
    ) -> Result<ProjectId, LoginError> {
        const REQUESTED: &str = "project";
        let (iam, http) = (self.iam()?, network.builder.clone());
        let request = build(async move |transport| {
            let iam = iam::Client::new_with_client(iam, http, transport);
            iam.keystone_list_projects(Some(name.as_str())).await
        });
        let method = "keystone_list_projects";
        let authentication = &login.authentication;
        let answer = self.ask_iam(
            REQUESTED,
            request.await,
            method,
            authentication,
            network,
            budget,
        );
        let answer = answer.await?;
        let Some(read) = answer.read::<types::ListProjectsResponse>() else {
            return Err(unreadable(REQUESTED, &answer));
        };
        let mut projects = read.projects;
        projects.retain(|project| project.name.as_deref() == Some(name.as_str()));
        let (Some(project), 1) = (projects.first(), projects.len()) else {
            return Err(LoginError::Project {
                name: name.clone(),
                found: projects.len(),
                request_id: answer.request_id(),
            });
        };
        tracing::debug!("looked up the project");
        let id = project.id.clone().unwrap_or_default();
        ProjectId::new(id).map_err(|_| unreadable(REQUESTED, &answer))
    }

    fn iam(&self) -> Result<&str, LoginError> {
        let iam = self.iam.as_deref();
        iam.map_err(|error| LoginError::NoEndpoint(error.clone()))
    }

    /// Sends a request to IAM.
    async fn ask_iam(
        &self,
        requested: &'static str,
        request: Option<Request>,
        method: &str,
        authentication: &Authentication,
        network: &Network,
        budget: &Budget,
    ) -> Result<Answer, LoginError> {
        let Some(request) = request else {
            return Err(LoginError::Stopped);
        };
        let rules = OperationRules::of_method("iam", method);
        let exchange = Exchange {
            connections: &network.connections,
            authentication,
            project: None,
            redactor: &self.redactor_for(&request, authentication),
            retry: rules.map_or(RetryClass::Never, |rules| rules.retry),
            // A login changes no password.
            in_flight: &InFlight::default(),
        };
        let exchanged = exchange.run(&request, &mut budget.for_login()).await;
        match exchanged.map_err(LoginError::Connection)?.last {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(answer),
            Ok(answer) if answer.status >= 400 => Err(LoginError::Refused {
                requested,
                status: answer.status,
                message: answer.shown_message().unwrap_or_else(|| {
                    let reason = if answer.is_unreadable() {
                        "the reason cannot be read"
                    } else {
                        "no reason given"
                    };
                    reason.to_owned()
                }),
                request_id: answer.request_id(),
                clock_offset: clock_offset(&answer, authentication),
            }),
            Ok(answer) => Err(unreadable(requested, &answer)),
            Err(Failure::NotSent(_, Some(proxy))) => Err(LoginError::Connection(proxy)),
            Err(Failure::NotSent(error, None)) => Err(LoginError::Connect(error)),
            Err(Failure::Lost(error, _)) => Err(LoginError::NoAnswer(error)),
        }
    }

    /// Sends a request to a service. If the service refuses the token of a user, the session logs in
    /// again and the request is sent once more.
    pub(crate) async fn send(
        self: &Arc<Self>,
        request: &Request,
        retry: RetryClass,
        login: &Login,
        network: &Network,
        budget: &mut Budget,
        in_flight: &InFlight,
    ) -> Result<Exchanged, ConnectionError> {
        let redactor = self.redactor_for(request, &login.authentication);
        let exchange = |login, redactor| Exchange {
            connections: &network.connections,
            authentication: login,
            project: None,
            redactor,
            retry,
            in_flight,
        };
        let mut first = exchange(&login.authentication, &redactor);
        first.project = login.project.as_ref();
        let exchanged = first.run(request, budget).await?;
        let Exchanged {
            last: Ok(answer),
            doubt,
        } = &exchanged
        else {
            return Ok(exchanged);
        };
        let Authentication::Token(token) = &login.authentication else {
            return Ok(exchanged);
        };
        let renewable = matches!(self.credentials.0, Kind::User(_));
        if answer.status != 401 || !renewable || !budget.allows_attempt_after(Duration::ZERO) {
            return Ok(exchanged);
        }
        // A service that does not know the token has done nothing.
        in_flight.set(doubt.is_some());
        let Ok(renewed) = self.login(network, budget, Some(token)).await else {
            return Ok(exchanged);
        };
        if !budget.allows_attempt_after(Duration::ZERO) {
            return Ok(exchanged);
        }
        tracing::debug!("the token was refused; there is a new one");
        let redactor = self.redactor_for(request, &renewed.authentication);
        let second = exchange(&renewed.authentication, &redactor);
        let mut sent_again = second.run(request, budget).await?;
        sent_again.doubt = exchanged.doubt.or(sent_again.doubt);
        Ok(sent_again)
    }

    /// Returns what redacts the secrets of the client, of a request and of its token.
    fn redactor_for(&self, request: &Request, authentication: &Authentication) -> Redactor {
        let mut redactor = self.redactor.clone();
        let body = request.body().and_then(reqwest::Body::as_bytes);
        redactor.add_passwords_of(body.unwrap_or_default());
        if let Authentication::Token(token) = authentication {
            redactor.add(token.expose());
        }
        redactor
    }
}

impl Login {
    fn with(authentication: Authentication) -> Self {
        Self {
            authentication,
            project: None,
            expiry: None,
        }
    }

    /// Returns whether the token need not be renewed yet.
    fn is_fresh(&self) -> bool {
        self.expiry
            .is_none_or(|expiry| Instant::now() < expiry.renew_at)
    }

    /// Returns whether the token has not expired.
    fn is_valid(&self) -> bool {
        self.expiry
            .is_none_or(|expiry| Instant::now() < expiry.expires_at)
    }

    /// Returns the same login, to be renewed after this time or when it expires.
    fn renewed_after(&self, wait: Duration) -> Self {
        let expiry = self.expiry.map(|expiry| TokenExpiry {
            renew_at: expiry.expires_at.min(Instant::now() + wait),
            ..expiry
        });
        Self {
            expiry,
            ..self.clone()
        }
    }

    fn is_with(&self, token: Option<&Secret>) -> bool {
        match (&self.authentication, token) {
            (Authentication::Token(own), Some(token)) => own.expose() == token.expose(),
            _ => false,
        }
    }
}

impl TokenExpiry {
    /// Reads the lifetime by IAM's own clock, because this machine's may be wrong.
    fn of(details: &types::TokenDetails) -> Option<Self> {
        let time = |text: &Option<String>| text.as_ref()?.parse::<Timestamp>().ok();
        let lifetime = time(&details.expires_at)?.duration_since(time(&details.issued_at)?);
        let lifetime = Duration::try_from(lifetime).unwrap_or_default();
        let now = Instant::now();
        Some(Self {
            renew_at: now.checked_add(lifetime - RENEW_BEFORE.min(lifetime / 2))?,
            expires_at: now.checked_add(lifetime)?,
        })
    }
}

/// Returns how far this machine's clock is ahead, if a signature was refused and the clocks differ by
/// a minute or more.
pub(crate) fn clock_offset(
    answer: &Answer,
    authentication: &Authentication,
) -> Option<SignedDuration> {
    let is_signed = matches!(authentication, Authentication::AccessKey(_));
    let offset = answer.clock_offset()?;
    let differs = offset.abs() >= SignedDuration::from_secs(60);
    (answer.status == 401 && is_signed && differs).then_some(offset)
}

fn unreadable(requested: &'static str, answer: &Answer) -> LoginError {
    LoginError::Unreadable {
        requested,
        status: answer.status,
        request_id: answer.request_id(),
    }
}
