//! Every state that can be reached, breadth first.

use std::collections::{HashMap, VecDeque};

use repass_rotate::record::{Operation, State};

use crate::world::{Budget, System, World, system};

pub(crate) const NOTHING: Budget = Budget {
    faults: 0,
    crashes: 0,
    forces: 0,
    foreign: 0,
};

/// What an exploration found.
#[derive(Debug, Default)]
pub(crate) struct Explored {
    pub(crate) states: usize,
    /// How many of the sampled states end in each state of the record.
    pub(crate) ends: HashMap<State, usize>,
}

/// Visits every state. The error is a violation and the moves that lead to it.
pub(crate) fn explore(system: &System, budget: Budget) -> Result<Explored, String> {
    let first = World::new(system, budget);
    let mut parents: Vec<(usize, &'static str)> = vec![(0, "begin")];
    let mut seen = HashMap::from([(first.key(), 0)]);
    let mut queue = VecDeque::from([(0, first)]);
    let mut explored = Explored::default();
    while let Some((index, world)) = queue.pop_front() {
        let failed = |violation: String| {
            let mut path = Vec::new();
            let mut at = index;
            while at != 0 {
                let (parent, name) = parents[at];
                path.push(name);
                at = parent;
            }
            path.reverse();
            format!("{violation}, after: {}\n{}", path.join("; "), world.line())
        };
        world.check(system).map_err(failed)?;
        explored.states += 1;
        assert!(explored.states < 3_000_000, "there are too many states");
        if world.key() % 16 == 0 {
            let end = world.finish(system).map_err(failed)?;
            *explored.ends.entry(end.record.status.state).or_default() += 1;
        }
        for (name, next) in world.moves(system) {
            let number = parents.len();
            seen.entry(next.key()).or_insert_with(|| {
                parents.push((index, name));
                queue.push_back((number, next));
                number
            });
        }
    }
    Ok(explored)
}

fn all_is_well(system: &System, budget: Budget) -> Explored {
    let begun = std::time::Instant::now();
    let explored = explore(system, budget).unwrap_or_else(|violation| panic!("{violation}"));
    println!(
        "{:?}, login {}, {} workers, {budget:?}: {explored:?} in {:?}",
        system.operation,
        system.rules.login,
        system.workers,
        begun.elapsed()
    );
    explored
}

const OPERATIONS: [Operation; 3] = [
    Operation::DcsReset,
    Operation::DcsChange,
    Operation::DdmAdmin,
];

#[test]
fn one_worker_survives_faults_and_crashes() {
    for operation in OPERATIONS {
        for login in [true, false] {
            let budget = Budget {
                // A job can end at any time, so there are more states.
                faults: if operation == Operation::DdmAdmin {
                    1
                } else {
                    2
                },
                crashes: 1,
                ..NOTHING
            };
            let explored = all_is_well(&system(operation, login, 1), budget);
            assert!(explored.states > 100, "{explored:?}");
        }
    }
}

#[test]
fn two_workers_survive_each_other() {
    for operation in OPERATIONS {
        let mut system = System {
            passwords: 2,
            ..system(operation, true, 2)
        };
        all_is_well(&system, NOTHING);
        if operation == Operation::DdmAdmin {
            continue;
        }
        // Without logins there are fewer states, so that something more can go wrong.
        system.rules.login = false;
        let budget = Budget {
            faults: 1,
            ..NOTHING
        };
        all_is_well(&system, budget);
    }
}

#[test]
fn forced_rotations_and_publishing_change_nothing_about_it() {
    for operation in OPERATIONS {
        let budget = Budget {
            faults: 1,
            forces: 1,
            ..NOTHING
        };
        let mut system = system(operation, true, 1);
        system.rules.publish = true;
        all_is_well(&system, budget);
    }
}

#[test]
fn a_password_changed_by_someone_else_is_reported() {
    for operation in OPERATIONS {
        let budget = Budget {
            faults: 1,
            foreign: 1,
            ..NOTHING
        };
        all_is_well(&system(operation, true, 1), budget);
    }
}
