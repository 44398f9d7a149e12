//! The state machine of a rotation: a record and an event give the next record and the next action.
//!
//! It does no I/O and has no clock. The caller saves the record of each [`Step`] first, under
//! compare-and-set, and carries out the action only if that succeeded; the result of the action is
//! the next event. A caller that stops anywhere begins again with [`Event::Begin`].
//!
//! | state | what leads on |
//! |---|---|
//! | idle | due: a new password is prepared |
//! | prepared | a login accepts the current password: sending. It rejects it: doubtful |
//! | sending | done or accepted: set. Not sent or busy: prepared, later. Refused: failed. Unknown, or found so after a crash: doubtful |
//! | set | a login accepts the new password: promoted. It rejects it: doubtful |
//! | promoted | published: idle |
//! | doubtful | a reset is sent again with the same password. Otherwise logins decide: the pending password, the current one, those in doubt, the previous one. None of them: stuck |
//! | failed | tried again later, or at once if a person asks |
//! | stuck | a person imports the password or forces another attempt |
//!
//! What the machine relies on, and nothing more:
//! - A login tells which password is live now. It does not tell that a request under way is dead.
//! - A request whose outcome is unknown may be applied at any later time, unless a later one was
//!   proven and verified and [`Rules::settle`] has passed since.
//! - A service may restore the password before a set one, within [`Rules::settle`].
//! - A request ends, as far as its sender is concerned, within [`Rules::deadline`].

use repass_client::Secret;

use crate::record::{
    Entry, Held, Lease, Millis, NEVER, Password, Problem, ProblemKind, Record, State, What,
};

/// The number of wrong logins in a row after which no more are made: they may lock the account.
pub const WRONG_LOGINS: u32 = 2;
/// The number of attempts without a known outcome after which a login is asked between them.
pub const RESENDS: u32 = 3;
/// The number of failed attempts to log in after which a proven answer is enough.
pub const LOGIN_TRIES: u32 = 3;
/// The number of passwords in doubt with which no new one is prepared. Without a login address, the
/// oldest one is dropped instead.
pub const RETIRED: usize = 16;
/// How far the clock may be behind the last write: clocks of different workers differ.
pub const CLOCK_SKEW: Millis = 5_000;

/// How one credential is rotated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Whether there is a login address.
    pub login: bool,
    /// Whether there is a publish command.
    pub publish: bool,
    /// The time between two rotations.
    pub interval: Millis,
    /// The time within which a request ends.
    pub deadline: Millis,
    /// The time within which a service applies or restores a password late.
    pub settle: Millis,
    /// How long a lease lasts; longer than the deadline.
    pub lease: Millis,
    /// The first wait before another attempt. Each further one is twice as long.
    pub retry: Millis,
    /// The longest wait before another attempt.
    pub longest_retry: Millis,
}

/// Who takes a step, and when.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The rules of the credential.
    pub rules: &'a Rules,
    /// The id of the worker, for the lease and the history.
    pub who: &'a str,
    /// The time.
    pub now: Millis,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A worker looks at the record.
    Begin {
        /// A new password, in case one is needed.
        fresh: Secret,
        /// The reason for looking.
        urgency: Urgency,
        /// Whether the store admits only one worker, so that a lease of another one is void.
        exclusive: bool,
    },
    /// The request with the pending password ended.
    Sent(Reply),
    /// A login with the password of this number ended.
    LoggedIn(u64, Evidence),
    /// The current password was published, or not for this reason.
    Published(Result<(), String>),
    /// The worker stops before it carries out the action.
    Stop,
}

/// A reason for looking at a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// It is due.
    Due,
    /// A person started a run: what failed is tried again at once.
    Retry,
    /// A person asked for a rotation now. A reset is made even if someone else changed the password.
    Force,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What is certain.
    pub outcome: Outcome,
    /// The id of the request.
    pub request_id: Option<String>,
    /// The words of the service or of the client. Never a password.
    pub detail: Option<String>,
    /// How long the service asked to wait.
    pub wait: Option<Millis>,
}

