//! The state machine against a model of everything around it: a cloud that applies late, not at all,
//! or restores what was before; a store that loses its answers; workers that stop and pause.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "the steps are part of the tests"
)]

mod explore;
mod invariants;
mod mutants;
mod random;
mod world;
