//! What is needed before a call can be sent: a token, and the id of the project.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use progenitor_client::Error as GeneratedError;
use repass_policy::Secret;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::cloud::NoEndpoint;
use crate::credentials::{AccessKey, Kind, User};
use crate::iam::{self, types};
use crate::redact::Redactor;
use crate::{
    ConnectionError, Credentials, Endpoints, ErrorBody, NotSent, Project, ProjectId, ProjectName,
    Service, Transport, transport,
};

/// How long before its end a token is renewed, if it is good for twice as long: longer than any
/// call takes.
const RENEW_BEFORE: Duration = Duration::from_secs(5 * 60);

/// How long a login that IAM refused is not tried again: some wrong passwords lock a user. Nor is a
/// renewal that failed while the old token is good.
const REST: Duration = Duration::from_secs(60);

/// Why nobody is logged in, or why the id of the project is not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The client does not know where IAM is.
    #[error(transparent)]
    NoEndpoint(NoEndpoint),
    /// IAM refused or failed.
    #[error("IAM gave no {asked}: {message} (status {status}{})", and_request_id(.request_id))]
    Refused {
        /// What it was asked for: a token or a project.
        asked: &'static str,
        /// The HTTP status.
        status: u16,
        /// Its words.
        message: String,
        /// The id by which the vendor's support finds the request.
        request_id: Option<String>,
    },
    /// There was no time left for it, perhaps after waiting for the login of another call.
    #[error("there was no time left to log in")]
    Late,
    /// A connection to IAM cannot be tried, or the proxy did not make it.
    #[error(transparent)]
    Connection(ConnectionError),
    /// IAM cannot be reached, or its answer did not come.
    #[error("IAM gave no answer")]
    NoAnswer(#[source] reqwest::Error),
    /// The answer is not the documented one.
    #[error("IAM gave an answer without a {asked} (status {status}{})", and_request_id(.request_id))]
    Unreadable {
        /// What it was asked for: a token or a project.
        asked: &'static str,
        /// The HTTP status.
        status: u16,
        /// The id by which the vendor's support finds the request.
        request_id: Option<String>,
    },
    /// There is not one project of this name.
    #[error("IAM knows {found} projects with the name {name}; give the id of the project")]
    Project {
        /// The name.
        name: ProjectName,
        /// How many projects have it, among those that may be seen.
        found: usize,
        /// The id by which the vendor's support finds the request.
        request_id: Option<String>,
    },
}

impl LoginError {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if (400..500).contains(status))
    }

    /// The id by which the vendor's support finds the request, if an answer had one.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Refused { request_id, .. }
            | Self::Unreadable { request_id, .. }
            | Self::Project { request_id, .. } => request_id.as_deref(),
            _ => None,
        }
    }
}

fn and_request_id(id: &Option<String>) -> String {
    let id = id.as_ref().map(|id| format!(", request id {id}"));
    id.unwrap_or_default()
}

/// What calls are made with once a session has begun.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) authentication: Authentication,
    /// The project; not known while it is looked up.
    pub(crate) project: Option<ProjectId>,
    life: Option<Life>,
}

/// When a token is to be renewed, and when it ends.
#[derive(Debug, Clone, Copy)]
struct Life {
    renew_at: Instant,
    ends_at: Instant,
}

/// What a request is authenticated with.
#[derive(Debug, Clone)]
pub(crate) enum Authentication {
    Token(Secret),
    AccessKey(AccessKey),
}

/// The credentials and the project of a client, and what was learnt of them. All clones of a
/// client share it.
#[derive(Debug)]
pub(crate) struct Session {
    credentials: Credentials,
    /// Hides the credentials.
    pub(crate) redactor: Redactor,
    project: Project,
    iam: Result<String, NoEndpoint>,
    /// Locked while somebody logs in, so that everybody else waits for it.
    last: Mutex<Option<Attempt>>,
    /// How many attempts to log in have ended.
    ended: AtomicU64,
}

/// An attempt to log in.
#[derive(Debug)]
struct Attempt {
    result: Result<Arc<Login>, Arc<LoginError>>,
    ended: Instant,
}

