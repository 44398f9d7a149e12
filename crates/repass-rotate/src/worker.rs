//! The worker: it does what the machine decides, in the order in which the machine decides it.
//!
//! For each credential it loads the record, takes a step, saves, acts, and takes the next step with
//! the result. Around that it decides when a credential has its turn: one of a service first, then
//! more; fewer if the service throttles; none any more after equal refusals or a weak-password
//! refusal of a generated password.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use repass_client::{Client, DEFAULT_LENGTH, RetryConfig, Secret, Service, generate};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::call;
use crate::fleet::{Credential, Fleet};
use crate::login::LoginResult;
use crate::machine::{
    self, Action, Context, Event, Evidence, Outcome, Reply, Rules, Step, Urgency, step,
};
use crate::publish::publish;
use crate::record::{Entry, Millis, Problem, ProblemKind, Record, State, Target};
use crate::store::{Query, Store, StoreError, Version, Which, save, system_now};

/// How long a login may take.
const LOGIN_DEADLINE: Duration = Duration::from_secs(10);
/// How many names are read at once from a store for one process.
const PAGE: usize = 200;
/// How many names are read at once from a shared store for each credential that is rotated at once.
/// The store keeps them from other workers for as long as a lease lasts.
const SHARED_PAGE: usize = 4;
/// How many equal refusals in a row stop a service.
const EQUAL_REFUSALS: usize = 5;
/// How many failures of the store in a row stop the run.
const STORE_FAILURES: usize = 5;
/// How often one credential has its turn in a run.
const TURNS: u32 = 30;
/// How long a run that watches waits before it asks the store again, by default.
const POLL: Duration = Duration::from_secs(30);

/// A rotation of a fleet.
#[derive(Clone)]
pub struct Worker {
    fleet: Arc<Fleet>,
    store: Arc<dyn Store>,
    client: Client,
    options: Options,
    clock: Arc<Clock>,
}

/// How a worker runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// The id of the worker. No other one that runs may have it.
    pub who: String,
    /// The reason for the run.
    pub urgency: Urgency,
    /// The names of the credentials, unless it is all of them.
    pub only: Option<BTreeSet<String>>,
    /// The number of credentials that are rotated at once.
    pub parallel: usize,
    /// How long the run waits for credentials that can be tried again later.
    pub patience: Duration,
    /// Whether the run goes on until it is stopped, and rotates what becomes due.
    pub watch: bool,
    /// How long a run that watches waits before it asks the store again what is due.
    pub poll: Duration,
}

impl Options {
    /// The options of a run that a person starts.
    pub fn new(fleet: &Fleet) -> Self {
        Self {
            who: worker_id(),
            urgency: Urgency::Retry,
            only: None,
            parallel: fleet.parallel,
            patience: Duration::from_millis(fleet.settle.saturating_mul(4)) + LOGIN_DEADLINE,
            watch: false,
            poll: POLL,
        }
    }
}

/// Returns an id that no other worker has.
pub fn worker_id() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = match host.trim() {
        "" => "worker",
        host => host,
    };
    format!("{host}-{}-{:08x}", std::process::id(), fastrand::u32(..))
}

/// What a run reports as it happens.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Progress {
    /// Something happened to a credential, and is saved.
    Entry {
        /// The name of the credential.
        name: String,
        /// What happened.
        #[serde(flatten)]
        entry: Entry,
    },
    /// A credential has had its turn.
    Turn {
        /// The name of the credential.
        name: String,
        /// Where it is now.
        #[serde(flatten)]
        end: End,
    },
    /// No more requests are sent to a service in this run.
    Stopped {
        /// The service, or none if the whole run stops.
        #[serde(skip_serializing_if = "Option::is_none")]
        service: Option<String>,
        /// The reason.
        reason: String,
    },
}

