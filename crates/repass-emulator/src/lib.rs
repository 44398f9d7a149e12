//! The password endpoints of DDM, DCS and DMS, and the two calls of IAM that open them, on this
//! machine, for tests and for trying things out.
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
//! let a lock run out, or a token.
//!
//! A [`Fleet`] names what a request may be opened with: a token that never ends, an access key pair
//! to sign with, and a [`User`] to whom IAM issues tokens that end after
//! [`Options::token_lifetime`]. Of those it knows the last 10,000.
//!
//! In a browser its URL is a page: the fleet and the last requests, live, and the contract to try
//! out with Swagger UI, which comes along. The page knows the token of the first project, so only
//! `localhost` or an IP address is its host.
//!
//! # States
//!
#![doc = include_str!("states.md")]
//!
//! # Scope
//!
//! It stands in for the services before it is worth asking them; it is no service. It never
//! throttles, fails or is busy, no wrong user password or signature locks anybody, and its one user
//! may do everything in its one project; `tests/contract.rs` lists the documented answers that it
//! does not give. It holds its passwords in memory, hands them to whoever starts it, and is meant
//! for loopback addresses.

mod answer;
mod clock;
mod control;
mod dcs;
mod ddm;
mod dms;
mod fault;
mod fleet;
mod gateway;
mod iam;
mod inject;
mod page;
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
pub use server::{Emulator, Options};
pub use state::Received;
