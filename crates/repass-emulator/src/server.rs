//! The listener, the gateway before the services, and the state behind them.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Response};
use axum::middleware::{self, Next};
use axum::response::IntoResponse;
use axum::routing::{post, put};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use repass_client::Secret;
use serde::de::DeserializeOwned;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::answer::{Answer, Refusal};
use crate::clock::Clock;
use crate::fleet::{Fleet, Instance};
use crate::gateway::{Call, Gateway, NOT_PUBLISHED, UNAUTHENTICATED};
use crate::{dcs, ddm, dms};

/// The longest head of a request; a token alone can have some thousand bytes.
const LARGEST_HEAD: usize = 64 << 10;
/// How long a client may take to send a head, and then a body.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// How many requests an emulator remembers.
const REMEMBERED: usize = 1000;

/// Where an emulator listens and what time it has.
#[derive(Debug, Clone)]
pub struct Options {
    /// The address; port 0 picks a free one. A free port of 127.0.0.1 unless told otherwise.
    pub listen: SocketAddr,
    /// The clock; the system's unless it is moved.
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            clock: Clock::default(),
        }
    }
}

/// A request that was answered: never its headers or its body.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// The method.
    pub method: String,
    /// The path as it was sent.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
    /// The id that the answer carries in `X-Request-Id`.
    pub request_id: String,
}

/// A running emulator. It stops when it is dropped.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
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
    pub async fn start_with(fleet: Fleet, options: Options) -> std::io::Result<Self> {
        let (project_id, token) = (fleet.project_id.clone(), fleet.token.clone());
        let (access_key, secret_key) = (fleet.access_key.clone(), fleet.secret_key.clone());
        let instances = fleet.by_id().map_err(|id| {
            let message = format!("two instances have the id {id}");
            std::io::Error::new(std::io::ErrorKind::InvalidInput, message)
        })?;
        let listener = TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        let shared = Shared(Arc::new(State {
            project_id,
            token,
            access_key,
            secret_key,
            instances: Mutex::new(instances),
            clock: options.clock,
            received: AtomicU64::new(0),
            jobs: AtomicU64::new(0),
            log: Mutex::default(),
        }));
        let server = tokio::spawn(serve(listener, router(shared.clone())));
        Ok(Self {
            address,
            shared,
            server,
        })
    }

    /// The base URL of every service: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The last 1000 requests that were answered, the oldest first.
    pub fn received(&self) -> Vec<Received> {
        let log = self
            .shared
            .0
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        log.iter().cloned().collect()
    }

    /// Whether this is the current password: of the instance, or of one of its accounts.
    pub fn password_is(&self, instance_id: &str, account: Option<&str>, candidate: &str) -> bool {
        let instances = self.shared.instances();
        let instance = instances.get(instance_id);
        let password = instance.and_then(|instance| instance.password(account));
        password.is_some_and(|password| password.expose() == candidate)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn router(shared: Shared) -> Router {
    let not_published = || async { Gateway(NOT_PUBLISHED) };
    Router::new()
        .route(
            "/v2/{project_id}/instances/{instance_id}/password",
            // Two services, one path: they have hosts of their own and differ in the method.
            post(dms::reset_password).put(dcs::update_password),
        )
        .route(
            "/v2/{project_id}/instances/{instance_id}/password/reset",
            post(dcs::reset_password),
        )
        .route(
            "/v2/{project_id}/instances/{instance_id}/users/{username}/password",
            post(ddm::reset_user_password),
        )
        .route(
            "/v3/{project_id}/instances/{instance_id}/admin-user",
            put(ddm::reset_administrator),
        )
        .fallback(not_published)
        .method_not_allowed_fallback(not_published)
        .layer(middleware::from_fn_with_state(shared.clone(), number))
        .with_state(shared)
}

async fn serve(listener: TcpListener, router: Router) {
    // Connections end with the task that accepts them.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, say: others will be closed.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        // An answer leaves in one piece; waiting for a fuller packet would cost it 40 ms.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        connections.spawn(async move {
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(READ_TIMEOUT)
                .max_buf_size(LARGEST_HEAD)
                .serve_connection(TokioIo::new(stream), service);
            // A connection that breaks is the client's affair.
            let _ = connection.await;
        });
    }
}