/// Where a credential is after its turn.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "end", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum End {
    /// Its record is in a state.
    State {
        /// The state.
        state: State,
        /// The reason for it, if something went wrong.
        #[serde(skip_serializing_if = "Option::is_none")]
        problem: Option<Problem>,
        /// The time at which it has to be looked at again.
        due_at: Millis,
        /// Whether the current password is another one than before the turn.
        rotated: bool,
        /// Whether a rotation is still to be done.
        unfinished: bool,
    },
    /// Another worker holds it.
    Held,
    /// The clock is behind the time of the last write, so nothing was done.
    ClockBack,
    /// The record belongs to another instance or account than the fleet file says.
    OtherTarget,
    /// The store failed.
    Store {
        /// The reason.
        reason: String,
    },
}

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Summary {
    /// Credentials with a new current password.
    pub rotated: usize,
    /// Credentials for which nothing was due.
    pub up_to_date: usize,
    /// Credentials that will be tried again: not sent, busy, not yet confirmed.
    pub waiting: usize,
    /// Credentials that were refused.
    pub refused: usize,
    /// Credentials whose live password is not known yet.
    pub doubtful: usize,
    /// Credentials that need a person.
    pub stuck: usize,
    /// New passwords that could not be published.
    pub not_published: usize,
    /// Credentials that another worker holds.
    pub held: usize,
    /// Credentials of which the store did not give or take the record, or with another target.
    pub failed: usize,
    /// Credentials that had no turn because the run stopped.
    pub skipped: usize,
    /// Credentials that were left alone because the clock moved back.
    pub clock_back: usize,
}

/// What one login with a current password showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Check {
    /// The current password is live.
    Live,
    /// The current password is not live.
    Drift,
    /// The instance needs no password.
    PasswordFree,
    /// The login could not be attempted.
    Unreachable,
    /// There is no login address.
    NoLogin,
    /// The current password is not known.
    NoCurrent,
}

/// The store's time, and the process's.
struct Clock {
    /// How far the store's clock is ahead of the system's, in milliseconds.
    offset: AtomicI64,
}

impl Clock {
    fn now(&self) -> Millis {
        let offset = self.offset.load(Ordering::Relaxed);
        system_now().saturating_add_signed(offset)
    }