/// What is certain after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The password is set.
    Done,
    /// The password is accepted, and a job sets it.
    Accepted,
    /// Nothing was sent.
    NotSent,
    /// The service refused for a reason that passes: busy, throttled, locked, not running.
    Later,
    /// The service refused because the old password is wrong.
    WrongOldPassword,
    /// The service refused the new password as too weak.
    WeakPassword,
    /// The service refused.
    Refused,
    /// The password may have changed or may still change.
    Unknown,
}

impl Outcome {
    /// Returns a reply without details.
    pub fn into_reply(self) -> Reply {
        Reply {
            outcome: self,
            request_id: None,
            detail: None,
            wait: None,
        }
    }
}

/// What a login showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// The password is live.
    Accepted,
    /// The password is not live.
    Rejected,
    /// No password is needed.
    Open,
    /// Nothing, for this reason: no connection, say.
    Unknown(String),
}

/// A record to save, and an action to carry out once it is saved.
#[derive(Debug, Clone)]
pub struct Step {
    /// The record. If it is the one that was given, there is nothing to save.
    pub record: Record,
    /// The action.
    pub action: Action,
    /// The new entries of the history.
    pub entries: Vec<Entry>,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Send the pending password, if the lease outlasts the deadline.
    Send,
    /// Log in with the password of this number.
    Login(u64),
    /// Publish the current password.
    Publish,
    /// Let go of the record until it is due.
    Release,
    /// Let go of the record: another worker holds it.
    Held,
    /// Let go of the record and warn: the clock is behind the time of the last write.
    ClockBack,
}

/// Takes a step.
pub fn step(record: &Record, event: Event, context: Context<'_>) -> Step {
    let mut machine = Machine {
        record: record.clone(),
        context,
        entries: Vec::new(),
    };
    let action = machine.on(event);
    machine.finish(record, action)
}

/// Makes a password that a person supplied the current one.
///
/// The pending password is kept if it is in doubt. A record that another worker holds is left alone.
pub fn import(record: &Record, secret: Secret, context: Context<'_>) -> Step {
    let mut machine = Machine {
        record: record.clone(),
        context,
        entries: Vec::new(),
    };
    let action = if machine.is_held_by_another() {
        Action::Held
    } else {
        machine.import(secret)
    };
    machine.finish(record, action)
}

struct Machine<'a> {
    record: Record,
    context: Context<'a>,
    entries: Vec<Entry>,
}

