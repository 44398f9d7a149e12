//! The model: its state, and every move that it can make.

use std::hash::{DefaultHasher, Hash, Hasher};

use repass_client::Secret;
use repass_rotate::machine::{
    Action, Context, Event, Evidence, Outcome, RESENDS, Rules, Step, Urgency,
};
use repass_rotate::record::{Lease, Millis, Operation, Password, Record, State, Target};

pub(crate) type StepFunction = fn(&Record, Event, Context<'_>) -> Step;

pub(crate) const SETTLE: Millis = 2;
/// A password that nobody here knows.
pub(crate) const FOREIGN: &str = "foreign";

/// What is explored, and with which mistakes.
#[derive(Clone)]
pub(crate) struct System {
    pub(crate) step: StepFunction,
    pub(crate) rules: Rules,
    pub(crate) operation: Operation,
    pub(crate) workers: usize,
    /// How many passwords may be made.
    pub(crate) passwords: u64,
    /// A worker sends first and saves afterwards.
    pub(crate) acts_before_saving: bool,
    /// A worker sends although its lease does not outlast the deadline.
    pub(crate) ignores_lease: bool,
    /// A save replaces whatever there is.
    pub(crate) ignores_version: bool,
}

/// How often something may still go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Budget {
    pub(crate) faults: u32,
    pub(crate) crashes: u32,
    pub(crate) forces: u32,
    pub(crate) foreign: u32,
}

/// Something that the cloud may still do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Effect {
    pub(crate) sets: String,
    pub(crate) restores: bool,
    pub(crate) since: Millis,
    /// Whether a later password was proven.
    pub(crate) superseded: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Worker {
    /// It holds nothing.
    Away,
    /// It has taken a step, and is about to save it.
    Saving { step: Step, expected: u64 },
    /// It saved, but the answer was lost: it reads the record back.
    Reading { step: Step, expected: u64 },
    /// It is about to carry out an action.
    Acting {
        record: Record,
        version: u64,
        action: Action,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) now: Millis,
    pub(crate) live: String,
    pub(crate) effects: Vec<Effect>,
    pub(crate) record: Record,
    pub(crate) version: u64,
    pub(crate) workers: Vec<Worker>,
    pub(crate) budget: Budget,
    /// Passwords that an answer has proven.
    pub(crate) proven: Vec<String>,
    /// Passwords that a change was sent with, whose outcome was not a clean refusal.
    pub(crate) changes: Vec<String>,
    /// Wrong logins in a row.
    pub(crate) wrong: u32,
    /// Who sent last, and until when the request may be under way.
    pub(crate) sending: Option<(usize, Millis)>,
    pub(crate) crashed: u32,
    /// Whether the live password became another one since the last accepted login.
    pub(crate) was_overtaken: bool,
    /// What an invariant found out during a move.
    pub(crate) violation: Option<String>,
}

pub(crate) fn rules(login: bool, publish: bool) -> Rules {
    Rules {
        login,
        publish,
        interval: 9,
        deadline: 1,
        settle: SETTLE,
        lease: 3,
        retry: 1,
        longest_retry: 1,
    }
}

pub(crate) fn system(operation: Operation, login: bool, workers: usize) -> System {
    System {
        step: repass_rotate::machine::step,
        rules: rules(login, false),
        operation,
        workers,
        passwords: 3,
        acts_before_saving: false,
        ignores_lease: false,
        ignores_version: false,
    }
}

const NAMES: [&str; 2] = ["one", "two"];

impl World {
    /// A record whose first rotation is due, of an instance whose password is known.
    pub(crate) fn new(system: &System, budget: Budget) -> Self {
        let target = Target {
            operation: system.operation,
            instance: "i".to_owned(),
            account: None,
        };
        let enrolled = Record::new(target, "test", 0, 0);
        let context = Context {
            rules: &system.rules,
            who: "test",
            now: 0,
        };
        let first = Secret::from("p0");
        let mut record = repass_rotate::machine::import(&enrolled, first, context).record;
        record.status.rotate_at = 0;
        record.status.due_at = 0;
        record.status.published_version = record.status.version;
        record.status.state = State::Idle;
        record.status.history.clear();
        Self {
            now: 0,
            live: "p0".to_owned(),
            effects: Vec::new(),
            record,
            version: 1,
            workers: vec![Worker::Away; system.workers],
            budget,
            proven: Vec::new(),
            changes: Vec::new(),
            wrong: 0,
            sending: None,
            crashed: 0,
            was_overtaken: false,
            violation: None,
        }
    }

