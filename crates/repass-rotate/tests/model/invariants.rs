//! What always holds, and what comes of every state in the end.

use repass_rotate::machine::WRONG_LOGINS;
use repass_rotate::record::{Password, Record, State};

use crate::world::{FOREIGN, SETTLE, System, Worker, World};

impl World {
    /// The world in a line.
    pub(crate) fn line(&self) -> String {
        let show = |record: &Record| {
            let one = |password: &Password| {
                let doubt = if password.in_doubt { "?" } else { "" };
                format!("{}{doubt}", password.secret.expose())
            };
            let passwords = &record.passwords;
            let some = |password: &Option<Password>| password.as_ref().map(one).unwrap_or_default();
            format!(
                "{} current {} pending {} previous {} retired {:?} due {} rotate {} tries {} wrong {} held {:?} rejected {:?} {:?}",
                record.status.state,
                some(&passwords.current),
                some(&passwords.pending),
                some(&passwords.previous),
                passwords.retired.iter().map(one).collect::<Vec<_>>(),
                record.status.due_at,
                record.status.rotate_at,
                record.status.tries,
                record.status.wrong_logins,
                record.status.held,
                record.status.rejected,
                record.status.problem.as_ref().map(|problem| problem.kind),
            )
        };
        let workers = self.workers.iter().map(|worker| match worker {
            Worker::Away => "away".to_owned(),
            Worker::Saving { step, .. } => {
                format!("saving {:?} {}", step.action, show(&step.record))
            }
            Worker::Reading { step, .. } => format!("reading {:?}", step.action),
            Worker::Acting { action, .. } => format!("acting {action:?}"),
        });
        let workers = workers.collect::<Vec<_>>();
        format!(
            "{}: live {} {} effects {:?} {workers:?}",
            self.now,
            self.live,
            show(&self.record),
            self.effects
        )
    }

    /// What holds in every state.
    pub(crate) fn check(&self, system: &System) -> Result<(), String> {
        if let Some(violation) = &self.violation {
            return Err(violation.clone());
        }
        if self.live != FOREIGN && !self.knows(&self.live) {
            return Err(format!(
                "the live password {} is not in the store",
                self.live
            ));
        }
        for effect in &self.effects {
            let is_alive = effect.is_alive(self.now, system);
            if is_alive && effect.sets != FOREIGN && !self.knows(&effect.sets) {
                return Err(format!("{} is forgotten and may still be set", effect.sets));
            }
        }
        // Nobody remembers a login whose worker is killed, or paused for longer than its lease.
        if self.wrong > WRONG_LOGINS + self.crashed && self.workers.len() == 1 {
            return Err(format!("{} wrong logins in a row", self.wrong));
        }
        Ok(())
    }

    /// What holds when another password becomes the current one.
    pub(crate) fn promoted(&mut self, record: &Record) {
        let Some(current) = &record.passwords.current else {
            return;
        };
        // Without proof, nothing may be about to restore another one.
        if self
            .proven
            .iter()
            .any(|proven| proven == current.secret.expose())
        {
            return;
        }
        let restored = self.effects.iter().find(|effect| {
            let age = self.now - effect.since;
            effect.restores && age < SETTLE && effect.sets != current.secret.expose()
        });
        if let Some(effect) = restored {
            self.violation = Some(format!(
                "{} becomes the current password while {} may be restored",
                current.secret.expose(),
                effect.sets
            ));
        }
    }

    /// What holds when nothing is left to do: the current password is live, unless the cloud did
    /// something after the rotation, which the next one finds out.
    fn is_right(&self) -> Result<(), String> {
        let status = &self.record.status;
        let is_idle = status.state == State::Idle;
        let current = self.record.passwords.current.as_ref();
        let is_live = current.is_some_and(|current| current.secret.expose() == self.live);
        if is_idle && status.verified && !is_live && !self.was_overtaken {
            return Err(format!("{} is live and not current", self.live));
        }
        Ok(())
    }

    /// Lets everything go well from here, and returns the world in which nothing is left to do.
    pub(crate) fn finish(&self, system: &System) -> Result<Self, String> {
        let system = &System {
            passwords: 100,
            ..system.clone()
        };
        let mut world = self.clone();
        world.budget.faults = 0;
        world.budget.crashes = 0;
        world.budget.forces = 0;
        world.budget.foreign = 0;
        // A killed worker's request may be under way, and the cloud does what it has begun.
        for _ in 0..200 {
            world.check(system)?;
            let is_away = world.workers.iter().all(|one| matches!(one, Worker::Away));
            let status = &world.record.status;
            let is_over = match status.state {
                State::Idle => status.rotate_at > world.now,
                State::Stuck => true,
                State::Failed => status.due_at > world.now + 1000,
                _ => false,
            };
            if is_over && is_away && world.effects.is_empty() {
                return world.is_right().map(|()| world);
            }
            let mut moves = world.moves(system);
            let wanted = [
                "a worker ",
                "a job begins",
                "it is done",
                "the cloud does",
                "the lease",
            ];
            let next = moves.iter().position(|(name, _)| {
                wanted.iter().any(|wanted| name.starts_with(wanted))
                    || *name == "the old password is wrong"
            });
            let index = next.unwrap_or(moves.len() - 1);
            world = moves.swap_remove(index).1;
        }
        Err(format!(
            "nothing comes of it: {:?}",
            world.record.status.state
        ))
    }
}
