//! IAM: versions, tokens, and the project by its name, as OpenStack's own clients expect them.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header};
use axum::response::IntoResponse;
use jiff::Timestamp;
use repass_client::iam::types::{KeystoneError, Links, Project};
use repass_client::{ErrorBody, Secret};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::body;
use crate::fleet::{self, Fleet};
use crate::gateway::{self, Admitted, Gateway, Scope};
use crate::object::{Object, present};
use crate::page;
use crate::state::Shared;

/// The ids of the first account and the first user of a fleet; those of others are counted on.
const DOMAIN_ID: u128 = 0xfedc_ba98_7654_3210_fedc_ba98_7654_3210;
const USER_ID: u128 = 0x7116_d09f_88fa_4190_8676_fdd4_b039_e95b;
const TIME_FORMAT: &str = "%Y-%m-%dT%H:%M:%S%.6fZ";

/// A refusal by IAM, which has Keystone's form and no codes.
#[derive(Debug, Clone, Copy)]
struct Refusal(StatusCode, &'static str);

const INVALID: Refusal = Refusal(StatusCode::BAD_REQUEST, "The request body is invalid");
const WRONG_USER: Refusal = Refusal(
    StatusCode::UNAUTHORIZED,
    "The username or password is wrong.",
);
const WRONG_TOKEN: Refusal = Refusal(
    StatusCode::UNAUTHORIZED,
    "The token is wrong or has expired.",
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
    let base = base_url(request.headers());
    let has_catalog = !has_parameter(request.uri(), "nocatalog");
    let body = body::whole(request.into_body()).await;
    if is_no_json {
        let Refusal(_, message) = INVALID;
        return Ok(Refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into_response());
    }
    let made = log_in(&shared, &body, &base, has_catalog);
    Ok(made.unwrap_or_else(Refusal::into_response))
}

pub(crate) async fn list_projects(State(shared): State<Shared>, admitted: Admitted) -> Answer {
    let query = admitted.parts.uri.query().unwrap_or_default();
    let mut parameters = form_urlencoded::parse(query.as_bytes());
    let name = parameters.find(|(key, _)| key == "name");
    let fleet = shared.fleet();
    let url = format!("{}/v3/projects", base_url(&admitted.parts.headers));
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
    Answer::json(StatusCode::OK, &body).succeeded(false)
}

/// Where the client reaches this emulator. Its host has been checked.
fn base_url(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).map(HeaderValue::to_str);
    let host = host.and_then(Result::ok).unwrap_or("localhost");
    format!("http://{host}")
}

fn has_parameter(uri: &Uri, name: &str) -> bool {
    let query = uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).any(|(key, _)| key == name)
}

/// Returns the page to a browser, which asks for HTML, and the list of versions to any other client.
pub(crate) async fn index(headers: HeaderMap) -> Response<Body> {
    let accept = headers.get(header::ACCEPT).map(HeaderValue::as_bytes);
    let accept = String::from_utf8_lossy(accept.unwrap_or_default()).to_lowercase();
    if accept.contains("text/html") {
        return page::index().await.into_response();
    }
    let versions = json!({ "versions": { "values": [version(&base_url(&headers))] } });
    Answer::json(StatusCode::MULTIPLE_CHOICES, &versions).into_response()
}

pub(crate) async fn show_version(headers: HeaderMap) -> Answer {
    let version = json!({ "version": version(&base_url(&headers)) });
    Answer::json(StatusCode::OK, &version)
}

fn version(base: &str) -> Value {
    let media_type = "application/vnd.openstack.identity-v3+json";
    json!({
        "id": "v3.6",
        "status": "stable",
        "updated": "2016-04-04T00:00:00Z",
        "links": [{ "rel": "self", "href": format!("{base}/v3/") }],
        "media-types": [{ "base": "application/json", "type": media_type }],
    })
}

#[derive(Deserialize)]
struct CreateTokenRequest {
    auth: Object<Auth>,
}

