//! Sets the passwords of DDM, DCS and DMS instances on Huawei Cloud and Open Telekom Cloud.
//!
//! With a token, and the cloud's own endpoints:
//!
//! ```no_run
//! use repass_client::{Client, Cloud, Credentials, DmsPassword, InstanceId, ProjectId};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let cloud = Cloud::OpenTelekomCloud { region: "eu-de".into() };
//! let project = ProjectId::new("0123456789abcdef0123456789abcdef")?;
//! let credentials = Credentials::token(std::env::var("OS_TOKEN")?)?;
//! let client = Client::new(cloud.endpoints()?, project, credentials)?;
//!
//! let instance = InstanceId::new("6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57")?;
//! let file = std::fs::read_to_string("/run/secrets/kafka")?;
//! let password = DmsPassword::new(file.trim_end_matches('\n'))?;
//! match client.dms_reset_password(&instance, &password).await {
//!     Ok(outcome) => println!("changed, request {:?}", outcome.request_id),
//!     Err(error) if error.certainty().nothing_changed() => println!("not changed: {error}"),
//!     Err(error) => println!("it may have changed: {error}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! With an access key, which signs each request, and a change that verifies the old password:
//!
//! ```no_run
//! use repass_client::{
//!     Client, Cloud, Credentials, DcsOldPassword, DcsPassword, InstanceId, ProjectId,
//! };
//!
//! # async fn example(old: &str, new: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let cloud = Cloud::HuaweiCloud { region: "eu-west-101".into() };
//! let project = ProjectId::new("0123456789abcdef0123456789abcdef")?;
//! let (key, secret) = ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK");
//! let credentials = Credentials::access_key(std::env::var(key)?, std::env::var(secret)?)?;
//! let client = Client::new(cloud.endpoints()?, project, credentials)?;
//!
//! let instance = InstanceId::new("2b9d4f16-8c3a-4e57-b1d0-9f6e7a5c3b28")?;
//! let (old, new) = (DcsOldPassword::new(old), DcsPassword::new(new)?);
//! client.dcs_change_password(&instance, &old, &new).await?;
//! # Ok(())
//! # }
//! ```
//!
//! With an IAM user, and a project whose id is looked up:
//!
//! ```no_run
//! use repass_client::{
//!     Client, Cloud, Credentials, DcsPassword, InstanceId, ProjectName, ResetPassword,
//! };
//!
//! # async fn example(new: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let cloud = Cloud::OpenTelekomCloud { region: "eu-de".into() };
//! let project = ProjectName::new("eu-de_production")?;
//! let domain = "OTC00000000001000000001";
//! let credentials = Credentials::user(domain, "alice", std::env::var("OS_PASSWORD")?)?;
//! let client = Client::new(cloud.endpoints()?, project, credentials)?;
//!
//! let instance = InstanceId::new("2b9d4f16-8c3a-4e57-b1d0-9f6e7a5c3b28")?;
//! let reset = ResetPassword::To(DcsPassword::new(new)?);
//! client.dcs_reset_password(&instance, &reset).await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`Client`] has five methods, one for each endpoint. Each takes a checked password and returns an
//! [`Outcome`] or an [`Error`], whose [`Certainty`] tells whether the password changed and whose
//! [`ErrorKind`] tells why. Both name the operation, the instance, the account and the host. Clones of
//! a client share their connections and their login: many calls at once log in once.
//!
//! Calls need a tokio runtime. [`Endpoints::all`] is for the emulator, or for any other host that
//! serves everything.
//!
//! A request is sent again only if that is safe: see [`RetryConfig`]. If you drop a call's future
//! after the request was sent, its outcome is unknown; [`Client::observed`] returns a handle that tells
//! whether it was.
//!
//! The clients generated from the contract are [`ddm`], [`dcs`], [`dms`] and [`iam`]. They send through
//! the same [`Transport`], which follows no redirect, shows no secret and reaches loopback addresses
//! without a proxy. The generated modules follow the contract's versions, not this crate's.
//!
//! # Network
//!
//! Requests to this machine use no proxy. All others use the proxy in `HTTPS_PROXY`, `HTTP_PROXY`
//! or `ALL_PROXY` (also in lower case; the upper-case name wins, even if it is empty), unless
//! `NO_PROXY` lists the host. The scheme of a proxy is `http`, `https`, `socks5h`, `socks5` or
//! `socks4a`; without one it is `http`. A variable that is not such a URL is an error; repass never
//! connects directly in its place.
//!
//! HTTPS uses the system's CA certificates. If `SSL_CERT_FILE` (a PEM file) or `SSL_CERT_DIR` (one
//! or more folders of PEM files) is set, it uses only the certificates there: from both, if both are
//! set. On macOS and Windows the system itself verifies certificates, and the two variables do
//! nothing. With the feature `native-tls` they are OpenSSL's own. Plain HTTP needs no certificates.
//!
//! # Scope
//!
//! The five password endpoints and nothing else of the three services. This crate never stores or
//! logs a password; what it sends is zeroed on drop where the memory is its own, which that of the
//! HTTP library is not.

mod answer;
mod client;
mod cloud;
mod connections;
mod contract;
mod credentials;
mod endpoints;
mod error;
mod error_body;
mod error_kind;
mod exchange;
mod generated;
mod id;
mod operation;
mod operator;
mod outcome;
mod redact;
mod retry;
mod session;
pub mod sign;
mod transport;

pub use client::{Client, Completion, Outcome, ResetPassword};
pub use cloud::{Cloud, NoEndpoint, UnknownRegion};
pub use connections::ConnectionError;
pub use contract::{ErrorCode, RetryClass};
pub use credentials::{Credentials, InvalidCredentials, Project};
pub use endpoints::{Endpoints, InvalidCertificates, InvalidEndpoint};
pub use error::{Certainty, Error};
pub use error_body::ErrorBody;
pub use error_kind::ErrorKind;
pub use exchange::InFlight;
pub use generated::rules::ERROR_CODES;
pub use generated::*;
pub use id::{AdminName, InstanceId, InvalidId, ProjectId, ProjectName, Username};
pub use operation::{Operation, Service, Target};
pub use operator::{Location, Operator};
pub use repass_policy::*;
pub use retry::RetryConfig;
pub use session::LoginError;
pub use transport::Transport;