impl Machine<'_> {
    fn finish(self, before: &Record, action: Action) -> Step {
        let Self {
            mut record,
            context,
            entries,
        } = self;
        match action {
            Action::Held | Action::ClockBack => {}
            Action::Release => record.status.lease = None,
            Action::Send | Action::Login(_) | Action::Publish => {
                // Whoever finds it after a crash goes on at once.
                record.status.due_at = context.now;
                record.status.lease = Some(Lease {
                    holder: context.who.to_owned(),
                    until: context.now.saturating_add(context.rules.lease),
                });
            }
        }
        for entry in &entries {
            record.status.log(entry.clone());
        }
        if record != *before {
            record.status.touched_at = context.now;
        }
        Step {
            record,
            action,
            entries,
        }
    }

    fn on(&mut self, event: Event) -> Action {
        match event {
            Event::Begin {
                fresh,
                urgency,
                exclusive,
            } => self.begin(fresh, urgency, exclusive),
            Event::Sent(reply) => self.sent(reply),
            Event::LoggedIn(number, evidence) => self.logged_in(number, evidence),
            Event::Published(result) => self.published(result),
            Event::Stop => Action::Release,
        }
    }

    fn begin(&mut self, fresh: Secret, urgency: Urgency, exclusive: bool) -> Action {
        let now = self.context.now;
        if now.saturating_add(CLOCK_SKEW) < self.record.status.touched_at {
            return Action::ClockBack;
        }
        if !exclusive && self.is_held_by_another() {
            return Action::Held;
        }
        let forced = urgency == Urgency::Force;
        let is_due = self.record.status.due_at <= now;
        let must_rotate = self.record.status.rotate_at <= now;
        match self.record.status.state {
            State::Idle if is_due && must_rotate => self.prepare(fresh, false),
            State::Idle | State::Promoted if forced => {
                self.note(What::Forced, None);
                self.prepare(fresh, true)
            }
            State::Idle => Action::Release,
            // What could not be published does not keep the next rotation waiting.
            State::Promoted if must_rotate => self.prepare(fresh, false),
            State::Promoted => Action::Publish,
            State::Prepared if is_due || forced => self.check_current(forced),
            State::Set if is_due => self.log_in_with_pending(),
            State::Doubtful if is_due => self.resolve(),
            State::Prepared | State::Set | State::Doubtful => Action::Release,
            // Whoever was sending may not have been stopped before its request arrived.
            State::Sending => {
                let number = self.pending_number();
                self.note(What::Interrupted, number);
                self.doubt(None)
            }
            State::Failed => {
                let may_retry = self.record.status.due_at < NEVER && urgency == Urgency::Retry;
                if is_due || may_retry || forced {
                    self.try_again(fresh, forced)
                } else {
                    self.publish_if_needed()
                }
            }
            State::Stuck if forced => self.try_again(fresh, true),
            State::Stuck => self.publish_if_needed(),
        }
    }

    fn try_again(&mut self, fresh: Secret, forced: bool) -> Action {
        if forced {
            self.note(What::Forced, None);
        }
        self.forget_logins();
        if self.pending_is_in_doubt() {
            self.record.status.probing = false;
            self.record.status.tries = 0;
            return self.resolve();
        }
        // A change can be made only with the live password, so that one is looked for first.
        let is_reset = self.record.status.target.operation.is_reset();
        if forced && !is_reset && self.context.rules.login && self.record.status.version > 0 {
            self.record.passwords.pending = None;
            self.record.status.state = State::Doubtful;
            return self.probe();
        }
        self.prepare(fresh, forced)
    }

    /// Takes a new password on.
    fn prepare(&mut self, fresh: Secret, forced: bool) -> Action {
        let now = self.context.now;
        let passwords = &mut self.record.passwords;
        passwords
            .retired
            .retain(|password| password.in_doubt || password.keep_until > now);
        let is_reset = self.record.status.target.operation.is_reset();
        if passwords.current.is_none() && !is_reset {
            return self.fail(ProblemKind::NoCurrent, None, NEVER);
        }
        if passwords.retired.len() >= RETIRED {
            if self.context.rules.login && !forced {
                return self.stick(ProblemKind::TooManyInDoubt, None);
            }
            // Without a login address, nothing ever ends a doubt.
            passwords.retired.remove(0);
        }
        self.retire_pending();
        let number = self.next_number();
        self.record.passwords.pending = Some(Password::new(number, fresh));
        self.record.status.state = State::Prepared;
        self.record.status.problem = None;
        self.forget_logins();
        self.note(What::Prepared, Some(number));
        self.check_current(forced)
    }

    /// Logs in with the current password before another one is set: if it is not live, someone
    /// else changed it.
    fn check_current(&mut self, forced: bool) -> Action {
        // A change never overwrites a password that nobody here knows; a forced reset is asked to.
        let skip = forced && self.record.status.target.operation.is_reset();
        match &self.record.passwords.current {
            Some(current) if self.context.rules.login && !skip => Action::Login(current.number),
            _ => self.send(),
        }
    }

    fn send(&mut self) -> Action {
        let number = self.pending_number();
        self.record.status.state = State::Sending;
        self.note(What::Sending, number);
        Action::Send
    }

    fn sent(&mut self, reply: Reply) -> Action {
        if self.record.status.state != State::Sending {
            return Action::Release;
        }
        let Reply {
            outcome,
            request_id,
            detail,
            wait,
        } = reply;
        let what = match outcome {
            Outcome::Done => What::Done,
            Outcome::Accepted => What::Accepted,
            Outcome::NotSent => What::NotSent,
            Outcome::Unknown => What::Unknown,
            _ => What::Refused,
        };
        let number = self.pending_number();
        self.log(Entry {
            number,
            request_id,
            detail: detail.clone(),
            ..Entry::new(self.context.now, self.context.who, what)
        });
        match outcome {
            Outcome::Done if !self.context.rules.login => self.promote_pending(true, false),
            Outcome::Accepted if !self.context.rules.login => {
                // Nothing shows when the job ends, nor whether it succeeds.
                if let Some(pending) = &mut self.record.passwords.pending {
                    pending.in_doubt = true;
                }
                self.promote_pending(false, false)
            }
            Outcome::Done => {
                self.enter_set();
                self.log_in_with_pending()
            }
            Outcome::Accepted => {
                self.enter_set();
                // A job takes a while, and a wrong login counts.
                self.wait(Some(self.context.rules.settle / 4))
            }
            Outcome::NotSent => self.later(ProblemKind::NotSent, detail, wait),
            Outcome::Later => self.later(ProblemKind::Later, detail, wait),
            Outcome::WrongOldPassword => self.wrong_old_password(detail),
            Outcome::WeakPassword => self.refused(ProblemKind::WeakPassword, detail),
            Outcome::Refused => self.refused(ProblemKind::Refused, detail),
            Outcome::Unknown => self.doubt(detail),
        }
    }

    fn enter_set(&mut self) {
        self.record.status.state = State::Set;
        self.record.status.problem = None;
        self.record.status.tries = 0;
    }

    /// Tries the same password again later.
    fn later(&mut self, kind: ProblemKind, detail: Option<String>, wait: Option<Millis>) -> Action {
        self.problem(kind, detail);
        self.record.status.state = if self.pending_is_in_doubt() {
            State::Doubtful
        } else {
            State::Prepared
        };
        self.wait(wait)
    }

    /// The service says that the current password is not live: someone else changed it, or a proxy
    /// repeated the request, and the first copy was applied.
    fn wrong_old_password(&mut self, detail: Option<String>) -> Action {
        if let Some(pending) = &mut self.record.passwords.pending {
            pending.in_doubt = true;
        }
        if !self.context.rules.login {
            return self.fail(ProblemKind::Drift, detail, NEVER);
        }
        self.problem(ProblemKind::Drift, detail);
        let current = self.record.passwords.current.as_ref();
        let rejected = current.map(|current| current.number);
        self.record.status.rejected.extend(rejected);
        self.record.status.state = State::Doubtful;
        self.probe()
    }

    fn refused(&mut self, kind: ProblemKind, detail: Option<String>) -> Action {
        if self.pending_is_in_doubt() {
            // The refusal is of this request; an earlier one may still be applied.
            if !self.context.rules.login {
                return self.fail_later(kind, detail);
            }
            self.problem(kind, detail);
            self.record.status.state = State::Doubtful;
            self.record.status.probing = true;
            return self.settle();
        }
        self.record.passwords.pending = None;
        self.fail_later(kind, detail)
    }

    /// The pending password may be live now or later.
    fn doubt(&mut self, detail: Option<String>) -> Action {
        if let Some(pending) = &mut self.record.passwords.pending {
            pending.in_doubt = true;
        }
        let is_reset = self.record.status.target.operation.is_reset();
        if !is_reset && !self.context.rules.login {
            return self.stick(ProblemKind::NoLogin, detail);
        }
        self.problem(ProblemKind::Unknown, detail);
        self.record.status.state = State::Doubtful;
        self.record.status.held = None;
        self.record.status.rejected.clear();
        self.settle()
    }

    /// Finds out which password is live, or sets the pending one again.
    fn resolve(&mut self) -> Action {
        if self.may_resend() && self.record.status.held.is_none() {
            let status = &self.record.status;
            let pending = self.pending_number();
            let is_rejected = pending.is_some_and(|number| status.rejected.contains(&number));
            // The other wrong login is kept for the time after the password is set.
            let may_look = self.context.rules.login && status.wrong_logins == 0;
            if status.tries >= RESENDS && may_look && !is_rejected {
                return self.log_in_with_pending();
            }
            return self.send();
        }
        if !self.context.rules.login {
            return self.stick(ProblemKind::NoLogin, None);
        }
        self.record.status.state = State::Doubtful;
        self.probe()
    }

    /// Whether the pending password is in doubt and sending it again would end the doubt.
    fn may_resend(&self) -> bool {
        let status = &self.record.status;
        status.target.operation.is_reset() && self.pending_is_in_doubt() && !status.probing
    }

    /// Logs in with the next password that may be live.
    fn probe(&mut self) -> Action {
        let status = &self.record.status;
        if let Some(held) = status.held {
            return Action::Login(held.number);
        }
        let pending = self.record.passwords.pending.as_ref();
        let never_sent = pending.filter(|pending| !pending.in_doubt);
        let never_sent = never_sent.map(|pending| pending.number);
        let candidate = self.record.passwords.all().find(|password| {
            let number = password.number;
            never_sent != Some(number) && !status.rejected.contains(&number)
        });
        match candidate {
            Some(candidate) if status.wrong_logins < WRONG_LOGINS => {
                Action::Login(candidate.number)
            }
            // The live password may be the one from before the first rotation, which nobody here
            // knows. A reset needs no old one.
            _ if self.record.passwords.current.is_none() => {
                let problem = self.record.status.problem.take();
                match problem {
                    Some(problem) => self.fail_later(problem.kind, problem.detail),
                    None => self.fail_later(ProblemKind::Unknown, None),
                }
            }
            _ => self.stick(ProblemKind::Drift, None),
        }
    }

    fn log_in_with_pending(&mut self) -> Action {
        match self.pending_number() {
            Some(number) => Action::Login(number),
            None => self.stick(ProblemKind::Drift, None),
        }
    }

    fn logged_in(&mut self, number: u64, evidence: Evidence) -> Action {
        let (what, detail) = match &evidence {
            Evidence::Accepted => (What::LoginAccepted, None),
            Evidence::Rejected => (What::LoginRejected, None),
            Evidence::Open => (What::PasswordFree, None),
            Evidence::Unknown(reason) => (What::LoginUnknown, Some(reason.clone())),
        };
        self.log(Entry {
            number: Some(number),
            detail,
            ..Entry::new(self.context.now, self.context.who, what)
        });
        match &evidence {
            Evidence::Accepted => self.record.status.wrong_logins = 0,
            Evidence::Rejected | Evidence::Open => self.record.status.wrong_logins += 1,
            Evidence::Unknown(_) => {}
        }
        match (self.record.status.state, evidence) {
            (State::Prepared, Evidence::Accepted) => self.send(),
            (State::Prepared, Evidence::Rejected) => {
                self.drop_pending();
                self.problem(ProblemKind::Drift, None);
                self.record.status.rejected.push(number);
                self.record.status.state = State::Doubtful;
                self.probe()
            }
            (State::Prepared, Evidence::Open) => {
                self.drop_pending();
                self.fail_later(ProblemKind::PasswordFree, None)
            }
            (State::Prepared, Evidence::Unknown(reason)) => {
                self.later(ProblemKind::Unreachable, Some(reason), None)
            }
            (State::Set, Evidence::Accepted) => self.promote_pending(true, true),
            (State::Set, Evidence::Rejected | Evidence::Open) => self.set_but_not_live(number),
            (State::Set, Evidence::Unknown(reason)) => {
                if self.record.status.tries + 1 >= LOGIN_TRIES {
                    return self.promote_pending(true, false);
                }
                self.problem(ProblemKind::Unreachable, Some(reason));
                self.wait(None)
            }
            (State::Doubtful, Evidence::Accepted) => self.accepted_in_doubt(number),
            (State::Doubtful, Evidence::Rejected) => {
                let status = &mut self.record.status;
                // What was live is not any more, so any other password may be.
                if status.held.take().is_some() {
                    status.rejected.clear();
                }
                status.rejected.push(number);
                if self.may_resend() {
                    return self.settle();
                }
                self.probe()
            }
            (State::Doubtful, Evidence::Open) => self.stick(ProblemKind::PasswordFree, None),
            (State::Doubtful, Evidence::Unknown(reason)) => {
                if self.record.status.problem.is_none() {
                    self.problem(ProblemKind::Unreachable, Some(reason));
                }
                self.wait(None)
            }
            _ => Action::Release,
        }
    }

    /// The service reported success, but the password is not live: a job is under way or failed, or
    /// the service restored the password before.
    fn set_but_not_live(&mut self, number: u64) -> Action {
        if let Some(pending) = &mut self.record.passwords.pending {
            pending.in_doubt = true;
        }
        self.problem(ProblemKind::LoginRejected, None);
        if self.record.status.wrong_logins >= WRONG_LOGINS {
            return self.stick(ProblemKind::LoginRejected, None);
        }
        self.record.status.state = State::Doubtful;
        self.record.status.rejected = vec![number];
        self.settle()
    }

    /// One login is not enough after an unknown outcome: the service may still restore another
    /// password, or apply one.
    fn accepted_in_doubt(&mut self, number: u64) -> Action {
        let now = self.context.now;
        match self.record.status.held {
            Some(held) if held.number == number => {
                if now >= held.since.saturating_add(self.context.rules.settle) {
                    return self.conclude(number);
                }
                self.record.status.due_at = held.since.saturating_add(self.context.rules.settle);
                Action::Release
            }
            _ => {
                self.record.status.held = Some(Held { number, since: now });
                self.settle()
            }
        }
    }

    /// The password of this number is live.
    fn conclude(&mut self, number: u64) -> Action {
        let is =
            |password: &Option<Password>| password.as_ref().is_some_and(|one| one.number == number);
        if is(&self.record.passwords.pending) {
            return self.promote_pending(false, true);
        }
        let (mut live, what) = if is(&self.record.passwords.current) {
            return self.not_applied();
        } else if is(&self.record.passwords.previous) {
            (self.record.passwords.previous.take(), What::Adopted)
        } else {
            let retired = &mut self.record.passwords.retired;
            let index = retired
                .iter()
                .position(|password| password.number == number);
            (index.map(|index| retired.remove(index)), What::Adopted)
        };
        // Consumers tell passwords apart by their numbers, so it gets a new one.
        let number = self.next_number();
        if let Some(live) = &mut live {
            live.number = number;
        }
        self.retire_pending();
        let Some(live) = live else {
            return self.stick(ProblemKind::Drift, None);
        };
        self.make_current(live, what, true);
        // The rotation is still to be done.
        self.record.status.rotate_at = self.context.now;
        self.rest()
    }

    /// The current password is live, and the pending one is not.
    fn not_applied(&mut self) -> Action {
        let number = self.pending_number();
        self.note(What::NotApplied, number);
        self.retire_pending();
        let problem = self.record.status.problem.take();
        match problem.map(|problem| (problem.kind, problem.detail)) {
            Some((kind @ (ProblemKind::Refused | ProblemKind::WeakPassword), detail)) => {
                self.fail_later(kind, detail)
            }
            // The service and the login disagree about the current password. Asking again and again
            // would lock the instance.
            Some((ProblemKind::Drift, detail)) => self.fail_later(ProblemKind::Refused, detail),
            _ => {
                self.forget_logins();
                self.record.status.state = State::Idle;
                self.record.status.rotate_at = self.context.now;
                self.wait(None)
            }
        }
    }

    fn promote_pending(&mut self, proven: bool, verified: bool) -> Action {
        let Some(pending) = self.record.passwords.pending.take() else {
            return self.stick(ProblemKind::Drift, None);
        };
        self.make_current(pending, What::Promoted, verified);
        if proven && verified {
            self.end_doubts();
        }
        self.record.status.rotate_at = self.context.now.saturating_add(self.context.rules.interval);
        self.rest()
    }

    /// A later password was proven and verified, so the service has done with the earlier requests;
    /// what it is still restoring it restores within the settle time.
    fn end_doubts(&mut self) {
        let keep_until = self.context.now.saturating_add(self.context.rules.settle);
        let passwords = &mut self.record.passwords;
        let all = (passwords.current.iter_mut())
            .chain(&mut passwords.previous)
            .chain(&mut passwords.retired);
        for password in all.filter(|password| password.in_doubt) {
            password.in_doubt = false;
            password.keep_until = keep_until;
        }
    }

    fn make_current(&mut self, password: Password, what: What, verified: bool) {
        let now = self.context.now;
        let number = password.number;
        let passwords = &mut self.record.passwords;
        let before = passwords.current.replace(password);
        if let Some(before) = before
            && let Some(mut older) = passwords.previous.replace(before)
        {
            older.keep_until = now.saturating_add(self.context.rules.settle);
            // If no login shows that the new password is live, any older one may be.
            older.in_doubt |= !verified;
            passwords.retired.push(older);
        }
        let status = &mut self.record.status;
        status.version = number;
        status.verified = verified;
        status.changed_at = Some(now);
        status.problem = None;
        status.tries = 0;
        status.probing = false;
        self.forget_logins();
        self.note(what, Some(number));
    }

    /// Publishes what is not published, or waits for the next rotation.
    fn rest(&mut self) -> Action {
        let status = &mut self.record.status;
        if self.context.rules.publish && status.published_version != status.version {
            status.state = State::Promoted;
            status.due_at = self.context.now;
            return Action::Publish;
        }
        status.state = State::Idle;
        status.due_at = status.rotate_at;
        Action::Release
    }

    fn publish_if_needed(&self) -> Action {
        let status = &self.record.status;
        if self.context.rules.publish && status.published_version != status.version {
            Action::Publish
        } else {
            Action::Release
        }
    }

    fn published(&mut self, result: Result<(), String>) -> Action {
        let number = Some(self.record.status.version);
        let is_promoted = self.record.status.state == State::Promoted;
        match result {
            Ok(()) => {
                self.note(What::Published, number);
                let status = &mut self.record.status;
                status.published_version = status.version;
                if !is_promoted {
                    return Action::Release;
                }
                status.problem = None;
                status.tries = 0;
                self.rest()
            }
            Err(reason) => {
                self.log(Entry {
                    number,
                    detail: Some(reason.clone()),
                    ..Entry::new(self.context.now, self.context.who, What::NotPublished)
                });
                if !is_promoted {
                    return Action::Release;
                }
                self.problem(ProblemKind::NotPublished, Some(reason));
                self.wait(None);
                let status = &mut self.record.status;
                status.due_at = status.due_at.min(status.rotate_at);
                Action::Release
            }
        }
    }

    fn import(&mut self, secret: Secret) -> Action {
        let may_be_live = matches!(self.record.status.state, State::Sending | State::Set);
        if let Some(pending) = &mut self.record.passwords.pending {
            pending.in_doubt |= may_be_live;
        }
        self.retire_pending();
        let number = self.next_number();
        self.make_current(Password::new(number, secret), What::Imported, false);
        match self.rest() {
            // A person imports; a worker publishes.
            Action::Publish => Action::Release,
            action => action,
        }
    }

    fn fail_later(&mut self, kind: ProblemKind, detail: Option<String>) -> Action {
        let due_at = self.context.now.saturating_add(self.backoff());
        self.record.status.tries = self.record.status.tries.saturating_add(1);
        self.fail(kind, detail, due_at)
    }

    fn fail(&mut self, kind: ProblemKind, detail: Option<String>, due_at: Millis) -> Action {
        self.give_up(State::Failed, What::Failed, kind, detail, due_at)
    }

    fn stick(&mut self, kind: ProblemKind, detail: Option<String>) -> Action {
        self.give_up(State::Stuck, What::Stuck, kind, detail, NEVER)
    }

    fn give_up(
        &mut self,
        state: State,
        what: What,
        kind: ProblemKind,
        detail: Option<String>,
        due_at: Millis,
    ) -> Action {
        let number = self.pending_number();
        self.problem(kind, detail);
        self.note(what, number);
        self.forget_logins();
        self.record.status.state = state;
        self.record.status.due_at = due_at;
        Action::Release
    }

    /// Lets go of the record for a while, which is longer after each try.
    fn wait(&mut self, least: Option<Millis>) -> Action {
        let wait = self.backoff().max(least.unwrap_or(0));
        self.record.status.tries = self.record.status.tries.saturating_add(1);
        self.record.status.due_at = self.context.now.saturating_add(wait);
        Action::Release
    }

    /// Lets go of the record until the service has done with earlier requests.
    fn settle(&mut self) -> Action {
        let Rules {
            settle, deadline, ..
        } = *self.context.rules;
        self.wait(Some(settle.max(deadline)))
    }

    fn backoff(&self) -> Millis {
        let Rules {
            retry,
            longest_retry,
            ..
        } = *self.context.rules;
        let doubled = retry.saturating_mul(1 << self.record.status.tries.min(20));
        doubled.min(longest_retry)
    }

    fn is_held_by_another(&self) -> bool {
        let lease = self.record.status.lease.as_ref();
        lease
            .is_some_and(|lease| lease.holder != self.context.who && lease.until > self.context.now)
    }

    fn pending_number(&self) -> Option<u64> {
        let pending = self.record.passwords.pending.as_ref();
        pending.map(|pending| pending.number)
    }

    fn pending_is_in_doubt(&self) -> bool {
        let pending = self.record.passwords.pending.as_ref();
        pending.is_some_and(|pending| pending.in_doubt)
    }

    fn next_number(&mut self) -> u64 {
        let number = self.record.status.next_number;
        self.record.status.next_number = number.saturating_add(1);
        number
    }

    /// Forgets the pending password if no request with it is in doubt.
    fn drop_pending(&mut self) {
        if !self.pending_is_in_doubt() {
            self.record.passwords.pending = None;
        }
    }

    /// Moves the pending password to the retired ones if a request with it is in doubt.
    fn retire_pending(&mut self) {
        let pending = self.record.passwords.pending.take();
        let in_doubt = pending.filter(|pending| pending.in_doubt);
        self.record.passwords.retired.extend(in_doubt);
    }

    fn forget_logins(&mut self) {
        self.record.status.held = None;
        self.record.status.rejected.clear();
        self.record.status.wrong_logins = 0;
    }

    fn problem(&mut self, kind: ProblemKind, detail: Option<String>) {
        self.record.status.problem = Some(Problem { kind, detail });
    }

    fn note(&mut self, what: What, number: Option<u64>) {
        self.log(Entry {
            number,
            ..Entry::new(self.context.now, self.context.who, what)
        });
    }

    fn log(&mut self, entry: Entry) {
        self.entries.push(entry);
    }
}