    /// Every move that is possible, by name.
    pub(crate) fn moves(&self, system: &System) -> Vec<(&'static str, Self)> {
        let mut moves = Vec::new();
        for index in 0..self.workers.len() {
            self.worker_moves(system, index, &mut moves);
        }
        self.cloud_moves(system, &mut moves);
        let mut later = self.clone();
        later.now += 1;
        later.forget_the_past(system);
        moves.push(("a tick passes", later));
        moves
    }

    fn fault(&self) -> Option<Self> {
        let mut world = self.clone();
        world.budget.faults = world.budget.faults.checked_sub(1)?;
        Some(world)
    }

    fn worker_moves(&self, system: &System, index: usize, moves: &mut Vec<(&'static str, Self)>) {
        let worker = &self.workers[index];
        if !matches!(worker, Worker::Away) && self.budget.crashes > 0 {
            let mut world = self.clone();
            world.budget.crashes -= 1;
            world.crashed += 1;
            world.workers[index] = Worker::Away;
            moves.push(("a worker is killed", world));
        }
        match worker {
            Worker::Away => {
                self.begin(system, index, Urgency::Due, moves);
                if self.budget.forces > 0 {
                    let mut world = self.clone();
                    world.budget.forces -= 1;
                    // A person asked for it.
                    world.wrong = 0;
                    world.begin(system, index, Urgency::Force, moves);
                }
            }
            Worker::Saving { step, expected } => {
                let fits = *expected == self.version || system.ignores_version;
                let mut saved = self.clone();
                if fits {
                    saved.replace(step.record.clone());
                    saved.workers[index] = saved.act(step, saved.version);
                    moves.push(("a worker saves", saved));
                } else {
                    saved.workers[index] = Worker::Away;
                    moves.push(("a worker is too late to save", saved));
                }
                if let Some(mut lost) = self.fault() {
                    lost.workers[index] = Worker::Reading {
                        step: step.clone(),
                        expected: *expected,
                    };
                    moves.push(("a save is lost", lost.clone()));
                    if fits {
                        lost.replace(step.record.clone());
                        moves.push(("the answer to a save is lost", lost));
                    }
                }
            }
            Worker::Reading { step, expected } => {
                let mut world = self.clone();
                world.workers[index] = if self.record == step.record {
                    self.act(step, self.version)
                } else if self.version == *expected {
                    Worker::Saving {
                        step: step.clone(),
                        expected: *expected,
                    }
                } else {
                    Worker::Away
                };
                moves.push(("a worker reads back", world));
            }
            Worker::Acting { action, .. } => match action {
                Action::Send => self.send(system, index, moves),
                Action::Login(number) => self.log_in(system, index, *number, moves),
                Action::Publish => self.publish(system, index, moves),
                Action::Release | Action::Held | Action::ClockBack => {}
            },
        }
    }

    fn replace(&mut self, record: Record) {
        if record.status.version != self.record.status.version {
            self.promoted(&record);
            // The budget is that of one rotation.
            self.wrong = 0;
        }
        self.record = record;
        self.record.status.history.clear();
        self.version += 1;
    }

    fn act(&self, step: &Step, version: u64) -> Worker {
        match step.action {
            Action::Release | Action::Held | Action::ClockBack => Worker::Away,
            action => Worker::Acting {
                record: step.record.clone(),
                version,
                action,
            },
        }
    }

    fn begin(
        &self,
        system: &System,
        index: usize,
        urgency: Urgency,
        moves: &mut Vec<(&'static str, Self)>,
    ) {
        let number = self.record.status.next_number;
        let event = Event::Begin {
            fresh: Secret::from(format!("p{number}.{index}")),
            urgency,
            exclusive: false,
        };
        if let Some(world) = self.step(system, index, &self.record, self.version, event) {
            moves.push(("a worker begins", world));
        }
    }

    /// Takes a step of the machine; none if it changes nothing, or would make too many passwords.
    fn step(
        &self,
        system: &System,
        index: usize,
        record: &Record,
        version: u64,
        event: Event,
    ) -> Option<Self> {
        let context = Context {
            rules: &system.rules,
            who: NAMES[index],
            now: self.now,
        };
        let mut step = (system.step)(record, event, context);
        step.record.status.history.clear();
        step.entries.clear();
        if step.record.status.next_number > system.passwords + 1 {
            return None;
        }
        let mut world = self.clone();
        let is_over = matches!(step.action, Action::Release | Action::Held);
        if step.record == *record && is_over {
            if matches!(self.workers[index], Worker::Away) {
                return None;
            }
            world.workers[index] = Worker::Away;
            return Some(world);
        }
        world.workers[index] = if system.acts_before_saving && !is_over {
            Worker::Acting {
                record: step.record,
                version,
                action: step.action,
            }
        } else {
            Worker::Saving {
                step,
                expected: version,
            }
        };
        Some(world)
    }

    fn next(
        &self,
        system: &System,
        index: usize,
        event: Event,
        name: &'static str,
        moves: &mut Vec<(&'static str, Self)>,
    ) {
        let Worker::Acting {
            record, version, ..
        } = &self.workers[index]
        else {
            return;
        };
        let is_answered = matches!(&event, Event::Sent(reply) if reply.outcome != Outcome::Unknown);
        if let Some(mut world) = self.step(system, index, record, *version, event) {
            // What is answered is not under way.
            if is_answered && world.sending.is_some_and(|(who, _)| who == index) {
                world.sending = None;
            }
            moves.push((name, world));
        }
    }

    fn send(&self, system: &System, index: usize, moves: &mut Vec<(&'static str, Self)>) {
        let Worker::Acting { record, .. } = &self.workers[index] else {
            return;
        };
        let reply = |outcome: Outcome| Event::Sent(outcome.into_reply());
        let lease = record.status.lease.as_ref();
        let lasts =
            lease.is_some_and(|Lease { until, .. }| *until >= self.now + system.rules.deadline);
        if !lasts && !system.ignores_lease {
            self.next(
                system,
                index,
                reply(Outcome::NotSent),
                "the lease is short",
                moves,
            );
            return;
        }
        let Some(pending) = &record.passwords.pending else {
            return;
        };
        let new = pending.secret.expose().to_owned();
        let old = record.passwords.current.as_ref();
        let old = old.map(|old| old.secret.expose().to_owned());
        let mut sent = self.clone();
        sent.sent(system, index, &new);
        let is_change = !system.operation.is_reset();
        if is_change && old.as_deref() != Some(self.live.as_str()) {
            let wrong = reply(Outcome::WrongOldPassword);
            sent.next(system, index, wrong, "the old password is wrong", moves);
            return;
        }
        let before = self.live.clone();
        let mut applied = sent.clone();
        applied.apply(&new);
        if system.operation == Operation::DdmAdmin {
            let mut job = sent.clone();
            job.prove(&new);
            job.add(&new, false);
            job.next(
                system,
                index,
                reply(Outcome::Accepted),
                "a job begins",
                moves,
            );
        } else {
            let mut done = applied.clone();
            done.prove(&new);
            done.next(system, index, reply(Outcome::Done), "it is done", moves);
        }
        let Some(Budget { faults, .. }) = self.fault().map(|world| world.budget) else {
            return;
        };
        for world in [&mut sent, &mut applied] {
            world.budget.faults = faults;
        }
        for (outcome, name) in [
            (Outcome::NotSent, "there is no connection"),
            (Outcome::Later, "the instance is busy"),
            (Outcome::Refused, "the service refuses"),
            (Outcome::Unknown, "the request is lost"),
        ] {
            let mut world = sent.clone();
            if outcome != Outcome::Unknown {
                // It may be sent again.
                world.changes.retain(|change| *change != new);
            }
            world.next(system, index, reply(outcome), name, moves);
        }
        if is_change {
            let wrong = reply(Outcome::WrongOldPassword);
            applied.next(system, index, wrong, "a proxy repeats the request", moves);
        }
        let unknown = || reply(Outcome::Unknown);
        applied.next(system, index, unknown(), "the answer is lost", moves);
        let mut late = sent.clone();
        late.add(&new, false);
        late.next(system, index, unknown(), "it is applied late", moves);
        if before != new {
            let mut restored = applied.clone();
            restored.add(&before, true);
            restored.next(
                system,
                index,
                unknown(),
                "the answer is lost, and a node fails",
                moves,
            );
            restored.prove(&new);
            restored.next(
                system,
                index,
                reply(Outcome::Done),
                "it is done, and a node fails",
                moves,
            );
        }
    }

    /// Notes that a request is sent, and looks whether it may be.
    fn sent(&mut self, system: &System, index: usize, new: &str) {
        if let Some((other, until)) = self.sending
            && other != index
            && until > self.now
        {
            self.violation = Some("two workers send at the same time".to_owned());
        }
        self.sending = Some((index, self.now + system.rules.deadline));
        if !self.knows(new) {
            self.violation = Some(format!("{new} is sent and not saved"));
        }
        if !system.operation.is_reset() {
            if self.changes.iter().any(|sent| sent == new) {
                self.violation = Some(format!("a change to {new} is sent twice"));
            }
            self.changes.push(new.to_owned());
        }
    }

    fn apply(&mut self, password: &str) {
        password.clone_into(&mut self.live);
    }

    fn add(&mut self, sets: &str, restores: bool) {
        self.effects.push(Effect {
            sets: sets.to_owned(),
            restores,
            since: self.now,
            superseded: false,
        });
    }

    /// A proven request ends those before it.
    fn prove(&mut self, new: &str) {
        self.proven.push(new.to_owned());
        self.proven.sort_unstable();
        self.proven.dedup();
        let now = self.now;
        for effect in &mut self.effects {
            effect.superseded |= effect.since < now || !effect.restores;
        }
    }

    fn log_in(
        &self,
        system: &System,
        index: usize,
        number: u64,
        moves: &mut Vec<(&'static str, Self)>,
    ) {
        let Worker::Acting {
            record, version, ..
        } = &self.workers[index]
        else {
            return;
        };
        let Some(password) = record.passwords.get(number) else {
            return;
        };
        let mut world = self.clone();
        let evidence = if password.secret.expose() == self.live {
            world.wrong = 0;
            world.was_overtaken &= *version != self.version;
            Evidence::Accepted
        } else {
            world.wrong += 1;
            Evidence::Rejected
        };
        let event = Event::LoggedIn(number, evidence);
        world.next(system, index, event, "a worker logs in", moves);
        if let Some(lost) = self.fault() {
            let event = Event::LoggedIn(number, Evidence::Unknown(String::new()));
            lost.next(system, index, event, "no login is possible", moves);
        }
    }

    fn publish(&self, system: &System, index: usize, moves: &mut Vec<(&'static str, Self)>) {
        self.next(
            system,
            index,
            Event::Published(Ok(())),
            "a worker publishes",
            moves,
        );
        if let Some(failed) = self.fault() {
            let event = Event::Published(Err(String::new()));
            failed.next(system, index, event, "publishing fails", moves);
        }
    }

    fn cloud_moves(&self, system: &System, moves: &mut Vec<(&'static str, Self)>) {
        for (index, effect) in self.effects.iter().enumerate() {
            let mut world = self.clone();
            world.effects.remove(index);
            if effect.is_alive(self.now, system) {
                world.apply(&effect.sets);
                world.was_overtaken = true;
                if let Some(Budget { faults, .. }) = self.fault().map(|world| world.budget)
                    && !effect.restores
                    && self.live != effect.sets
                {
                    let mut restored = world.clone();
                    restored.budget.faults = faults;
                    restored.add(&self.live, true);
                    moves.push(("it is applied late, and a node fails", restored));
                }
                moves.push(("the cloud does what was under way", world));
            }
        }
        if self.budget.foreign > 0 {
            let mut world = self.clone();
            world.budget.foreign -= 1;
            world.apply(FOREIGN);
            world.was_overtaken = true;
            moves.push(("someone else changes the password", world));
        }
    }

    /// Drops what can have no consequence any more, so that equal states are equal.
    fn forget_the_past(&mut self, system: &System) {
        let now = self.now;
        self.effects.retain(|effect| effect.is_alive(now, system));
        if self.sending.is_some_and(|(_, until)| until <= now) {
            self.sending = None;
        }
    }

    /// Whether the store has this password.
    pub(crate) fn knows(&self, password: &str) -> bool {
        let mut all = self.record.passwords.all();
        all.any(|known| known.secret.expose() == password)
    }

    /// A number that is the same for states that behave the same.
    pub(crate) fn key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let now = self.now;
        self.live.hash(&mut hasher);
        self.hash_record(&self.record, &mut hasher);
        for effect in &self.effects {
            (&effect.sets, effect.restores, effect.superseded).hash(&mut hasher);
            (now - effect.since).min(4).hash(&mut hasher);
        }
        // It is looked at only if there is one worker, and would count without end.
        let wrong = if self.workers.len() == 1 {
            self.wrong
        } else {
            0
        };
        (
            self.budget,
            &self.proven,
            &self.changes,
            wrong,
            self.crashed,
            self.was_overtaken,
        )
            .hash(&mut hasher);
        self.sending
            .map(|(who, until)| (who, until.saturating_sub(now)))
            .hash(&mut hasher);
        for worker in &self.workers {
            match worker {
                Worker::Away => 0.hash(&mut hasher),
                Worker::Saving { step, expected } => {
                    (1, self.version == *expected, step.action).hash(&mut hasher);
                    self.hash_record(&step.record, &mut hasher);
                }
                Worker::Reading { step, expected } => {
                    (2, self.version == *expected, step.action).hash(&mut hasher);
                    self.hash_record(&step.record, &mut hasher);
                }
                Worker::Acting {
                    record,
                    version,
                    action,
                } => {
                    (3, self.version == *version, *action).hash(&mut hasher);
                    self.hash_record(record, &mut hasher);
                }
            }
        }
        hasher.finish()
    }

    fn hash_record(&self, record: &Record, hasher: &mut impl Hasher) {
        let now = self.now;
        let status = &record.status;
        (
            status.state,
            status.problem.as_ref().map(|problem| problem.kind),
        )
            .hash(hasher);
        // What is past is past.
        for time in [status.due_at, status.rotate_at] {
            time.saturating_sub(now).min(20).hash(hasher);
        }
        (status.version, status.published_version, status.verified).hash(hasher);
        (status.tries.min(RESENDS), status.wrong_logins).hash(hasher);
        let held = status
            .held
            .map(|held| (held.number, (now - held.since).min(3)));
        (held, &status.rejected, status.probing, status.next_number).hash(hasher);
        let lease = status.lease.as_ref();
        lease
            .map(|lease| (&lease.holder, lease.until.saturating_sub(now)))
            .hash(hasher);
        let passwords = &record.passwords;
        let one = |password: &Password| {
            let keep_for = password.keep_until.saturating_sub(now);
            (
                password.number,
                password.secret.expose().to_owned(),
                password.in_doubt,
                keep_for,
            )
        };
        (passwords.current.as_ref().map(one)).hash(hasher);
        (passwords.pending.as_ref().map(one)).hash(hasher);
        (passwords.previous.as_ref().map(one)).hash(hasher);
        (passwords.retired.iter().map(one).collect::<Vec<_>>()).hash(hasher);
    }
}

impl Effect {
    /// Whether the cloud may still do it.
    pub(crate) fn is_alive(&self, now: Millis, system: &System) -> bool {
        let is_recent = now < self.since + system.rules.settle;
        if self.restores {
            is_recent
        } else {
            is_recent || !self.superseded
        }
    }
}
