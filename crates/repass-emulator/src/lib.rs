//! The password endpoints of DDM, DCS and DMS, and the calls of IAM that open them, on this machine,
//! for tests and for trying things out. OpenStack's own clients log in, too.
//!
//! ```
//! use repass_client::{Client, Credentials, DmsPassword, Endpoints, InstanceId, ProjectId};
//! use repass_emulator::{Emulator, Fleet};
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let emulator = Emulator::start(Fleet::built_in()).await?;
//!
//! let client = Client::new(
//!     Endpoints::all(&emulator.url())?,
//!     ProjectId::new(Fleet::PROJECT_ID)?,
//!     Credentials::token(Fleet::TOKEN)?,
//! )?;
//! let instance = InstanceId::new(Fleet::DMS_ID)?;
//! client.dms_reset_password(&instance, &DmsPassword::new("New-Password-1")?).await?;
//!
//! assert!(emulator.password_is(Fleet::DMS_ID, None, "New-Password-1"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! It answers as the vendor's pages say, each service in its own dialect, and keeps the state that
//! its answers follow from: passwords, tries left, locks, the administrator of a DDM instance. What
//! it accepts as a password the policies decide. Time comes from a [`Clock`], so that a test can
//! let a lock run out, or a token. Signatures are checked against it, and every answer has it in its
//! `Date`, so that a test can also rehearse a client whose clock is wrong.
//!
//! A [`Fleet`] names projects, what opens them, and their instances; it can be read from a file
//! ([`Fleet::from_yaml`]). A request is opened with the token of a project, which never ends, with
//! an access key pair, by a signature, or with a token that IAM issued to a [`User`], which ends
//! after [`Options::token_lifetime`]. Of those the last 10,000 are known.
//!
//! # Failures on request
//!
//! A [`Fault`] lets something go wrong for the requests that it is about: a latency, throttling, an
//! error before the request is carried out or after, a connection that is cut, a body that is
//! truncated, a page of HTML, an expired token, any other answer, a change that is applied late, a
//! change that is rolled back. Faults stand in a fleet, or are added while the
//! emulator runs, by the control that `openapi/emulator.yaml` describes and
//! [`repass_client::emulator`] is generated from. It also reads an instance's state, checks a
//! password, and moves the clock.
//!
//! In a browser its URL is a page: the fleet and the last requests, live, and the contract to try
//! out with Swagger UI, which comes along.
//!
//! # Hosts
//!
//! The tokens and keys of a fleet are no secrets, and a web page can let its own name lead to this
//! machine. So every request needs a `Host` that is `localhost`, an IP address or one of
//! [`Options::allowed_hosts`]; else the answer is a 421.
//!
//! # Limits
//!
//! At most 1,000 connections are served. To make room for another, the one that has waited for its
//! client the longest is closed; if all are carrying out requests, the answer is a 503. The bodies of
//! unfinished requests take 64 MiB at most, not counting the first 16 KiB of each; beyond that the
//! answer is a 503, too.
//!
//! # Real servers
//!
//! [`Options::on_password`] is told each password as it is set, before the answer leaves. A test can
//! set it on a real Redis or MariaDB, and log in there with what the emulated service accepted.
//!
//! # States
//!
#![doc = include_str!("states.md")]
//!
//! # Scope
//!
//! It stands in for the services before it is worth asking them; it is no service. No wrong user
//! password or signature locks anybody, and every user and key may do everything in every project;
//! a fault gives what is documented for those who may not. It holds its passwords in memory, hands
//! them to whoever starts it, and is meant for loopback addresses.

mod answer;
mod body;
mod clock;
mod connections;
mod control;
mod dcs;
mod ddm;
mod dms;
mod fault;
mod fleet;
mod gateway;
mod host;
mod iam;
mod inject;
mod instances;
mod object;
mod options;
mod page;
mod password;
mod server;
mod service;
mod state;
mod tokens;

pub use clock::Clock;
pub use fault::{Fault, FaultKind, When};
pub use fleet::{
    AccessKey, Account, Busy, Dcs, DcsResetDuringLock, Ddm, DdmAdminSuccess, DdmErrors, Dms, Fleet,
    FleetError, FleetFile, Instance, Kind, Mistake, Project, Settings, State, User,
};
pub use options::Options;
pub use password::{OnPassword, PasswordSet};
pub use server::Emulator;
pub use state::Received;
