//! Why a command failed: one line, what to do next, and the exit code.

use std::fmt::Display;
use std::process::ExitCode;

use repass_client::{Certainty, Error, NotSent, Operation, RefusalKind, Violations};

use crate::terminal;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command is not right.
    Usage { line: String, next: &'static str },
    /// The password breaks the rules.
    Rules(Violations),
    /// Nothing changed.
    NotDone { line: String, next: &'static str },
    /// The call failed, and its error says what is known.
    Call(Error),
    /// The call was abandoned after it may have been sent.
    Interrupted(Operation),
    /// A checked password broke the rules, and has been told so.
    Told,
}

impl Failure {
    /// A failure before anything was sent.
    pub(crate) fn not_done(what: impl Display, next: &'static str) -> Self {
        let line = what.to_string();
        Self::NotDone { line, next }
    }

    /// A command that cannot be carried out as it is.
    pub(crate) fn usage(what: impl Display, next: &'static str) -> Self {
        let line = what.to_string();
        Self::Usage { line, next }
    }

    /// Tells what happened, and gives the exit code for it.
    pub(crate) fn report(&self) -> ExitCode {
        match self {
            Self::Told => {}
            Self::Usage { line, next } | Self::NotDone { line, next } => tell(line, next),
            Self::Rules(violations) => tell_rules(violations),
            Self::Call(Error::NotSent {
                reason: NotSent::Policy(violations),
                ..
            }) => tell_rules(violations),
            Self::Call(error) => tell(&with_sources(error), next_step(error)),
            Self::Interrupted(operation) => tell(
                &format!(
                    "{operation}: it is not known whether the password changed: interrupted while \
                     the call was under way"
                ),
                UNKNOWN,
            ),
        }
        ExitCode::from(self.exit_code())
    }

    fn exit_code(&self) -> u8 {
        match self {
            Self::NotDone { .. } => 1,
            Self::Usage { .. } => 2,
            Self::Rules(_) | Self::Told => 3,
            Self::Call(Error::NotSent {
                reason: NotSent::Policy(_),
                ..
            }) => 3,
            Self::Call(error) if error.certainty().nothing_changed() => 1,
            Self::Call(_) | Self::Interrupted(_) => 4,
        }
    }
}

const UNKNOWN: &str = "try both passwords on the instance before anything else, and keep the new one until you \
     know";

fn next_step(error: &Error) -> &'static str {
    match error {
        Error::Refused(refusal) => match (refusal.kind, refusal.status) {
            (RefusalKind::WrongOldPassword { .. }, _) => {
                "look the old password up; more wrong ones lock the account, a reset needs none"
            }
            (RefusalKind::Locked { .. }, _) => "wait until the lock ends",
            (_, 401) => "nothing changed; get a new token of this project and put it in OS_TOKEN",
            (_, 403) => "nothing changed; ask for the permission, or use another user",
            (_, 404) => "nothing changed; check the endpoint, the project id and the instance id",
            (_, 429) => "nothing changed; wait a little and try again",
            _ => "nothing changed; see what the service says, and its code in the vendor's pages",
        },
        Error::NotSent { .. } => "nothing changed; check the endpoint and the network",
        _ if error.certainty() == Certainty::Unknown => UNKNOWN,
        _ => "nothing changed",
    }
}

fn with_sources(error: &Error) -> String {
    let mut line = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        // Some errors repeat their source in their own text.
        let text = error.to_string();
        if !line.contains(&text) {
            line += &format!(": {text}");
        }
        source = error.source();
    }
    line
}

fn tell_rules(violations: &Violations) {
    terminal::say(&format!(
        "error: the password breaks the rules of {}",
        violations.policy()
    ));
    for violation in violations {
        terminal::say(&format!("  - it {violation}"));
    }
    terminal::say("next: nothing was sent; give another password, or use --generate");
}

fn tell(line: &str, next: &str) {
    terminal::say(&format!("error: {line}"));
    terminal::say(&format!("next: {next}"));
}