impl Session {
    pub(crate) fn new(endpoints: &Endpoints, project: Project, credentials: Credentials) -> Self {
        Self {
            redactor: Redactor::new(credentials.secrets()),
            credentials,
            project,
            iam: endpoints.url(Service::Iam).map(str::to_owned),
            last: Mutex::default(),
            ended: AtomicU64::new(0),
        }
    }

    /// Whether a new token can be had when one is refused.
    pub(crate) fn renews(&self) -> bool {
        matches!(self.credentials.0, Kind::User(_))
    }

    /// The login there is, or a new one where there is none, where its token ends soon, or where
    /// this token of it was refused.
    pub(crate) async fn login(
        &self,
        via: &Transport,
        refused: Option<&Secret>,
    ) -> Result<Arc<Login>, Arc<LoginError>> {
        let ended = self.ended.load(Ordering::Acquire);
        let Ok(mut last) = tokio::time::timeout(via.time_left(), self.last.lock()).await else {
            return Err(Arc::new(LoginError::Late));
        };
        let waited = self.ended.load(Ordering::Acquire) != ended;
        if let Some(last) = &*last {
            let holds = match &last.result {
                // Whoever waited for it takes it, however short its life is.
                Ok(login) => (waited || login.is_fresh()) && !login.is_with(refused),
                Err(error) => waited || (error.is_refusal() && last.ended.elapsed() < REST),
            };
            if holds {
                return last.result.clone();
            }
        }
        let old = last.as_ref().and_then(|last| last.result.as_ref().ok());
        let old = old.filter(|login| login.is_good() && !login.is_with(refused));
        // In a box, for the requests to IAM are sent as all others.
        let result = match old {
            None => Box::pin(self.begin(via)).await,
            Some(old) => {
                let begun = Box::pin(self.begin(&via.for_half_of_its_time())).await;
                begun.or_else(|_| {
                    tracing::debug!("there is no new token; the old one is still good");
                    Ok(old.to_be_renewed_after(REST))
                })
            }
        };
        let result = result.map(Arc::new).map_err(Arc::new);
        let ended = Instant::now();
        *last = Some(Attempt {
            result: result.clone(),
            ended,
        });
        self.ended.fetch_add(1, Ordering::Release);
        result
    }

    async fn begin(&self, via: &Transport) -> Result<Login, LoginError> {
        let mut login = match &self.credentials.0 {
            Kind::Token(token) => Login::with(Authentication::Token(token.clone())),
            Kind::AccessKey(key) => Login::with(Authentication::AccessKey(key.clone())),
            Kind::User(user) => self.log_in(user, via).await?,
        };
        match &self.project {
            Project::Id(id) => login.project = Some(id.clone()),
            Project::Name(name) if login.project.is_none() => {
                login.project = Some(self.find(name, &login, via).await?);
            }
            Project::Name(_) => {}
        }
        Ok(login)
    }

    /// Gets a token for the user and the project.
    async fn log_in(&self, user: &User, via: &Transport) -> Result<Login, LoginError> {
        const ASKED: &str = "token";
        let (id, name) = match &self.project {
            Project::Id(id) => (Some(id.to_string()), None),
            Project::Name(name) => (None, Some(name.to_string())),
        };
        let request = types::CreateTokenRequest {
            auth: types::Auth {
                identity: types::Identity {
                    methods: vec!["password".to_owned()],
                    password: types::PasswordIdentity {
                        user: types::User {
                            name: user.name.clone(),
                            password: user.password.clone(),
                            domain: types::Domain {
                                name: user.domain.clone(),
                            },
                        },
                    },
                },
                scope: types::Scope {
                    project: types::ProjectReference { id, name },
                },
            },
        };
        let via = via.as_nobody();
        let iam = self.iam(via.clone())?;
        let answer = iam
            .keystone_create_user_token_by_password(Some("true"), &request)
            .await
            .map_err(|error| refused(ASKED, &via, error))?;
        let token = answer.headers().get(transport::NEW_TOKEN);
        let token = token.and_then(|token| token.to_str().ok());
        let token = token.filter(|token| !token.is_empty()).map(Secret::from);
        let said = via.as_it_came(answer.into_inner());
        let (Some(token), Some(said)) = (token, said) else {
            return Err(unreadable(ASKED, &via));
        };
        tracing::debug!("logged in");
        let details = said.token;
        let project = details.as_ref().and_then(|details| details.project.clone());
        Ok(Login {
            authentication: Authentication::Token(token),
            project: project.and_then(|project| ProjectId::new(project.id?).ok()),
            life: details.and_then(|details| Life::of(&details)),
        })
    }

