//! The listener, and which service answers which request.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request, Response, header};
use axum::middleware;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get, post, put};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use crate::answer::date;
use crate::body::{self, READ_TIMEOUT, Whole};
use crate::connections::{Turn, serve};
use crate::fault::{LOGIN, Operation, operation};
use crate::fleet::Fleet;
use crate::gateway::{Gateway, NO_ROOM, NOT_PUBLISHED, check_head};
use crate::inject::{self, Cut, inject, sent};
use crate::instances::Instances;
use crate::options::Options;
use crate::state::{Logged, Received, Shared, request_id};
use crate::{control, dcs, ddm, dms, host, iam, page};

/// The longest head that is read: more than the gateway's own limits, so that it can refuse.
pub(crate) const LARGEST_HEAD: usize = 256 << 10;
/// How much of a path is remembered.
const LONGEST_PATH: usize = 2 << 10;
/// How long a client may take to read what is sent to it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// A running emulator. It stops when it is dropped.
#[derive(Debug)]
pub struct Emulator {
    shared: Shared,
    server: JoinHandle<()>,
}

impl Emulator {
    /// Starts on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// No port can be had, or two instances have the same id.
    pub async fn start(fleet: Fleet) -> std::io::Result<Self> {
        Self::start_with(fleet, Options::default()).await
    }

    /// Starts where and with what the options say. It listens when this returns.
    ///
    /// # Errors
    /// The address cannot be listened on, or two instances have the same id
    /// ([`InvalidInput`](std::io::ErrorKind::InvalidInput)).
    pub async fn start_with(mut fleet: Fleet, options: Options) -> std::io::Result<Self> {
        let are_told = options.on_password.is_some();
        let instances = std::mem::take(&mut fleet.instances);
        let instances = Instances::new(instances, are_told).map_err(|id| {
            let message = format!("two instances have the id {id}");
            std::io::Error::new(std::io::ErrorKind::InvalidInput, message)
        })?;
        let listener = TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        let shared = Shared::new(address, fleet, instances, options);
        let running = shared.clone();
        let server = tokio::spawn(async move {
            tokio::join!(serve(listener, running.clone()), running.keep_telling());
        });
        Ok(Self { shared, server })
    }

    /// The base URL of every service: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        self.shared.url()
    }

    /// The last 1000 requests that were answered, the oldest first.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received()
    }

    /// Serves a connection that did not come over the listener, until it ends: tests and fuzzers
    /// need no network then.
    #[doc(hidden)]
    pub async fn serve(&self, stream: impl AsyncRead + AsyncWrite) {
        let shared = self.shared.clone();
        let turn = Arc::new(Turn::new(0, false));
        connection(stream, shared.clone(), router(shared), turn).await;
    }

    /// Whether this is the current password: of the instance, or of one of its accounts.
    pub fn password_is(&self, instance_id: &str, account: Option<&str>, candidate: &str) -> bool {
        let instance = self.shared.instance(instance_id);
        instance.is_some_and(|instance| {
            let password = instance.password(account);
            password.is_some_and(|password| password.expose() == candidate)
        })
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.server.abort();
    }
}

pub(crate) fn router(shared: Shared) -> Router {
    let not_published = || async { Gateway(NOT_PUBLISHED) };
    let offer = |route: MethodRouter<Shared>, operation: Operation| {
        route.layer(middleware::from_fn_with_state(
            (shared.clone(), operation),
            inject,
        ))
    };
    let list_projects = operation("iam", "keystoneListProjects");
    let dms_reset = operation("dms", "resetPassword");
    let dcs_change = operation("dcs", "updatePassword");
    let dcs_reset = operation("dcs", "resetPassword");
    let ddm_reset = operation("ddm", "resetUserPassword");
    let ddm_admin = operation("ddm", "resetAdministrator");
    Router::new()
        .route("/v3/auth/tokens", offer(post(iam::create_token), LOGIN))
        .route(
            "/v3/projects",
            offer(get(iam::list_projects), list_projects),
        )
        .route(
            "/v2/{project_id}/instances/{instance_id}/password",
            // Two services, one path: they have hosts of their own and differ in the method.
            offer(post(dms::reset_password), dms_reset)
                .merge(offer(put(dcs::update_password), dcs_change)),
        )
        .route(
            "/v2/{project_id}/instances/{instance_id}/password/reset",
            offer(post(dcs::reset_password), dcs_reset),
        )
        .route(
            "/v2/{project_id}/instances/{instance_id}/users/{username}/password",
            offer(post(ddm::reset_user_password), ddm_reset),
        )
        .route(
            "/v3/{project_id}/instances/{instance_id}/admin-user",
            offer(put(ddm::reset_administrator), ddm_admin),
        )
        .route("/", get(iam::index))
        .route("/v3", get(iam::show_version))
        .route("/v3/", get(iam::show_version))
        .nest(control::PREFIX, control::routes())
        .fallback(not_published)
        .method_not_allowed_fallback(not_published)
        .with_state(shared)
}

