//! What an emulator knows, shared by all of its connections.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use axum::http::Method;
use serde::Serialize;
use tokio::sync::Notify;

use crate::body::Room;
use crate::clock::Clock;
use crate::fault::Faults;
use crate::fleet::Fleet;
use crate::instances::{Instances, Tracked};
use crate::options::Options;
use crate::password::OnPassword;
use crate::tokens::Tokens;

/// How many requests an emulator remembers.
const REMEMBERED: usize = 1000;

/// A request that was answered: never its headers or its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Received {
    /// The method.
    pub method: String,
    /// The path as it was sent.
    pub path: String,
    /// The status of the answer; none if the connection was cut instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The id that the answer carries in `X-Request-Id`.
    pub request_id: String,
}

/// A request that was answered, as it is kept: most are never asked for.
#[derive(Debug)]
pub(crate) struct Logged {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) status: Option<u16>,
    pub(crate) number: u64,
}

/// A handle to the state.
#[derive(Debug, Clone)]
pub(crate) struct Shared(Arc<State>);

#[derive(Debug)]
struct State {
    /// The address that it listens on.
    host: String,
    /// All of it but the instances and the faults.
    fleet: Fleet,
    /// The ids of its projects.
    projects: HashSet<String>,
    instances: Instances,
    tokens: Mutex<Tokens>,
    faults: Mutex<Faults>,
    clock: Clock,
    allowed_hosts: Vec<String>,
    room: Room,
    on_password: Option<OnPassword>,
    schedule: Schedule,
    /// How many requests have been received.
    received: AtomicU64,
    /// How many jobs have been begun.
    jobs: AtomicU64,
    log: Mutex<VecDeque<Logged>>,
}

/// When the callback is to be told of changes that are still to come.
#[derive(Debug, Default)]
struct Schedule {
    /// Times, and the ids of instances.
    due: Mutex<BTreeSet<(SystemTime, String)>>,
    grew: Notify,
    catching_up: tokio::sync::Mutex<()>,
}

impl Shared {
    /// The state of an emulator that begins.
    pub(crate) fn new(
        address: SocketAddr,
        mut fleet: Fleet,
        instances: Instances,
        options: Options,
    ) -> Self {
        let tokens = Tokens::new(&fleet.projects, options.token_lifetime);
        let faults = Faults::new(fleet.seed, std::mem::take(&mut fleet.faults));
        Self(Arc::new(State {
            host: address.to_string(),
            projects: fleet.projects.iter().map(|one| one.id.clone()).collect(),
            fleet,
            instances,
            tokens: Mutex::new(tokens),
            faults: Mutex::new(faults),
            clock: options.clock,
            allowed_hosts: options.allowed_hosts,
            room: Room::default(),
            on_password: options.on_password,
            schedule: Schedule::default(),
            received: AtomicU64::new(0),
            jobs: AtomicU64::new(0),
            log: Mutex::default(),
        }))
    }

