//! What `cargo xtask` does, as a library so that tests can run it on a copy of the tree.
//!
//! `openapi/*.yaml` is read into [`spec::Spec`]s, [`lint`] checks them against the house rules (as
//! written: [`document`]; with their [`examples`]), and [`codegen`] writes the client modules
//! ([`client`]), the meaning of answers and codes ([`rules`]) and the password policies ([`policy`]).
//! [`release`] checks their versions against what changed since they were released ([`breaking`]).
//! [`interop`] runs other tools on them, also with [`changes`]. [`dist`] bundles the contract, its other [`forms`] and an
//! [`arazzo`] document, with a [`site`] of pages, some of them from the tree's [`markdown`].
//! [`licences`] collects the licences of what the binary contains.
//!
//! Nothing here depends on a crate of the workspace: the generator must work when what it
//! generates does not compile.

pub mod arazzo;
pub mod breaking;
pub mod changes;
pub mod client;
pub mod codegen;
pub mod dist;
pub mod document;
pub mod examples;
pub mod forms;
pub mod hosts;
pub mod interop;
pub mod licences;
pub mod lint;
pub mod markdown;
pub mod policy;
pub mod release;
pub mod rules;
pub mod rust;
pub mod site;
pub mod spec;

/// Files by their paths from the root of the tree, or of the bundle.
pub type Files = std::collections::BTreeMap<String, Vec<u8>>;
