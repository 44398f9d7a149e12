//! What `--output json` prints. The names here are stable; `repass schema` describes them.

use repass_client::{Certainty, Completion, ErrorKind, Operation, Secret, Violation};
use schemars::JsonSchema;
use serde::Serialize;

/// A verb's result, or why there is none.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "it is only described")]
pub(crate) enum Either<T> {
    /// The result.
    Result(T),
    /// The failure.
    Failed(Box<Failed>),
}

/// A line of a service verb. There are two if a password is generated and printed: the password,
/// before it is sent, and then what came of it.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "it is only described")]
pub(crate) enum Call {
    /// The generated password.
    HandedOver(HandedOver),
    /// The password was set.
    Called(Called),
}

/// A generated password, before it is sent.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct HandedOver {
    /// The password.
    pub(crate) password: Secret,
}

/// What a service did.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Called {
    /// The operation.
    pub(crate) operation: Operation,
    /// The instance.
    pub(crate) instance_id: String,
    /// The account, for the operations of DDM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// The host of the endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) host: Option<String>,
    /// Whether the operation is done or in progress.
    pub(crate) completion: Completion,
    /// The HTTP status.
    pub(crate) status: u16,
    /// The id by which the vendor's support finds the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_id: Option<String>,
    /// The job that does the work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) job_id: Option<String>,
}

/// Why there is no result.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Failed {
    /// The operation, if the command calls a service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) operation: Option<Operation>,
    /// The instance, if a call was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) instance_id: Option<String>,
    /// The account, for the operations of DDM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// The host of the endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) host: Option<String>,
    /// The failure.
    pub(crate) error: Problem,
}

/// What is known of a failure.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Problem {
    /// Whether the password may have changed.
    pub(crate) certainty: Certainty,
    /// What kind of failure it is.
    pub(crate) kind: Kind,
    /// The failure in one line, for people.
    pub(crate) message: String,
    /// What to do next, for people.
    pub(crate) next: String,
    /// The HTTP status, if an answer came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// The service's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    /// The service's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service_message: Option<String>,
    /// The id by which the vendor's support finds the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_id: Option<String>,
    /// After a wrong old password: how many tries are left before the lock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tries_left: Option<u32>,
    /// During a lock: how many minutes it will last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) minutes_left: Option<u32>,
    /// After too many requests: how long to wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after_seconds: Option<u64>,
    /// After a refused signature: how many seconds this machine's clock is ahead of the service's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) clock_offset_seconds: Option<i64>,
    /// Whether to try the new password before the old one, although the service refused: a proxy that
    /// repeated the request would have caused the same answer.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) try_new_password_first: bool,
    /// The rules that the password breaks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) violations: Vec<Violation>,
}

/// The kind of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Kind {
    /// A failure of the command.
    Command(CommandFailure),
    /// A failure of a call.
    Call(ErrorKind),
}

/// The kind of a failure of the command itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CommandFailure {
    /// The command or its configuration is not valid.
    Usage,
    /// Something on this machine failed.
    Local,
    /// The command was interrupted.
    Interrupted,
}

/// Passwords that were made.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Generated {
    /// The passwords.
    pub(crate) passwords: Vec<Secret>,
}

/// The settings that are in force.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Config {
    /// Whether a call could be made, and nothing that is set is not right.
    pub(crate) ready: bool,
    /// The services that could be called: ddm, dcs, dms.
    pub(crate) services: Vec<String>,
    /// The kind of credentials that is in force: token, access-key or user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) credentials: Option<&'static str>,
    /// Every setting there is.
    pub(crate) settings: Vec<Setting>,
    /// The settings that are not used, because a stronger source has some of their group.
    pub(crate) overrides: Vec<Override>,
    /// What is missing or not valid.
    pub(crate) problems: Vec<Mistake>,
}

/// A setting.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Setting {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its value, if it is set and may be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
    /// Whether there is a value that is not shown.
    pub(crate) hidden: bool,
    /// Where the value comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    /// Where there is another value, which is not used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) not_used: Option<String>,
}

/// Settings that are not used.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Override {
    /// The group of settings: cloud, target, project or credentials.
    pub(crate) group: &'static str,
    /// The place whose settings count.
    pub(crate) from: String,
    /// The places of those that do not.
    pub(crate) instead_of: Vec<String>,
}

/// Something that keeps a call from being made.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Mistake {
    /// What is wrong, in one line.
    pub(crate) message: String,
    /// What to do next.
    pub(crate) next: String,
}

/// What the demo did.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Demo {
    /// Where the emulator was.
    pub(crate) url: String,
    /// The five endpoints.
    pub(crate) endpoints: Vec<Step>,
    /// A password that the rules refuse.
    pub(crate) not_sent: NotSent,
    /// A wrong old password, until the account is locked.
    pub(crate) lock: Vec<Step>,
    /// A reset during the lock.
    pub(crate) reset: Vec<Step>,
}

/// A request of the demo.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Step {
    /// What was asked for.
    pub(crate) operation: Operation,
    /// The method.
    pub(crate) method: String,
    /// The path.
    pub(crate) path: String,
    /// The HTTP status of the answer.
    pub(crate) status: u16,
    /// What came of it, for people.
    pub(crate) result: String,
}

/// A password that was not sent.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct NotSent {
    /// The rules that it breaks.
    pub(crate) violations: Vec<Violation>,
    /// How many requests the emulator received meanwhile.
    pub(crate) requests: usize,
}