    /// The base URL of every service.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0.host)
    }

    /// The host and port of that URL.
    pub(crate) fn host(&self) -> &str {
        &self.0.host
    }

    /// The fleet; its instances and faults are those of [`Self::instances`] and [`Self::faults`].
    pub(crate) fn fleet(&self) -> &Fleet {
        &self.0.fleet
    }

    pub(crate) fn has_project(&self, id: &str) -> bool {
        self.0.projects.contains(id)
    }

    pub(crate) fn instance_count(&self) -> usize {
        self.0.instances.len()
    }

    pub(crate) fn instance(&self, id: &str) -> Option<MutexGuard<'_, Tracked>> {
        self.0.instances.get(id, &self.0.clock)
    }

    /// The instances from the first one that is not before an id, each locked in turn.
    pub(crate) fn instances_from(
        &self,
        is_before: impl Fn(&str) -> bool,
    ) -> impl Iterator<Item = MutexGuard<'_, Tracked>> {
        self.0.instances.from(is_before, &self.0.clock)
    }

    /// Tells the callback, if there is one, the passwords of an instance that were set.
    pub(crate) async fn tell(&self, id: &str) {
        if self.0.on_password.is_none() {
            return;
        }
        let (shared, id) = (self.clone(), id.to_owned());
        // A task of its own goes on though the connection of the request may break.
        let told = tokio::spawn(async move { shared.tell_now(&id).await });
        // It fails only if the callback panics, which is reported by then.
        let _ = told.await;
    }

    async fn tell_now(&self, id: &str) {
        let Some(on_password) = &self.0.on_password else {
            return;
        };
        let next = (self.0.instances).tell(id, &self.0.clock, on_password);
        if let Some(due) = next.await {
            lock(&self.0.schedule.due).insert((due, id.to_owned()));
            self.0.schedule.grew.notify_one();
        }
    }

    /// Tells the callback of changes that faults postponed or undo, each when it is due.
    pub(crate) async fn keep_telling(&self) {
        if self.0.on_password.is_none() {
            return;
        }
        loop {
            let first = lock(&self.0.schedule.due).first().cloned();
            let grew = self.0.schedule.grew.notified();
            match first {
                None => grew.await,
                Some((due, _)) => tokio::select! {
                    () = grew => {}
                    () = self.0.clock.reached(due) => self.catch_up().await,
                },
            }
        }
    }

    /// Tells the callback everything that is due, and returns when it has been told.
    pub(crate) async fn catch_up(&self) {
        let _one_at_a_time = self.0.schedule.catching_up.lock().await;
        loop {
            let now = self.now();
            let due = {
                let mut due = lock(&self.0.schedule.due);
                let is_due = due.first().is_some_and(|(due, _)| *due <= now);
                is_due.then(|| due.pop_first()).flatten()
            };
            match due {
                Some((_, id)) => self.tell(&id).await,
                None => return,
            }
        }
    }

    pub(crate) fn tokens(&self) -> MutexGuard<'_, Tokens> {
        lock(&self.0.tokens)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.0.faults)
    }

    pub(crate) fn allowed_hosts(&self) -> &[String] {
        &self.0.allowed_hosts
    }

    /// The memory that is left for bodies.
    pub(crate) fn room(&self) -> &Room {
        &self.0.room
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.0.clock.now()
    }

    /// An id of the form that job ids have, another one each time.
    pub(crate) fn new_job_id(&self) -> String {
        let number = self.0.jobs.fetch_add(1, Ordering::Relaxed) + 1;
        format!("00000000-0000-4000-8000-{number:012x}")
    }

    /// A number for a request, another one each time.
    pub(crate) fn new_request_number(&self) -> u64 {
        self.0.received.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The number of the last request that was received.
    pub(crate) fn last_request_number(&self) -> u64 {
        self.0.received.load(Ordering::Relaxed)
    }

    pub(crate) fn remember(&self, logged: Logged) {
        let mut log = lock(&self.0.log);
        let forgotten = (log.len() == REMEMBERED).then(|| log.pop_front());
        log.push_back(logged);
        // What is forgotten is freed when others can go on.
        drop(log);
        drop(forgotten);
    }

    /// The last requests that were answered, the oldest first.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.last_received(REMEMBERED).1
    }

    /// The number of requests that are remembered, and the last few of them, the oldest first.
    pub(crate) fn last_received(&self, most: usize) -> (usize, Vec<Received>) {
        let received = |logged: &Logged| Received {
            method: logged.method.to_string(),
            path: logged.path.clone(),
            status: logged.status,
            request_id: request_id(logged.number),
        };
        let log = lock(&self.0.log);
        let last = log.iter().skip(log.len().saturating_sub(most));
        (log.len(), last.map(received).collect())
    }
}

/// The id of the request with this number.
pub(crate) fn request_id(number: u64) -> String {
    format!("0000000000000000{number:016x}")
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while it was locked would be a bug, and no reason to stop answering.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