    fn set(&self, now: Millis) {
        let offset = i64::try_from(i128::from(now) - i128::from(system_now())).unwrap_or(0);
        self.offset.store(offset, Ordering::Relaxed);
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("store", &self.store)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Worker {
    /// Creates a worker. Calls end within the fleet's deadline.
    pub fn new(fleet: Arc<Fleet>, store: Arc<dyn Store>, client: Client, options: Options) -> Self {
        let retries = RetryConfig {
            deadline: Duration::from_millis(fleet.deadline),
            ..RetryConfig::default()
        };
        Self {
            client: client.with_retries(retries),
            clock: Arc::new(Clock {
                offset: AtomicI64::new(0),
            }),
            fleet,
            store,
            options,
        }
    }

    /// Rotates what is due, until nothing is left to do or `stop` becomes true. A stop lets what was
    /// sent end and sends nothing more. If you drop the future, nothing is lost either: the next run
    /// resumes.
    ///
    /// # Errors
    /// The store cannot be used at all.
    pub async fn run(
        &self,
        progress: &mpsc::UnboundedSender<Progress>,
        stop: watch::Receiver<bool>,
    ) -> Result<Summary, StoreError> {
        self.enrol(progress).await?;
        let mut run = Run {
            worker: self,
            progress,
            stop,
            by_name: self.by_name(),
            source: Source::first(self.options.urgency),
            urgency: self.options.urgency,
            queues: HashMap::new(),
            gates: HashMap::new(),
            waiting: BinaryHeap::new(),
            turns: HashMap::new(),
            ends: HashMap::new(),
            running: JoinSet::new(),
            busy: HashSet::new(),
            can_be_stopped: true,
            is_stopped: false,
            store_failures: 0,
            skipped: 0,
            begun: Instant::now(),
        };
        run.go().await?;
        let summary = run.summary();
        Ok(summary)
    }

    /// Logs in with the current passwords, and changes nothing.
    ///
    /// # Errors
    /// The store cannot be used, or has no key.
    pub async fn check(
        &self,
        mut report: impl FnMut(&str, Check, Option<String>),
    ) -> Result<(), StoreError> {
        for credential in self.credentials() {
            let name = &credential.name;
            let record = self.store.load(name).await?;
            let current = record.and_then(|(record, _)| record.passwords.current);
            let (Some(current), Some(login)) = (&current, &credential.login) else {
                let check = match current {
                    Some(_) => Check::NoLogin,
                    None => Check::NoCurrent,
                };
                report(name, check, None);
                continue;
            };
            match login.try_password(&current.secret, LOGIN_DEADLINE).await {
                LoginResult::Accepted => report(name, Check::Live, None),
                LoginResult::Rejected => report(name, Check::Drift, None),
                LoginResult::Open => report(name, Check::PasswordFree, None),
                LoginResult::Unknown(reason) => report(name, Check::Unreachable, Some(reason)),
            }
        }
        Ok(())
    }

    /// Connects to every login address, and returns those that cannot be reached.
    pub async fn unreachable(&self) -> Vec<(String, String)> {
        let mut tasks = JoinSet::new();
        let mut failed = Vec::new();
        for credential in self.credentials() {
            let Some(login) = credential.login.clone() else {
                continue;
            };
            while tasks.len() >= 32 {
                failed.extend(tasks.join_next().await.and_then(Result::ok).flatten());
            }
            let name = credential.name.clone();
            tasks.spawn(async move {
                let reached = login.reachable(LOGIN_DEADLINE).await;
                reached.err().map(|reason| (name, reason))
            });
        }
        while let Some(joined) = tasks.join_next().await {
            failed.extend(joined.ok().flatten());
        }
        failed.sort_unstable();
        failed
    }

    /// Makes a password that a person supplied the current one of a credential.
    ///
    /// # Errors
    /// The store cannot be used, or another worker holds the record ([`StoreError::Conflict`]).
    pub async fn import(&self, credential: &Credential, secret: Secret) -> Result<(), StoreError> {
        let rules = credential.rules(&self.fleet);
        let now = self.clock.now();
        let context = Context {
            rules: &rules,
            who: &self.options.who,
            now,
        };
        let (record, version) = match self.store.load(&credential.name).await? {
            Some((record, version)) => (record, Some(version)),
            None => (self.new_record(credential, now), None),
        };
        let step = machine::import(&record, secret, context);
        if step.action == Action::Held && !self.store.is_exclusive() {
            return Err(StoreError::Conflict);
        }
        save(&*self.store, &credential.name, version, &step.record).await?;
        Ok(())
    }

    fn credentials(&self) -> impl Iterator<Item = &Credential> {
        let only = self.options.only.as_ref();
        let all = self.fleet.credentials.iter();
        all.filter(move |one| only.is_none_or(|only| only.contains(&one.name)))
    }

    fn by_name(&self) -> HashMap<&str, &Credential> {
        let all = self.credentials();
        all.map(|one| (one.name.as_str(), one)).collect()
    }

    fn new_record(&self, credential: &Credential, now: Millis) -> Record {
        let interval = credential.rules(&self.fleet).interval;
        let rotate_at = now.saturating_add(interval);
        Record::new(credential.target.clone(), &self.options.who, now, rotate_at)
    }

    /// Creates the records that are missing. Nothing rotates because of it.
    async fn enrol(&self, progress: &mpsc::UnboundedSender<Progress>) -> Result<(), StoreError> {
        let mut missing = self.by_name();
        let mut query = Query {
            limit: 10_000,
            ..Query::default()
        };
        loop {
            let page = self.store.list(&query).await?;
            if !self.store.is_exclusive() {
                self.clock.set(page.now);
            }
            for record in &page.records {
                missing.remove(record.name.as_str());
            }
            match page.records.into_iter().next_back() {
                Some(last) => query.after = Some(last.name),
                None => break,
            }
        }
        let now = self.clock.now();
        let mut tasks = JoinSet::new();
        // In the order of the file.
        let is_missing = |one: &&Credential| missing.contains_key(one.name.as_str());
        for credential in self.credentials().filter(is_missing) {
            while tasks.len() >= 64 {
                enrolled(tasks.join_next().await)?;
            }
            let record = self.new_record(credential, now);
            let name = credential.name.clone();
            if let Some(entry) = record.status.history.back().cloned() {
                let name = name.clone();
                let _ = progress.send(Progress::Entry { name, entry });
            }
            let store = Arc::clone(&self.store);
            tasks.spawn(async move { save(&*store, &name, None, &record).await });
        }
        while !tasks.is_empty() {
            enrolled(tasks.join_next().await)?;
        }
        Ok(())
    }

    /// Lets one credential have its turn.
    async fn turn(
        &self,
        credential: &Credential,
        urgency: Urgency,
        progress: &mpsc::UnboundedSender<Progress>,
        stop: &watch::Receiver<bool>,
    ) -> Turn {
        let rules = credential.rules(&self.fleet);
        let loaded = match self.store.load(&credential.name).await {
            Ok(Some(loaded)) => loaded,
            // It was removed since it was listed.
            Ok(None) => return Turn::of(End::Held),
            Err(error) => return Turn::store(error),
        };
        let (mut record, mut version) = loaded;
        if !is_same(&record.status.target, &credential.target) {
            return Turn::of(End::OtherTarget);
        }
        record.status.target = credential.target.clone();
        let version_before = record.status.version;
        let fresh = match generate(DEFAULT_LENGTH) {
            Ok(fresh) => fresh,
            Err(error) => {
                return Turn::of(End::Store {
                    reason: error.to_string(),
                });
            }
        };
        let mut event = Event::Begin {
            fresh,
            urgency,
            exclusive: self.store.is_exclusive(),
        };
        let mut throttled = None;
        loop {
            // Both clocks count: one stands still while the machine sleeps, the other can be set.
            let (leased_at, now) = (Instant::now(), self.clock.now());
            let context = Context {
                rules: &rules,
                who: &self.options.who,
                now,
            };
            let mut next = step(&record, event, context);
            if next.action == Action::Send && *stop.borrow() {
                next = step(&record, Event::Stop, context);
            }
            match next.action {
                Action::Held => return Turn::of(End::Held),
                Action::ClockBack => return Turn::of(End::ClockBack),
                _ => {}
            }
            let Step {
                record: after,
                action,
                entries,
            } = next;
            if after != record {
                match save(&*self.store, &credential.name, Some(version), &after).await {
                    Ok(saved) => version = saved,
                    Err(StoreError::Conflict) => return Turn::of(End::Held),
                    Err(error) => return Turn::store(error),
                }
                record = after;
            }
            for entry in entries {
                let name = credential.name.clone();
                let _ = progress.send(Progress::Entry { name, entry });
            }
            event = match action {
                Action::Send => {
                    let reply = self.send(&record, &rules, leased_at).await;
                    if is_throttled(&reply) {
                        throttled = Some(reply.wait.map_or(Duration::ZERO, Duration::from_millis));
                    }
                    Event::Sent(reply)
                }
                Action::Login(number) => {
                    Event::LoggedIn(number, log_in(credential, &record, number).await)
                }
                Action::Publish => {
                    Event::Published(publish(&self.fleet.publish, &credential.name, &record).await)
                }
                Action::Release | Action::Held | Action::ClockBack => break,
            };
        }
        let status = record.status;
        Turn {
            end: End::State {
                rotated: status.version != version_before,
                unfinished: status.state.is_unfinished()
                    || status.state == State::Idle && status.rotate_at <= self.clock.now(),
                state: status.state,
                problem: status.problem,
                due_at: status.due_at,
            },
            throttled,
        }
    }

    /// Sends the pending password if the lease outlasts the deadline.
    async fn send(&self, record: &Record, rules: &Rules, leased_at: Instant) -> Reply {
        let lease = record.status.lease.as_ref();
        let until = lease.map_or(0, |lease| lease.until);
        let by_wall = self.clock.now().saturating_add(rules.deadline) <= until;
        let needed = Duration::from_millis(rules.deadline);
        let by_monotonic = leased_at.elapsed() + needed <= Duration::from_millis(rules.lease);
        if by_wall && by_monotonic {
            call::send(&self.client, record).await
        } else {
            Reply {
                detail: Some("the worker was paused for too long".to_owned()),
                ..Outcome::NotSent.into_reply()
            }
        }
    }
}

fn enrolled(
    joined: Option<Result<Result<Version, StoreError>, tokio::task::JoinError>>,
) -> Result<(), StoreError> {
    match joined {
        // Another worker was faster.
        None | Some(Ok(Ok(_) | Err(StoreError::Conflict))) => Ok(()),
        Some(Ok(Err(error))) => Err(error),
        Some(Err(error)) => Err(StoreError::Unusable(error.to_string())),
    }
}

/// Whether two targets are the same password; it can be set by a reset or by a change.
fn is_same(one: &Target, other: &Target) -> bool {
    let key = |target: &Target| {
        let service = target.operation.api().service();
        (service, target.instance.clone(), target.account.clone())
    };
    key(one) == key(other)
}

fn is_throttled(reply: &Reply) -> bool {
    let detail = reply.detail.as_deref().unwrap_or_default();
    reply.outcome == Outcome::Later && detail.starts_with("throttled")
}

async fn log_in(credential: &Credential, record: &Record, number: u64) -> Evidence {
    let (Some(login), Some(password)) = (&credential.login, record.passwords.get(number)) else {
        return Evidence::Unknown("there is no login address".to_owned());
    };
    match login.try_password(&password.secret, LOGIN_DEADLINE).await {
        LoginResult::Accepted => Evidence::Accepted,
        LoginResult::Rejected => Evidence::Rejected,
        LoginResult::Open => Evidence::Open,
        LoginResult::Unknown(reason) => Evidence::Unknown(reason),
    }
}

/// What a turn came to.
struct Turn {
    end: End,
    /// How long the service asks to wait, if it throttles.
    throttled: Option<Duration>,
}

impl Turn {
    fn of(end: End) -> Self {
        Self {
            end,
            throttled: None,
        }
    }

    fn store(error: StoreError) -> Self {
        Self::of(End::Store {
            reason: error.to_string(),
        })
    }
}

/// Where the next names come from.
enum Source {
    /// What is in the middle of something; the names come after this one.
    Unfinished(Option<String>),
    /// What is due.
    Due(Option<String>),
    /// Every credential of the fleet, from this index on.
    All(usize),
    /// Nothing more.
    End,
}

impl Source {
    fn first(urgency: Urgency) -> Self {
        match urgency {
            Urgency::Retry => Self::Unfinished(None),
            Urgency::Due => Self::Due(None),
            Urgency::Force => Self::All(0),
        }
    }
}

/// What keeps a service from too many requests.
#[derive(Debug)]
struct Gate {
    /// How many credentials may have their turn at once. It begins with one: the canary.
    allowed: usize,
    running: usize,
    /// When the next one may have its turn.
    not_before: Option<Instant>,
    /// The last refusal, and how often in a row it came.
    refusal: Option<(String, usize)>,
    is_stopped: bool,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            allowed: 1,
            running: 0,
            not_before: None,
            refusal: None,
            is_stopped: false,
        }
    }
}

