//! What an emulator knows, shared by all of its connections.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde::Serialize;

use crate::clock::Clock;
use crate::fault::Faults;
use crate::fleet::{Fleet, Instance};
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

/// A handle to the state.
#[derive(Debug, Clone)]
pub(crate) struct Shared(Arc<State>);

#[derive(Debug)]
struct State {
    address: SocketAddr,
    /// All of it but the instances and the faults.
    fleet: Fleet,
    instances: Mutex<BTreeMap<String, Instance>>,
    tokens: Mutex<Tokens>,
    faults: Mutex<Faults>,
    clock: Clock,
    /// How many requests have been received.
    received: AtomicU64,
    /// How many jobs have been begun.
    jobs: AtomicU64,
    log: Mutex<VecDeque<Received>>,
}

impl Shared {
    /// The state of an emulator that begins.
    pub(crate) fn new(
        address: SocketAddr,
        mut fleet: Fleet,
        instances: BTreeMap<String, Instance>,
        tokens: Tokens,
        clock: Clock,
    ) -> Self {
        let faults = Faults::new(fleet.seed, std::mem::take(&mut fleet.faults));
        Self(Arc::new(State {
            address,
            fleet,
            instances: Mutex::new(instances),
            tokens: Mutex::new(tokens),
            faults: Mutex::new(faults),
            clock,
            received: AtomicU64::new(0),
            jobs: AtomicU64::new(0),
            log: Mutex::default(),
        }))
    }

    /// The base URL of every service.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0.address)
    }

    /// The fleet; its instances and faults are those of [`Self::instances`] and [`Self::faults`].
    pub(crate) fn fleet(&self) -> &Fleet {
        &self.0.fleet
    }

    pub(crate) fn instances(&self) -> MutexGuard<'_, BTreeMap<String, Instance>> {
        lock(&self.0.instances)
    }

    pub(crate) fn tokens(&self) -> MutexGuard<'_, Tokens> {
        lock(&self.0.tokens)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.0.faults)
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

    /// An id for a request, another one each time.
    pub(crate) fn new_request_id(&self) -> String {
        let number = self.0.received.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{number:032x}")
    }

    pub(crate) fn remember(&self, received: Received) {
        let mut log = lock(&self.0.log);
        if log.len() == REMEMBERED {
            log.pop_front();
        }
        log.push_back(received);
    }

    /// The last requests that were answered, the oldest first.
    pub(crate) fn received(&self) -> Vec<Received> {
        lock(&self.0.log).iter().cloned().collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while it was locked would be a bug, and no reason to stop answering.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
