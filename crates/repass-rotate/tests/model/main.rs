//! The state machine against a model of everything around it: a cloud that applies late, not at all,
//! or restores what was before; a store that loses its answers; workers that stop and pause.

mod explore;
mod invariants;
mod mutants;
mod random;
mod world;