/// One run of a worker.
struct Run<'a> {
    worker: &'a Worker,
    progress: &'a mpsc::UnboundedSender<Progress>,
    stop: watch::Receiver<bool>,
    by_name: HashMap<&'a str, &'a Credential>,
    source: Source,
    urgency: Urgency,
    /// Who waits for a turn, by service.
    queues: HashMap<Service, VecDeque<&'a str>>,
    gates: HashMap<Service, Gate>,
    /// Who has another turn, and when.
    waiting: BinaryHeap<Reverse<(Instant, &'a str)>>,
    turns: HashMap<&'a str, u32>,
    /// How the last turn of each ended, other than well.
    ends: HashMap<&'a str, (End, bool)>,
    running: JoinSet<(String, Turn)>,
    /// Who is in a queue, has its turn or waits for another one. A lease keeps other workers away,
    /// and not this one.
    busy: HashSet<&'a str>,
    /// Whether the other end of `stop` is there.
    can_be_stopped: bool,
    is_stopped: bool,
    store_failures: usize,
    skipped: usize,
    begun: Instant,
}

impl<'a> Run<'a> {
    async fn go(&mut self) -> Result<(), StoreError> {
        loop {
            let is_stopping = self.is_stopped || *self.stop.borrow();
            if !is_stopping {
                self.wake();
                self.fill().await?;
                self.start();
            }
            let is_idle = self.running.is_empty();
            let is_queued = self.queues.values().any(|queue| !queue.is_empty());
            let is_waiting = !self.waiting.is_empty();
            if is_idle && (is_stopping || !is_queued && !is_waiting && !self.worker.options.watch) {
                break;
            }
            let next = self.next_time(is_stopping);
            tokio::select! {
                joined = self.running.join_next(), if !is_idle => {
                    if let Some(Ok((name, turn))) = joined {
                        self.ended(&name, turn);
                    }
                }
                () = sleep_until(next), if !is_stopping => {}
                changed = self.stop.changed(), if !is_stopping && self.can_be_stopped => {
                    self.can_be_stopped = changed.is_ok();
                }
            }
        }
        self.skipped += self.queues.values().map(VecDeque::len).sum::<usize>() + self.waiting.len();
        Ok(())
    }

