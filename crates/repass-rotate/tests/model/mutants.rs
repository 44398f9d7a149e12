//! Mistakes that the model has to find. Each is the machine, or the worker around it, with one thing
//! wrong.

use repass_rotate::machine::{Action, Context, Event, Evidence, Outcome, Step, step};
use repass_rotate::record::{Held, Lease, Operation, Record, State};

use crate::explore::{NOTHING, explore};
use crate::world::{Budget, StepFunction, System, system};

/// Explores the reset and the change until a violation is found.
fn is_found(mutate: impl Fn(&mut System), operation: Operation, workers: usize, expected: &str) {
    let budget = Budget {
        faults: 2,
        crashes: 1,
        ..NOTHING
    };
    let mut mutant = system(operation, true, workers);
    mutate(&mut mutant);
    let violation = explore(&mutant, budget).expect_err("the mutant survives");
    assert!(violation.contains(expected), "{violation}");
}

fn machine_is_found(step: StepFunction, operation: Operation, expected: &str) {
    is_found(|system| system.step = step, operation, 1, expected);
}

#[test]
fn sending_before_saving_is_found() {
    for operation in [Operation::DcsReset, Operation::DcsChange] {
        let mutate = |system: &mut System| system.acts_before_saving = true;
        is_found(mutate, operation, 1, "is sent and not saved");
    }
}

#[test]
fn sending_without_a_lease_is_found() {
    let mutate = |system: &mut System| system.ignores_lease = true;
    is_found(
        mutate,
        Operation::DcsReset,
        2,
        "two workers send at the same time",
    );
}

#[test]
fn saving_without_comparing_is_found() {
    let mutate = |system: &mut System| system.ignores_version = true;
    is_found(mutate, Operation::DcsReset, 2, "");
}

#[test]
fn forgetting_what_is_in_doubt_is_found() {
    fn mutant(record: &Record, event: Event, context: Context<'_>) -> Step {
        let mut step = step(record, event, context);
        step.record.passwords.retired.clear();
        step
    }
    machine_is_found(
        mutant,
        Operation::DcsChange,
        "p2.0 is forgotten and may still be set",
    );
}

#[test]
fn forgetting_the_password_before_is_found() {
    fn mutant(record: &Record, event: Event, context: Context<'_>) -> Step {
        let mut step = step(record, event, context);
        step.record.passwords.previous = None;
        step
    }
    machine_is_found(
        mutant,
        Operation::DcsReset,
        "p0 is forgotten and may still be set",
    );
}

#[test]
fn promoting_on_one_login_is_found() {
    fn mutant(record: &Record, event: Event, context: Context<'_>) -> Step {
        let mut record = record.clone();
        if let (State::Doubtful, Event::LoggedIn(number, Evidence::Accepted)) =
            (record.status.state, &event)
        {
            record.status.held = Some(Held {
                number: *number,
                since: 0,
            });
        }
        step(&record, event, context)
    }
    let expected = "becomes the current password while p0 may be restored";
    machine_is_found(mutant, Operation::DcsChange, expected);
}

#[test]
fn sending_a_change_twice_is_found() {
    fn mutant(record: &Record, event: Event, context: Context<'_>) -> Step {
        let mut step = step(record, event.clone(), context);
        let is_in_doubt = (record.passwords.pending.as_ref()).is_some_and(|one| one.in_doubt);
        if is_in_doubt && matches!(event, Event::Begin { .. }) {
            step.action = Action::Send;
            step.record.status.state = State::Sending;
            step.record.status.lease = Some(Lease {
                holder: context.who.to_owned(),
                until: context.now + context.rules.lease,
            });
        }
        step
    }
    machine_is_found(
        mutant,
        Operation::DcsChange,
        "a change to p2.0 is sent twice",
    );
}

#[test]
fn a_new_password_for_each_attempt_is_found() {
    fn mutant(record: &Record, event: Event, context: Context<'_>) -> Step {
        let mut record = record.clone();
        if let (State::Doubtful, Event::Begin { fresh, .. }, Some(pending)) =
            (record.status.state, &event, &mut record.passwords.pending)
        {
            pending.secret = format!("{}.again", fresh.expose()).into();
        }
        step(&record, event, context)
    }
    machine_is_found(mutant, Operation::DcsReset, "");
}

#[test]
fn taking_a_refusal_for_the_end_of_a_doubt_is_found() {
    fn mutant(record: &Record, event: Event, context: Context<'_>) -> Step {
        let mut step = step(record, event.clone(), context);
        if let Event::Sent(reply) = event
            && reply.outcome == Outcome::Refused
        {
            step.record.passwords.pending = None;
        }
        step
    }
    machine_is_found(mutant, Operation::DcsReset, "p2.0");
}

#[test]
fn taking_a_crash_for_a_refusal_is_found() {
    fn mutant(record: &Record, event: Event, context: Context<'_>) -> Step {
        let mut record = record.clone();
        if record.status.state == State::Sending && matches!(event, Event::Begin { .. }) {
            record.status.state = State::Idle;
            record.passwords.pending = None;
        }
        step(&record, event, context)
    }
    machine_is_found(mutant, Operation::DcsReset, "p2.0");
}

#[test]
fn logging_in_again_and_again_is_found() {
    fn mutant(record: &Record, event: Event, context: Context<'_>) -> Step {
        let mut record = record.clone();
        record.status.wrong_logins = 0;
        record.status.rejected.clear();
        step(&record, event, context)
    }
    machine_is_found(mutant, Operation::DcsChange, "wrong logins in a row");
}

#[test]
fn giving_up_on_a_late_job_is_found() {
    fn mutant(record: &Record, event: Event, context: Context<'_>) -> Step {
        let mut step = step(record, event, context);
        if step.record.status.state == State::Set {
            step.record.passwords.pending = record.passwords.current.clone();
        }
        step
    }
    machine_is_found(mutant, Operation::DdmAdmin, "p2.0");
}