    /// Looks the id of the project up.
    async fn find(
        &self,
        name: &ProjectName,
        login: &Login,
        via: &Transport,
    ) -> Result<ProjectId, LoginError> {
        const ASKED: &str = "project";
        let via = via.with(login.authentication.clone());
        let iam = self.iam(via.clone())?;
        let answer = iam
            .keystone_list_projects(Some(name.as_str()))
            .await
            .map_err(|error| refused(ASKED, &via, error))?;
        let mut projects = answer.into_inner().projects;
        projects.retain(|project| project.name.as_deref() == Some(name.as_str()));
        let (Some(project), 1) = (projects.first(), projects.len()) else {
            return Err(LoginError::Project {
                name: name.clone(),
                found: projects.len(),
                request_id: via.seen().request_id,
            });
        };
        tracing::debug!("looked the project up");
        let id = project.id.clone().unwrap_or_default();
        ProjectId::new(id).map_err(|_| unreadable(ASKED, &via))
    }

    fn iam(&self, transport: Transport) -> Result<iam::Client, LoginError> {
        let url = self.iam.as_ref();
        let url = url.map_err(|error| LoginError::NoEndpoint(error.clone()))?;
        let http = transport.http().map_err(LoginError::NoAnswer)?;
        Ok(iam::Client::new_with_client(url, http, transport))
    }
}

impl Login {
    pub(crate) fn with(authentication: Authentication) -> Self {
        Self {
            authentication,
            project: None,
            life: None,
        }
    }

    /// Whether nobody needs to think of its end.
    fn is_fresh(&self) -> bool {
        self.life.is_none_or(|life| Instant::now() < life.renew_at)
    }

    /// Whether it has not ended.
    fn is_good(&self) -> bool {
        self.life.is_none_or(|life| Instant::now() < life.ends_at)
    }

    /// The same login, that is to be renewed after this wait or at its end.
    fn to_be_renewed_after(&self, wait: Duration) -> Self {
        let life = self.life.map(|life| Life {
            renew_at: life.ends_at.min(Instant::now() + wait),
            ..life
        });
        Self {
            life,
            ..self.clone()
        }
    }

    fn is_with(&self, refused: Option<&Secret>) -> bool {
        match (&self.authentication, refused) {
            (Authentication::Token(token), Some(refused)) => token.expose() == refused.expose(),
            _ => false,
        }
    }
}

impl Life {
    /// How long a token is good is told by IAM's own clock; ours may be wrong.
    fn of(details: &types::TokenDetails) -> Option<Self> {
        let time = |text: &Option<String>| text.as_ref()?.parse::<Timestamp>().ok();
        let length = time(&details.expires_at)?.duration_since(time(&details.issued_at)?);
        let length = Duration::try_from(length).unwrap_or_default();
        let now = Instant::now();
        Some(Self {
            renew_at: now.checked_add(length - RENEW_BEFORE.min(length / 2))?,
            ends_at: now.checked_add(length)?,
        })
    }
}

fn refused(asked: &'static str, via: &Transport, error: GeneratedError<ErrorBody>) -> LoginError {
    match error {
        GeneratedError::ErrorResponse(answer) => LoginError::Refused {
            asked,
            status: answer.status().as_u16(),
            message: answer.message().unwrap_or("no reason is given").to_owned(),
            request_id: via.seen().request_id,
        },
        GeneratedError::CommunicationError(error)
        | GeneratedError::ResponseBodyError(error)
        | GeneratedError::InvalidUpgrade(error) => match via.explain(&error) {
            Some(proxy) => LoginError::Connection(proxy),
            None => LoginError::NoAnswer(error.without_url()),
        },
        // Nothing else keeps a request to IAM from being sent.
        GeneratedError::Custom(_) => match via.memory().not_sent.take() {
            Some(NotSent::Connection(error)) => LoginError::Connection(error),
            _ => LoginError::Late,
        },
        _ => unreadable(asked, via),
    }
}

fn unreadable(asked: &'static str, via: &Transport) -> LoginError {
    let seen = via.seen();
    LoginError::Unreadable {
        asked,
        status: seen.status,
        request_id: seen.request_id,
    }
}