    /// Moves those whose time has come to the queues.
    fn wake(&mut self) {
        let now = Instant::now();
        while let Some(Reverse((at, name))) = self.waiting.peek().copied() {
            if at > now {
                break;
            }
            self.waiting.pop();
            self.queue(name);
        }
    }

    /// Gives a credential its first turn.
    fn take(&mut self, name: &'a str) {
        if self.busy.insert(name) {
            self.turns.insert(name, 0);
            self.queue(name);
        }
    }

    fn queue(&mut self, name: &'a str) {
        let Some(credential) = self.by_name.get(name) else {
            return;
        };
        let service = credential.target.operation.api().service();
        if self.gates.get(&service).is_some_and(|gate| gate.is_stopped) {
            // It would wait for a turn that never comes.
            self.skipped += 1;
        } else {
            self.queues.entry(service).or_default().push_back(name);
        }
    }

    /// Reads more names when few are left.
    async fn fill(&mut self) -> Result<(), StoreError> {
        let parallel = self.worker.options.parallel.max(1);
        let is_exclusive = self.worker.store.is_exclusive();
        let page = if is_exclusive {
            PAGE
        } else {
            parallel * SHARED_PAGE
        };
        let wanted = parallel;
        while !matches!(self.source, Source::End) {
            let queued: usize = self.queues.values().map(VecDeque::len).sum();
            if queued >= wanted {
                break;
            }
            let (which, after) = match &self.source {
                Source::Unfinished(after) => (Which::Unfinished, after.clone()),
                Source::Due(after) => (Which::Due, after.clone()),
                Source::All(index) => {
                    let index = *index;
                    let worker = self.worker;
                    let names: Vec<_> = worker.credentials().skip(index).take(page).collect();
                    self.source = if names.is_empty() {
                        Source::End
                    } else {
                        Source::All(index + names.len())
                    };
                    for credential in names {
                        self.take(&credential.name);
                    }
                    continue;
                }
                Source::End => break,
            };
            let query = Query {
                which,
                after,
                limit: page,
                claim: Duration::from_millis(self.worker.fleet.lease()),
                ..Query::default()
            };
            let page = self.worker.store.list(&query).await?;
            if !is_exclusive {
                self.worker.clock.set(page.now);
            }
            let last = page.records.last().map(|record| record.name.clone());
            for record in page.records {
                // Each has one turn from the store; it asks for more itself.
                let known = self
                    .by_name
                    .get(record.name.as_str())
                    .map(|one| one.name.as_str());
                if let Some(name) = known
                    && !self.turns.contains_key(name)
                {
                    self.take(name);
                }
            }
            self.source = match (which, last) {
                (Which::Unfinished, Some(last)) => Source::Unfinished(Some(last)),
                (Which::Unfinished, None) => Source::Due(None),
                (_, Some(last)) => Source::Due(Some(last)),
                (_, None) => Source::End,
            };
        }
        Ok(())
    }

