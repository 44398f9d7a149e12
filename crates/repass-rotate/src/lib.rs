//! Rotates the passwords of DDM, DCS and DMS instances and survives a crash at any step.
//!
//! A [fleet file](fleet) names the credentials. Each has a [record] in a [store], and
//! the [machine] decides from the record what comes next. A [worker] does it: it
//! saves the record first, and acts only if the save succeeded. So a worker can be killed at any
//! moment, and the next one resumes.
//!
//! ```no_run
//! use std::path::Path;
//! use std::sync::Arc;
//!
//! use repass_client::{Client, Cloud, Credentials, ProjectId};
//! use repass_rotate::fleet::Fleet;
//! use repass_rotate::store::Access;
//! use repass_rotate::worker::{Options, Worker};
//! use tokio::sync::{mpsc, watch};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let file = std::fs::read_to_string("fleet.yaml")?;
//! let fleet = Arc::new(Fleet::from_yaml(&file, Path::new("."), Path::new("fleet.key"))?);
//! let store = fleet.open_store(Access::Write).await?;
//! let cloud = Cloud::OpenTelekomCloud { region: "eu-de".into() };
//! let project = ProjectId::new("0123456789abcdef0123456789abcdef")?;
//! let credentials = Credentials::token(std::env::var("OS_TOKEN")?)?;
//! let client = Client::new(cloud.endpoints()?, project, credentials)?;
//!
//! let worker = Worker::new(fleet.clone(), store, client, Options::new(&fleet));
//! let (progress, mut events) = mpsc::unbounded_channel();
//! let (_stop, stopped) = watch::channel(false);
//! tokio::spawn(async move {
//!     while let Some(event) = events.recv().await {
//!         println!("{event:?}");
//!     }
//! });
//! let summary = worker.run(&progress, stopped).await?;
//! println!("{} rotated, {} in doubt", summary.rotated, summary.doubtful);
//! # Ok(())
//! # }
//! ```
//!
//! # Guarantees
//!
//! - **The live password is in the record**: as the current, the pending, the previous or a retired
//!   one. A password is stored before it is sent, and none is forgotten while a request with it may
//!   still be applied.
//! - **A reset whose outcome is unknown is sent again with the same password**, after a settle time,
//!   until it is proven or refused. A **change** is never sent twice with one password: logins find
//!   out which password is live, and after two wrong logins in a row no more are made. A login whose
//!   worker is killed before it saves the result is not counted.
//! - **One login does not end a doubt.** A service can apply a request late, or restore the password
//!   before. Without a proven answer, two logins a settle time apart have to agree.
//! - **A password that someone else changed is reported, not overwritten**: before a new password is
//!   sent, a login has to accept the current one. A forced reset overwrites it.
//! - **Workers that share a store do not send at the same time**: a worker sends only while its lease
//!   lasts longer than the call's deadline, by the wall clock and by the monotonic one. Whoever finds
//!   a request that may be under way waits until it has ended.
//!
//! # Limits
//!
//! - The services check no fencing token. A worker that is paused between the check of its lease and
//!   the system call that sends, for longer than its lease, still sends. What it sends is the pending
//!   password of a stored record, so it is not lost; but it can override a later password.
//! - Without a login address a proven answer is enough, the password is marked as not verified, and a
//!   change whose outcome is unknown needs a person. Only the last 16 passwords are kept.
//! - A service that restores an earlier password after it has reported success, and after a login has
//!   confirmed it, is noticed by the next rotation or [`check`](worker::Worker::check). The password
//!   before stays in the record for that.
//!
//! # Features
//!
//! `sqlite`, `postgres`, `vault` and `command` are the stores. All are enabled by default.

mod call;
pub mod fleet;
pub mod login;
pub mod machine;
pub mod publish;
pub mod record;
pub mod seal;
pub mod store;
pub mod worker;
