//! Sets the passwords of DDM, DCS and DMS instances on Huawei Cloud and Open Telekom Cloud.
//!
//! ```no_run
//! use repass_client::{Client, Credentials, DmsPassword, Endpoints, InstanceId, ProjectId};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new(
//!     Endpoints::new().dms("https://dms.eu-de.otc.t-systems.com")?,
//!     ProjectId::new("0123456789abcdef0123456789abcdef")?,
//!     Credentials::token(std::env::var("OS_TOKEN")?)?,
//! )?;
//! let instance = InstanceId::new("6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57")?;
//! let file = std::fs::read_to_string("/run/secrets/kafka")?;
//! let password = DmsPassword::new(file.trim_end_matches('\n'))?;
//!
//! match client.dms_reset_password(&instance, &password).await {
//!     Ok(outcome) => println!("changed, request {:?}", outcome.request_id),
//!     Err(error) if error.certainty().nothing_changed() => println!("not changed: {error}"),
//!     Err(error) => println!("it may have changed: {error}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`Client`] is the door: five methods, one for each endpoint, that take a checked password and
//! return an [`Outcome`] or an [`Error`], whose [`Certainty`] says whether the password changed.
//!
//! A call is sent again only where that is safe, see [`Resending`]. Whoever drops the future of a
//! call after it was sent knows as little as after [`Certainty::Unknown`].
//!
//! Below it stand the clients generated from the contract: [`ddm`], [`dcs`], [`dms`]. They send
//! through the same [`Transport`], which follows no redirect, shows no secret and goes to loopback
//! addresses without a proxy. The generated modules follow the contract and not this crate's
//! version number.
//!
//! # Scope
//!
//! The five password endpoints and nothing else of the three services. This crate never stores or
//! logs a password; what it sends is zeroed on drop where the memory is its own, which that of the
//! HTTP library is not.

mod client;
mod credentials;
mod endpoints;
mod error;
mod error_body;
mod generated;
mod id;
mod operation;
mod redact;
mod resend;
pub mod sign;
mod transport;

pub use client::{Client, Completion, Outcome, ResetPassword};
pub use credentials::{Credentials, InvalidCredentials};
pub use endpoints::{Endpoints, InvalidEndpoint};
pub use error::{Certainty, Error, NotSent, Refusal, RefusalKind, Unknown, UnknownCause};
pub use error_body::ErrorBody;
pub use generated::*;
pub use id::{AdminName, InstanceId, InvalidId, ProjectId, Username};
pub use operation::{Operation, Service};
pub use repass_policy::*;
pub use resend::Resending;
pub use transport::Transport;