    /// Lets as many as may have their turns.
    fn start(&mut self) {
        let now = Instant::now();
        let services: Vec<_> = self.queues.keys().copied().collect();
        for service in services {
            loop {
                if self.running.len() >= self.worker.options.parallel.max(1) {
                    return;
                }
                let gate = self.gates.entry(service).or_default();
                if gate.is_stopped
                    || gate.running >= gate.allowed
                    || gate.not_before.is_some_and(|time| time > now)
                {
                    break;
                }
                let queue = self.queues.get_mut(&service);
                let Some(name) = queue.and_then(VecDeque::pop_front) else {
                    break;
                };
                let Some(credential) = self.by_name.get(name) else {
                    continue;
                };
                gate.running += 1;
                *self.turns.entry(name).or_default() += 1;
                let urgency = self.urgency;
                let worker = self.worker.clone();
                let credential = Credential::clone(credential);
                let (progress, stop) = (self.progress.clone(), self.stop.clone());
                self.running.spawn(async move {
                    let turn = worker.turn(&credential, urgency, &progress, &stop).await;
                    (credential.name, turn)
                });
            }
        }
    }

    fn next_time(&mut self, is_stopping: bool) -> Option<Instant> {
        if is_stopping {
            return None;
        }
        let woken = self.waiting.peek().map(|Reverse((at, _))| *at);
        let queues = &self.queues;
        let opened = self.gates.iter().filter(|(service, gate)| {
            let is_queued = queues.get(service).is_some_and(|queue| !queue.is_empty());
            is_queued && gate.running < gate.allowed && !gate.is_stopped
        });
        let opened = opened.filter_map(|(_, gate)| gate.not_before);
        let next = woken.into_iter().chain(opened).min();
        if !self.worker.options.watch {
            return next;
        }
        let again = Instant::now() + self.worker.options.poll;
        if matches!(self.source, Source::End) && self.running.is_empty() {
            // What becomes due while nothing runs has a new first turn.
            self.turns.clear();
            self.source = Source::Due(None);
            self.urgency = Urgency::Due;
        }
        Some(next.map_or(again, |next| next.min(again)))
    }