#[derive(Deserialize)]
struct Auth {
    identity: Object<Identity>,
    scope: Object<TokenScope>,
}

#[derive(Deserialize)]
struct Identity {
    methods: Vec<String>,
    #[serde(default, deserialize_with = "present")]
    password: Option<Object<ByPassword>>,
    #[serde(default, deserialize_with = "present")]
    token: Option<Object<ByToken>>,
}

#[derive(Deserialize)]
struct ByPassword {
    user: Object<User>,
}

#[derive(Deserialize)]
struct ByToken {
    id: Secret,
}

/// A user, by an id, or by a name and a domain.
#[derive(Deserialize)]
struct User {
    #[serde(default, deserialize_with = "present")]
    id: Option<String>,
    #[serde(default, deserialize_with = "present")]
    name: Option<String>,
    password: Secret,
    #[serde(default, deserialize_with = "present")]
    domain: Option<Object<Reference>>,
}

#[derive(Deserialize)]
struct TokenScope {
    project: Object<ProjectReference>,
}

/// A project, by an id, or by a name and perhaps a domain.
#[derive(Deserialize)]
struct ProjectReference {
    #[serde(default, deserialize_with = "present")]
    id: Option<String>,
    #[serde(default, deserialize_with = "present")]
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    domain: Option<Object<Reference>>,
}

/// A domain, by an id or a name.
#[derive(Deserialize)]
struct Reference {
    #[serde(default, deserialize_with = "present")]
    id: Option<String>,
    #[serde(default, deserialize_with = "present")]
    name: Option<String>,
}

impl Reference {
    fn is_empty(&self) -> bool {
        self.id.is_none() && self.name.is_none()
    }

    fn is(&self, domain: &Named<'_>) -> bool {
        same(&self.id, &domain.id) && same(&self.name, domain.name)
    }
}

/// Whether a value is the one that was given, if one was.
fn same(given: &Option<String>, own: &str) -> bool {
    given.as_ref().is_none_or(|given| given == own)
}

/// An account or a user.
#[derive(Debug, Clone, Serialize)]
struct Named<'a> {
    id: String,
    name: &'a str,
}

/// The account with this name. Each account has the id of its first user's place.
fn domain<'a>(fleet: &Fleet, name: &'a str) -> Named<'a> {
    let mut users = fleet.users.iter();
    let first = users.position(|user| user.domain == name).unwrap_or(0);
    Named {
        id: id(DOMAIN_ID, first),
        name,
    }
}

fn id(first: u128, place: usize) -> String {
    format!("{:032x}", first.wrapping_add(place as u128))
}

/// Who logged in, and until when a token of theirs is good at most.
struct Login {
    /// The place of the user in the fleet.
    user: usize,
    until: Option<Timestamp>,
    method: &'static str,
}

fn log_in(
    shared: &Shared,
    body: &[u8],
    base: &str,
    has_catalog: bool,
) -> Result<Response<Body>, Refusal> {
    let fleet = shared.fleet();
    let Object(CreateTokenRequest { auth: Object(auth) }) =
        serde_json::from_slice(body).map_err(|_| INVALID)?;
    let project = &auth.scope.0.project.0;
    let is_named = project.id.is_some() || project.name.is_some();
    let login = identify(shared, &auth.identity.0, is_named)?;
    let project = find_project(fleet, project).ok_or(NO_PROJECT)?;
    let issued = (shared.tokens()).issue(&project.id, login.user, login.until, shared.now());
    let issued = issued.map_err(|_| FAILED)?;
    let user = fleet.users.get(login.user);
    let (domain_name, user_name) = match user {
        Some(user) => (user.domain.as_str(), user.name.as_str()),
        // A fleet without users has tokens all the same.
        None => ("emulator", "emulator"),
    };
    let domain = domain(fleet, domain_name);
    let mut token = json!({
        "methods": [login.method],
        "expires_at": written(issued.expires_at),
        "issued_at": written(issued.issued_at),
        "user": { "id": id(USER_ID, login.user), "name": user_name, "domain": domain },
        "roles": [{ "id": "0", "name": "te_admin" }],
        "project": { "id": project.id, "name": project.name, "domain": domain },
    });
    if has_catalog && let Some(token) = token.as_object_mut() {
        token.insert("catalog".to_owned(), catalog(base, project));
    }
    let mut subject = HeaderValue::try_from(issued.token.expose()).map_err(|_| FAILED)?;
    subject.set_sensitive(true);
    let answer = Answer::json(StatusCode::CREATED, &json!({ "token": token })).succeeded(false);
    Ok(([("x-subject-token", subject)], answer).into_response())
}

