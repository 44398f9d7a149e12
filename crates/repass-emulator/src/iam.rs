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
use crate::gateway::{self, Admitted, Gateway, Scope};
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
        failed(status, Some(message)).into_response()
    }
}

/// A refusal or a failure in Keystone's form.
pub(crate) fn failed(status: StatusCode, message: Option<&str>) -> Answer {
    let Refusal(_, unexpected) = FAILED;
    let mut body = ErrorBody::default();
    body.error = Some(KeystoneError {
        code: Some(status.as_u16().into()),
        message: Some(message.unwrap_or(unexpected).to_owned()),
        title: status.canonical_reason().map(str::to_owned),
    });
    Answer::json(status, &body)
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
    let is_no_json = gateway::is_json(request.headers()) == Some(false);
    let body = gateway::whole(request.into_body()).await;
    if is_no_json {
        let Refusal(_, message) = INVALID;
        return Ok(Refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into_response());
    }
    let made = log_in(&shared, &body);
    Ok(made.unwrap_or_else(Refusal::into_response))
}

pub(crate) async fn list_projects(State(shared): State<Shared>, admitted: Admitted) -> Answer {
    let query = admitted.parts.uri.query().unwrap_or_default();
    let mut parameters = form_urlencoded::parse(query.as_bytes());
    let name = parameters.find(|(key, _)| key == "name");
    let fleet = shared.fleet();
    let url = format!("{}/v3/projects", shared.url());
    let matches = |project: &&fleet::Project| {
        let in_scope = match &admitted.scope {
            Scope::Project(id) => *id == project.id,
            Scope::All => true,
        };
        let by_name = name.as_ref().is_none_or(|(_, name)| *name == project.name);
        in_scope && by_name
    };
    let projects = fleet.projects.iter().filter(matches);
    let body = Projects {
        projects: projects.map(|project| described(project, &url)).collect(),
        links: Page {
            this: url,
            previous: None,
            next: None,
        },
    };
    Answer::json(StatusCode::OK, &body).succeeded()
}

fn log_in(shared: &Shared, body: &[u8]) -> Result<Response<Body>, Refusal> {
    let fleet = shared.fleet();
    let project = check(&read(body)?.auth, fleet)?;
    let issued = shared.tokens().issue(&project.id, shared.now());
    let issued = issued.map_err(|_| FAILED)?;
    let details = TokenDetails {
        expires_at: Some(written(issued.expires_at)),
        issued_at: Some(written(issued.issued_at)),
        project: Some(Project {
            id: Some(project.id.clone()),
            name: Some(project.name.clone()),
            ..Project::default()
        }),
        ..TokenDetails::default()
    };
    let body = CreateTokenResponse {
        token: Some(details),
    };
    let mut token = HeaderValue::try_from(issued.token.expose()).map_err(|_| FAILED)?;
    token.set_sensitive(true);
    let answer = Answer::json(StatusCode::CREATED, &body).succeeded();
    Ok(([("x-subject-token", token)], answer).into_response())
}

/// The body as the contract has it. A field that stands there twice is refused, as elsewhere.
fn read(body: &[u8]) -> Result<CreateTokenRequest, Refusal> {
    let value: Value = serde_json::from_slice(body).map_err(|_| INVALID)?;
    let is = |way: &str, kind: fn(&Value) -> bool| value.pointer(way).is_some_and(kind);
    // Serde would take arrays for objects; a way by names leads through objects only.
    let ends = ["/auth/identity/password/user/domain", "/auth/scope/project"];
    // And null for what is absent.
    let optional = ["/auth/scope/project/id", "/auth/scope/project/name"];
    if !ends.iter().all(|end| is(end, Value::is_object))
        || optional.iter().any(|one| is(one, Value::is_null))
    {
        return Err(INVALID);
    }
    // From the bytes: in a `Value` the last of two fields has won.
    serde_json::from_slice(body).map_err(|_| INVALID)
}

/// The project that the user wants a token for.
fn check<'a>(auth: &Auth, fleet: &'a Fleet) -> Result<&'a fleet::Project, Refusal> {
    let Auth { identity, scope } = auth;
    let ProjectReference { id, name, .. } = &scope.project;
    let by_password = identity.methods.iter().any(|method| method == "password");
    if !by_password || (id.is_none() && name.is_none()) {
        return Err(INVALID);
    }
    let given = &identity.password.as_ref().ok_or(INVALID)?.user;
    if !fleet.users.iter().any(|user| is_user(given, user)) {
        return Err(WRONG_USER);
    }
    let same = |given: &Option<String>, ours| given.as_ref().is_none_or(|given| given == ours);
    let mut projects = fleet.projects.iter();
    let project = projects.find(|project| same(id, &project.id) && same(name, &project.name));
    project.ok_or(NO_PROJECT)
}

fn is_user(given: &User, user: &fleet::User) -> bool {
    let domain = given
        .domain
        .as_ref()
        .and_then(|domain| domain.name.as_ref());
    domain == Some(&user.domain)
        && given.name.as_ref() == Some(&user.name)
        && given.password.expose() == user.password.expose()
}

/// All that IAM tells of a project.
fn described(project: &fleet::Project, projects_url: &str) -> Project {
    let text = |text: &str| Some(text.to_owned());
    Project {
        id: text(&project.id),
        name: text(&project.name),
        domain: None,
        domain_id: text(DOMAIN_ID),
        parent_id: text(DOMAIN_ID),
        enabled: Some(true),
        is_domain: Some(false),
        description: text(""),
        links: Some(Links {
            self_: Some(format!("{projects_url}/{}", project.id)),
            ..Links::default()
        }),
    }
}

fn written(time: Timestamp) -> String {
    time.strftime(TIME_FORMAT).to_string()
}