    fn ended(&mut self, name: &str, turn: Turn) {
        let Some(credential) = self.by_name.get(name).copied() else {
            return;
        };
        let name = credential.name.as_str();
        let service = credential.target.operation.api().service();
        let parallel = self.worker.options.parallel.max(1);
        let Turn { end, throttled, .. } = turn;
        let _ = self.progress.send(Progress::Turn {
            name: name.to_owned(),
            end: end.clone(),
        });
        let gate = self.gates.entry(service).or_default();
        gate.running = gate.running.saturating_sub(1);
        self.busy.remove(name);
        self.store_failures = match &end {
            End::Store { .. } => self.store_failures + 1,
            _ => 0,
        };
        if let Some(wait) = throttled {
            let wait = wait.max(Duration::from_secs(1));
            gate.not_before = Some(Instant::now() + wait);
            gate.allowed = (gate.allowed / 2).max(1);
        }
        if let End::State {
            state,
            problem,
            due_at,
            unfinished,
            ..
        } = &end
        {
            let is_well = matches!(state, State::Idle | State::Promoted);
            if is_well && throttled.is_none() {
                gate.allowed = (gate.allowed * 2).min(parallel);
            }
            let refusal = problem.as_ref().filter(|_| !is_well).map(refusal);
            gate.refusal = match (refusal.flatten(), gate.refusal.take()) {
                (Some(refusal), Some((last, times))) if last == refusal => Some((last, times + 1)),
                (Some(refusal), _) => Some((refusal, 1)),
                (None, last) if !is_well => last,
                (None, _) => None,
            };
            let is_weak = problem
                .as_ref()
                .is_some_and(|one| one.kind == ProblemKind::WeakPassword);
            let equal = gate
                .refusal
                .clone()
                .filter(|(_, times)| *times >= EQUAL_REFUSALS);
            if *state == State::Failed && is_weak {
                self.stop_all("the service refused a generated password: its rules changed");
            } else if let Some((reason, _)) = equal {
                gate.is_stopped = true;
                let _ = self.progress.send(Progress::Stopped {
                    service: Some(service.to_string()),
                    reason,
                });
                let queue = self.queues.remove(&service).unwrap_or_default();
                self.skipped += queue.len();
            }
            if *unfinished {
                self.follow_up(name, *state, *due_at);
            }
        }
        if self.store_failures >= STORE_FAILURES {
            self.stop_all("the store failed several times in a row");
        }
        let rotated = matches!(&end, End::State { rotated: true, .. });
        let rotated = rotated || self.ends.get(name).is_some_and(|(_, rotated)| *rotated);
        self.ends.insert(name, (end, rotated));
    }

