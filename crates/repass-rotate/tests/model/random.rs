//! Long random walks, with more passwords and more that goes wrong than every state allows.

use proptest::prelude::*;
use repass_rotate::record::Operation;

use crate::world::{Budget, System, World, system};

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        Just(Operation::DcsReset),
        Just(Operation::DcsChange),
        Just(Operation::DdmAdmin),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn long_walks_keep_the_invariants(
        operation in operation(),
        login: bool,
        publish: bool,
        workers in 1..=2_usize,
        choices in prop::collection::vec(any::<prop::sample::Index>(), 600),
    ) {
        let mut system = System {
            passwords: 60,
            ..system(operation, login, workers)
        };
        system.rules.publish = publish;
        let budget = Budget {
            faults: 30,
            crashes: 15,
            forces: 10,
            foreign: 0,
        };
        let mut world = World::new(&system, budget);
        let mut names = Vec::new();
        for choice in choices {
            let mut moves = world.moves(&system);
            let (name, next) = moves.swap_remove(choice.index(moves.len()));
            names.push(name);
            world = next;
            let checked = world.check(&system);
            prop_assert!(checked.is_ok(), "{checked:?} after {names:?}: {}", world.line());
        }
        let end = world.finish(&system);
        prop_assert!(end.is_ok(), "{:?} after {names:?}: {}", end.err(), world.line());
    }
}