/// Gives each request an id and its answer the header with it.
async fn number(
    axum::extract::State(shared): axum::extract::State<Shared>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let number = shared.0.received.fetch_add(1, Ordering::Relaxed) + 1;
    let request_id = format!("{number:032x}");
    let (method, path) = (
        request.method().to_string(),
        request.uri().path().to_owned(),
    );

    let mut response = next.run(request).await;
    if let Some(Gateway(refusal)) = response.extensions_mut().remove() {
        response = refusal.gateway(&request_id).into_response();
    }
    if let Ok(id) = HeaderValue::try_from(&request_id) {
        response.headers_mut().insert("x-request-id", id);
    }
    let status = response.status().as_u16();
    let mut log = shared.0.log.lock().unwrap_or_else(PoisonError::into_inner);
    if log.len() == REMEMBERED {
        log.pop_front();
    }
    log.push_back(Received {
        method,
        path,
        status,
        request_id,
    });
    drop(log);
    response
}

/// How a service tells what every service has to tell.
pub(crate) struct Dialect {
    pub(crate) refuse: fn(Refusal) -> Answer,
    /// Where the service itself tells that a token is for another project; else the gateway does.
    pub(crate) other_project: Option<Refusal>,
    /// Where the service wants a UUID for an instance id.
    pub(crate) invalid_id: Option<Refusal>,
    pub(crate) no_instance: Refusal,
    pub(crate) empty_body: Refusal,
    pub(crate) not_json: Refusal,
    /// Which parameter to blame for JSON that is not what the contract has.
    pub(crate) parameter: fn(&serde_json::Value) -> Refusal,
}

#[derive(Debug)]
struct State {
    project_id: String,
    token: Secret,
    access_key: String,
    secret_key: Secret,
    instances: Mutex<BTreeMap<String, Instance>>,
    clock: Clock,
    /// How many requests have been received.
    received: AtomicU64,
    /// How many jobs have been begun.
    jobs: AtomicU64,
    log: Mutex<VecDeque<Received>>,
}

/// The state, shared by all connections.
#[derive(Debug, Clone)]
pub(crate) struct Shared(Arc<State>);

impl Shared {
    fn instances(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Instance>> {
        // A panic while it was locked would be a bug, and no reason to stop answering.
        self.0
            .instances
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_token(&self, token: &[u8]) -> bool {
        token == self.0.token.expose().as_bytes()
    }

    /// The secret key of this access key.
    pub(crate) fn secret_key(&self, access_key: &str) -> Option<&Secret> {
        (access_key == self.0.access_key).then_some(&self.0.secret_key)
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.0.clock.now()
    }

    /// An id of the form that job ids have, another one each time.
    pub(crate) fn new_job_id(&self) -> String {
        let number = self.0.jobs.fetch_add(1, Ordering::Relaxed) + 1;
        format!("00000000-0000-4000-8000-{number:012x}")
    }

    /// Looks up what the call names and reads its body, then lets the service act on them.
    pub(crate) fn answer<Body: DeserializeOwned>(
        &self,
        dialect: &Dialect,
        call: &Call,
        act: impl FnOnce(&mut Instance, Body) -> Result<Answer, Refusal>,
    ) -> Result<Answer, Gateway> {
        if call.project_id != self.0.project_id {
            let other_project = dialect.other_project.ok_or(Gateway(UNAUTHENTICATED))?;
            return Ok((dialect.refuse)(other_project));
        }
        let answer = || {
            if let Some(invalid_id) = dialect.invalid_id
                && !is_uuid(&call.instance_id)
            {
                return Err(invalid_id);
            }
            let mut instances = self.instances();
            let instance = instances.get_mut(&call.instance_id);
            let instance = instance.ok_or(dialect.no_instance)?;
            if call.body.is_empty() {
                return Err(dialect.empty_body);
            }
            act(instance, read(dialect, &call.body)?)
        };
        Ok(answer().unwrap_or_else(dialect.refuse))
    }
}

/// The body as the contract has it.
fn read<Body: DeserializeOwned>(dialect: &Dialect, body: &[u8]) -> Result<Body, Refusal> {
    // Serde would take an array for an object whose members come in order.
    let is_object = body.trim_ascii_start().starts_with(b"{");
    match serde_json::from_slice(body) {
        Ok(body) if is_object => Ok(body),
        _ => Err(match serde_json::from_slice(body) {
            Ok(value) => (dialect.parameter)(&value),
            Err(_) => dialect.not_json,
        }),
    }
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    let lengths = groups.iter().map(|group| group.len());
    lengths.eq([8, 4, 4, 4, 12]) && groups.concat().bytes().all(|byte| byte.is_ascii_hexdigit())
}