    fn stop_all(&mut self, reason: &str) {
        self.is_stopped = true;
        let _ = self.progress.send(Progress::Stopped {
            service: None,
            reason: reason.to_owned(),
        });
    }

    /// Gives a credential another turn if its time comes during the run.
    fn follow_up(&mut self, name: &'a str, state: State, due_at: Millis) {
        let now = self.worker.clock.now();
        let wait = Duration::from_millis(due_at.saturating_sub(now));
        let patience = self.worker.options.patience;
        let is_soon = self.begun.elapsed() + wait <= patience || self.worker.options.watch;
        let is_over = matches!(state, State::Failed | State::Stuck | State::Promoted);
        let is_rare = self.turns.get(name).is_some_and(|turns| *turns < TURNS);
        // In a run that watches, the store tells what is due much later.
        let is_far = wait > Duration::from_secs(24 * 60 * 60);
        if is_soon && is_rare && !is_over && !is_far {
            self.busy.insert(name);
            self.waiting.push(Reverse((Instant::now() + wait, name)));
        }
    }

    fn summary(&self) -> Summary {
        let mut summary = Summary {
            skipped: self.skipped,
            up_to_date: self
                .by_name
                .len()
                .saturating_sub(self.ends.len() + self.skipped),
            ..Summary::default()
        };
        for (end, rotated) in self.ends.values() {
            let count = match end {
                End::Held => &mut summary.held,
                End::ClockBack => &mut summary.clock_back,
                End::OtherTarget | End::Store { .. } => &mut summary.failed,
                End::State {
                    state, unfinished, ..
                } => match state {
                    State::Idle if *unfinished => &mut summary.waiting,
                    State::Idle if *rotated => &mut summary.rotated,
                    State::Idle => &mut summary.up_to_date,
                    State::Promoted => {
                        summary.rotated += usize::from(*rotated);
                        &mut summary.not_published
                    }
                    State::Prepared | State::Set => &mut summary.waiting,
                    State::Sending | State::Doubtful => &mut summary.doubtful,
                    State::Failed => &mut summary.refused,
                    State::Stuck => &mut summary.stuck,
                },
            };
            *count += 1;
        }
        summary
    }
}

/// What a refusal is compared by: its kind and its code, without what differs between instances.
fn refusal(problem: &Problem) -> Option<String> {
    let is_refusal = matches!(
        problem.kind,
        ProblemKind::NotSent | ProblemKind::Refused | ProblemKind::WeakPassword
    );
    let detail = problem.detail.as_deref().unwrap_or_default();
    let code: Vec<_> = detail.split(": ").take(2).collect();
    is_refusal.then(|| format!("{}: {}", problem.kind.text(), code.join(": ")))
}

async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}