/// Serves one connection until it ends.
pub(crate) async fn connection(
    stream: impl AsyncRead + AsyncWrite,
    shared: Shared,
    router: Router,
    turn: Arc<Turn>,
) {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let stream = pin!(stream);
    let service = service_fn(|request: Request<Incoming>| {
        let request = request.map(Body::new);
        let answer = answer(shared.clone(), router.clone(), request, turn.clone());
        async { sent(answer.await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        // What has arrived is carried out even if the client gives up.
        .half_close(true)
        .header_read_timeout(READ_TIMEOUT)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    // A connection that breaks is the client's affair.
    let _ = connection.await;
}

/// Answers a request. The request has an id, which is in a header of its answer.
async fn answer(
    shared: Shared,
    router: Router,
    request: Request<Body>,
    turn: Arc<Turn>,
) -> Response<Body> {
    let number = shared.new_request_number();
    let request_id = request_id(number);
    let (method, path) = (request.method().clone(), request.uri().path());
    // The page and the control belong to no service.
    let below = path.strip_prefix(control::PREFIX);
    let is_own = path == "/" || below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let end = path.floor_char_boundary(LONGEST_PATH);
    let path = path.get(..end).unwrap_or_default().to_owned();

    // An answer before the whole request has arrived would end the connection for the next one.
    let (parts, body) = request.into_parts();
    let body = body::read(body, shared.room()).await;
    if !turn.begin() {
        return inject::cut();
    }
    let mut response = match admit(&shared, &parts, body, &turn, is_own) {
        Ok(Whole { bytes, room }) => {
            let request = Request::from_parts(parts, Body::from(bytes));
            let Ok(response) = router.oneshot(request).await;
            drop(room);
            response
        }
        Err(rejected) => rejected.into_response(),
    };
    turn.end(number);
    if let Some(Gateway(refusal)) = response.extensions_mut().remove() {
        response = refusal.gateway(&request_id).into_response();
    }
    let headers = response.headers_mut();
    // A fault may give an answer with its own.
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        headers.entry("x-request-id").or_insert(id);
    }
    let date = || date(shared.now());
    headers.entry(header::DATE).or_insert_with(date);
    if is_own {
        page::protect(headers);
        return response;
    }
    // The router names the methods of a path; the gateway says that nothing is published there.
    headers.remove(header::ALLOW);
    let is_cut = response.extensions().get::<Cut>().is_some();
    let status = (!is_cut).then(|| response.status().as_u16());
    tracing::info!(%method, path, status, request_id, "answered");
    shared.remember(Logged {
        method,
        path,
        status,
        number,
    });
    response
}

/// The reason why a request is not carried out.
enum Rejected {
    ByControl(control::Refusal),
    ByGateway(Gateway),
    /// There are too many connections.
    NoRoom,
}

impl IntoResponse for Rejected {
    fn into_response(self) -> Response<Body> {
        match self {
            Self::ByControl(refusal) => refusal.into_response(),
            Self::ByGateway(refusal) => refusal.into_response(),
            Self::NoRoom => ([(header::CONNECTION, "close")], Gateway(NO_ROOM)).into_response(),
        }
    }
}

/// Returns the body of a request that may be carried out.
fn admit(
    shared: &Shared,
    parts: &Parts,
    body: Result<Whole, Gateway>,
    turn: &Turn,
    is_own: bool,
) -> Result<Whole, Rejected> {
    host::check(&parts.headers, shared).map_err(Rejected::ByControl)?;
    if turn.is_refused {
        return Err(Rejected::NoRoom);
    }
    if is_own {
        return body.map_err(|error| Rejected::ByControl(control::not_read(error)));
    }
    (check_head((&parts.uri, &parts.headers)).and(body)).map_err(Rejected::ByGateway)
}
