//! IAM: tokens, and the project by its name.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use jiff::Timestamp;
use repass_client::ErrorBody;
use repass_client::iam::types::{
    Auth, CreateTokenRequest, CreateTokenResponse, KeystoneError, Links, Project, ProjectReference,
    TokenDetails, User,
};
use serde::Serialize;
use serde_json::Value;

use crate::answer::Answer;
use crate::fleet::{self, Fleet};
use crate::gateway::{self, Admitted, Gateway};
use crate::state::Shared;

/// The id of the account. No other answer depends on it.
const DOMAIN_ID: &str = "fedcba9876543210fedcba9876543210";
const TIME_FORMAT: &str = "%Y-%m-%dT%H:%M:%S%.6fZ";

/// A refusal by IAM, which has Keystone's form and no codes.
#[derive(Debug, Clone, Copy)]
struct Refusal(StatusCode, &'static str);

const INVALID: Refusal = Refusal(StatusCode::BAD_REQUEST, "The request body is invalid");
const WRONG_USER: Refusal = Refusal(
    StatusCode::UNAUTHORIZED,
    "The username or password is wrong.",
);
const NO_PROJECT: Refusal = Refusal(StatusCode::NOT_FOUND, "Could not find the project.");
const FAILED: Refusal = Refusal(
    StatusCode::INTERNAL_SERVER_ERROR,
    "An unexpected error prevented the server from fulfilling your request.",
);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response<Body> {
        let Self(status, message) = self;
        let mut body = ErrorBody::default();
        body.error = Some(KeystoneError {
            code: Some(status.as_u16().into()),
            message: Some(message.to_owned()),
            title: status.canonical_reason().map(str::to_owned),
        });
        Answer::json(status, &body).into_response()
    }
}

/// The projects that match; unlike the generated type it writes the empty list and the nulls that
/// the pages show.
#[derive(Serialize)]
struct Projects {
    projects: Vec<Project>,
    links: Page,
}

#[derive(Serialize)]
struct Page {
    #[serde(rename = "self")]
    this: String,
    previous: Option<String>,
    next: Option<String>,
}

/// Needs no token: it gives one.
pub(crate) async fn create_token(
    State(shared): State<Shared>,
    request: Request,
) -> Result<Response<Body>, Gateway> {
    let body = gateway::read(request.into_body()).await?;
    let made = log_in(&shared, &body);
    Ok(made.unwrap_or_else(Refusal::into_response))
}

pub(crate) async fn list_projects(State(shared): State<Shared>, admitted: Admitted) -> Answer {
    let query = admitted.parts.uri.query().unwrap_or_default();
    let mut parameters = form_urlencoded::parse(query.as_bytes());
    let name = parameters.find(|(key, _)| key == "name");
    let fleet = shared.fleet();
    let url = format!("{}/v3/projects", shared.url());
    let matches = name.is_none_or(|(_, name)| name == fleet.project_name);
    let body = Projects {
        projects: matches.then(|| project(fleet, &url)).into_iter().collect(),
        links: Page {
            this: url,
            previous: None,
            next: None,
        },
    };
    Answer::json(StatusCode::OK, &body)
}

fn log_in(shared: &Shared, body: &[u8]) -> Result<Response<Body>, Refusal> {
    let fleet = shared.fleet();
    check(&read(body)?.auth, fleet)?;
    let issued = shared.tokens().issue(shared.now()).map_err(|_| FAILED)?;
    let details = TokenDetails {
        expires_at: Some(written(issued.expires_at)),
        issued_at: Some(written(issued.issued_at)),
        project: Some(Project {
            id: Some(fleet.project_id.clone()),
            name: Some(fleet.project_name.clone()),
            ..Project::default()
        }),
    };
    let body = CreateTokenResponse {
        token: Some(details),
    };
    let mut token = HeaderValue::try_from(issued.token.expose()).map_err(|_| FAILED)?;
    token.set_sensitive(true);
    let answer = Answer::json(StatusCode::CREATED, &body);
    Ok(([("x-subject-token", token)], answer).into_response())
}

/// The body as the contract has it.
fn read(body: &[u8]) -> Result<CreateTokenRequest, Refusal> {
    let body: Value = serde_json::from_slice(body).map_err(|_| INVALID)?;
    let is = |way: &str, kind: fn(&Value) -> bool| body.pointer(way).is_some_and(kind);
    // Serde would take arrays for objects; a way by names leads through objects only.
    let ends = ["/auth/identity/password/user/domain", "/auth/scope/project"];
    // And null for what is absent.
    let optional = ["/auth/scope/project/id", "/auth/scope/project/name"];
    if !ends.iter().all(|end| is(end, Value::is_object))
        || optional.iter().any(|one| is(one, Value::is_null))
    {
        return Err(INVALID);
    }
    serde_json::from_value(body).map_err(|_| INVALID)
}

fn check(auth: &Auth, fleet: &Fleet) -> Result<(), Refusal> {
    let Auth { identity, scope } = auth;
    let ProjectReference { id, name } = &scope.project;
    let by_password = identity.methods.iter().any(|method| method == "password");
    if !by_password || (id.is_none() && name.is_none()) {
        return Err(INVALID);
    }
    if !is_user(&identity.password.user, &fleet.user) {
        return Err(WRONG_USER);
    }
    let same = |given: &Option<String>, ours| given.as_ref().is_none_or(|given| given == ours);
    if !same(id, &fleet.project_id) || !same(name, &fleet.project_name) {
        return Err(NO_PROJECT);
    }
    Ok(())
}

fn is_user(given: &User, user: &fleet::User) -> bool {
    given.domain.name == user.domain
        && given.name == user.name
        && given.password.expose() == user.password.expose()
}

/// The fleet's project, all of it.
fn project(fleet: &Fleet, projects_url: &str) -> Project {
    let text = |text: &str| Some(text.to_owned());
    Project {
        id: text(&fleet.project_id),
        name: text(&fleet.project_name),
        domain_id: text(DOMAIN_ID),
        parent_id: text(DOMAIN_ID),
        enabled: Some(true),
        is_domain: Some(false),
        description: text(""),
        links: Some(Links {
            self_: Some(format!("{projects_url}/{}", fleet.project_id)),
            ..Links::default()
        }),
    }
}

fn written(time: Timestamp) -> String {
    time.strftime(TIME_FORMAT).to_string()
}
