//! The instances of a running emulator, each with the changes of its passwords that are still to come.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use indexmap::IndexMap;
use indexmap::map::Entry;
use repass_client::Secret;

use crate::clock::Clock;
use crate::fleet::Instance;
use crate::password::{OnPassword, PasswordSet};
use crate::state::lock;

/// The instances by their ids, in the order of these. None is added or removed while an emulator
/// runs, so each has a lock of its own.
#[derive(Debug)]
pub(crate) struct Instances(IndexMap<String, Slot>);

#[derive(Debug)]
struct Slot {
    tracked: Mutex<Tracked>,
    /// Held while the callback is told the passwords of this instance, so that they come in order.
    telling: tokio::sync::Mutex<()>,
}

/// The number of steps that one instance has before it. To keep more from taking memory without a
/// bound, the next one is then taken before it is due.
const MOST_SCHEDULED: usize = 1000;

/// A change of one password.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// The account; none for the password of the instance itself.
    pub(crate) account: Option<String>,
    /// The password; none makes a Redis instance password-free.
    pub(crate) password: Option<Secret>,
    /// Whether no old password was verified.
    pub(crate) is_reset: bool,
}

/// What faults make of a change.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fate {
    /// How long after the request it is applied.
    pub(crate) late: Option<Duration>,
    /// How long after that it is undone.
    pub(crate) rollback: Option<Duration>,
}

#[derive(Debug)]
struct Scheduled {
    due: SystemTime,
    step: Step,
}

#[derive(Debug)]
enum Step {
    Apply(Change, Option<Duration>),
    Undo {
        account: Option<String>,
        previous: Option<Secret>,
    },
}

/// An instance, and what is still to happen to it.
#[derive(Debug)]
pub(crate) struct Tracked {
    instance: Instance,
    /// In the order in which they are due.
    scheduled: Vec<Scheduled>,
    /// Passwords that the callback has yet to be told; none if there is no callback.
    untold: Option<VecDeque<PasswordSet>>,
}

impl Deref for Tracked {
    type Target = Instance;

    fn deref(&self) -> &Instance {
        &self.instance
    }
}

impl DerefMut for Tracked {
    fn deref_mut(&mut self) -> &mut Instance {
        &mut self.instance
    }
}

impl Tracked {
    /// Carries out a change, or postpones it.
    pub(crate) fn change(&mut self, change: Change, fate: Fate, now: SystemTime) {
        match fate.late {
            Some(late) => self.schedule(now, late, Step::Apply(change, fate.rollback)),
            None => self.apply(change, fate.rollback, now),
        }
    }

    /// The time of the next step.
    pub(crate) fn next_due(&self) -> Option<SystemTime> {
        self.scheduled.first().map(|next| next.due)
    }

    fn apply(&mut self, change: Change, rollback: Option<Duration>, at: SystemTime) {
        let account = change.account.as_deref();
        // A later change of the same password stays when an earlier one is undone.
        self.scheduled.retain(|one| match &one.step {
            Step::Undo { account, .. } => *account != change.account,
            Step::Apply(..) => true,
        });
        if let Some(rollback) = rollback {
            let undo = Step::Undo {
                account: change.account.clone(),
                previous: self.instance.password(account).cloned(),
            };
            self.schedule(at, rollback, undo);
        }
        self.set(change.account, change.password, at);
        self.instance.changed(change.is_reset, at);
    }

    fn set(&mut self, account: Option<String>, password: Option<Secret>, at: SystemTime) {
        if let Some(untold) = &mut self.untold {
            untold.push_back(PasswordSet {
                instance_id: self.instance.id.clone(),
                account: account.clone(),
                password: password.clone(),
            });
        }
        self.instance.set_password(account.as_deref(), password, at);
    }

    fn schedule(&mut self, now: SystemTime, after: Duration, step: Step) {
        let Some(due) = now.checked_add(after) else {
            return;
        };
        let at = self.scheduled.partition_point(|one| one.due <= due);
        self.scheduled.insert(at, Scheduled { due, step });
        if self.scheduled.len() > MOST_SCHEDULED {
            let next = self.scheduled.remove(0);
            self.take(next.step, now);
        }
    }

    /// Takes the steps that are due.
    fn settle(&mut self, now: SystemTime) {
        while self.next_due().is_some_and(|due| due <= now) {
            let Scheduled { due, step } = self.scheduled.remove(0);
            self.take(step, due);
        }
    }

    fn take(&mut self, step: Step, at: SystemTime) {
        match step {
            Step::Apply(change, rollback) => self.apply(change, rollback, at),
            Step::Undo { account, previous } => self.set(account, previous, at),
        }
    }
}

impl Instances {
    /// Puts the instances in the order of their ids, or returns an id that two of them have.
    pub(crate) fn new(instances: Vec<Instance>, are_told: bool) -> Result<Self, String> {
        let mut slots = IndexMap::with_capacity(instances.len());
        for instance in instances {
            match slots.entry(instance.id.clone()) {
                Entry::Occupied(twice) => return Err(twice.key().clone()),
                Entry::Vacant(entry) => entry.insert(Slot {
                    tracked: Mutex::new(Tracked {
                        instance,
                        scheduled: Vec::new(),
                        untold: are_told.then(VecDeque::new),
                    }),
                    telling: tokio::sync::Mutex::default(),
                }),
            };
        }
        slots.sort_unstable_keys();
        Ok(Self(slots))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Locks an instance, after everything that is due has happened to it.
    pub(crate) fn get(&self, id: &str, clock: &Clock) -> Option<MutexGuard<'_, Tracked>> {
        self.0.get(id).map(|slot| slot.lock(clock))
    }

    /// The instances from the first one that is not before this id, each locked in turn.
    pub(crate) fn from<'a>(
        &'a self,
        is_before: impl Fn(&str) -> bool,
        clock: &'a Clock,
    ) -> impl Iterator<Item = MutexGuard<'a, Tracked>> {
        let first = self.0.partition_point(|id, _| is_before(id));
        self.0.values().skip(first).map(|slot| slot.lock(clock))
    }

    /// Tells the callback each password of an instance that it has yet to be told, in order. Returns the
    /// time of the next change that is still to come.
    pub(crate) async fn tell(
        &self,
        id: &str,
        clock: &Clock,
        on_password: &OnPassword,
    ) -> Option<SystemTime> {
        let slot = self.0.get(id)?;
        let _telling = slot.telling.lock().await;
        loop {
            let next = {
                let mut tracked = slot.lock(clock);
                let next = tracked.untold.as_mut().and_then(VecDeque::pop_front);
                next.ok_or_else(|| tracked.next_due())
            };
            match next {
                Ok(set) => on_password.call(set).await,
                Err(next_due) => return next_due,
            }
        }
    }
}

impl Slot {
    fn lock(&self, clock: &Clock) -> MutexGuard<'_, Tracked> {
        let mut tracked = lock(&self.tracked);
        // Most instances have nothing scheduled, so the time is not asked for.
        if !tracked.scheduled.is_empty() {
            tracked.settle(clock.now());
        }
        tracked
    }
}