/// Finds out who asks for a token, by a password or by another token.
fn identify(shared: &Shared, identity: &Identity, is_named: bool) -> Result<Login, Refusal> {
    let by = |name: &str| identity.methods.iter().any(|method| method == name);
    if let Some(Object(password)) = identity.password.as_ref().filter(|_| by("password")) {
        let fleet = shared.fleet();
        let given = &password.user.0;
        let by_name = given.name.is_some()
            && (given.domain.as_ref()).is_some_and(|Object(domain)| !domain.is_empty());
        if !is_named || !(given.id.is_some() || by_name) {
            return Err(INVALID);
        }
        let is_user = |(place, user): (usize, &fleet::User)| {
            same(&given.id, &id(USER_ID, place))
                && same(&given.name, &user.name)
                && (given.domain.as_ref())
                    .is_none_or(|Object(given)| given.is(&domain(fleet, &user.domain)))
                && given.password.expose() == user.password.expose()
        };
        let user = fleet.users.iter().enumerate().position(is_user);
        return Ok(Login {
            user: user.ok_or(WRONG_USER)?,
            until: None,
            method: "password",
        });
    }
    if let Some(Object(token)) = identity.token.as_ref().filter(|_| by("token")) {
        if !is_named {
            return Err(INVALID);
        }
        let holder = (shared.tokens()).holder(token.id.expose().as_bytes(), shared.now());
        let (user, until) = holder.ok_or(WRONG_TOKEN)?;
        return Ok(Login {
            user,
            until,
            method: "token",
        });
    }
    Err(INVALID)
}

/// The project that a token is asked for. Those of a fleet belong to every account there is.
fn find_project<'a>(fleet: &'a Fleet, given: &ProjectReference) -> Option<&'a fleet::Project> {
    if let Some(Object(given)) = &given.domain {
        let mut domains = fleet.users.iter().map(|user| domain(fleet, &user.domain));
        if !domains.any(|domain| given.is(&domain)) {
            return None;
        }
    }
    let mut projects = fleet.projects.iter();
    projects.find(|project| same(&given.id, &project.id) && same(&given.name, &project.name))
}

/// The services and where they are: all of them here.
fn catalog(base: &str, project: &fleet::Project) -> Value {
    let region = project.name.split('_').next().unwrap_or_default();
    let of_project = format!("{base}/v2/{}", project.id);
    let services = [
        ("identity", "iam", format!("{base}/v3")),
        ("ddm", "ddm", of_project.clone()),
        ("dcs", "dcs", of_project.clone()),
        ("dms", "dms", of_project),
    ];
    let service = |(kind, name, url): &(&str, &str, String)| {
        json!({
            "id": name,
            "type": kind,
            "name": name,
            "endpoints": [{
                "id": name,
                "interface": "public",
                "region": region,
                "region_id": region,
                "url": url,
            }],
        })
    };
    services.iter().map(service).collect()
}

/// All that IAM tells of a project.
fn described(project: &fleet::Project, projects_url: &str) -> Project {
    let text = |text: &str| Some(text.to_owned());
    Project {
        id: text(&project.id),
        name: text(&project.name),
        domain: None,
        domain_id: Some(id(DOMAIN_ID, 0)),
        parent_id: Some(id(DOMAIN_ID, 0)),
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
