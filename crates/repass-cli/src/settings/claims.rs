//! The operators that sources name, and the rules by which they go together.

use std::collections::BTreeSet;

use repass_client::{Operator, Secret};

use super::found::{Given, Origin, Problem, Source};
use super::target::Target;

/// The target in force, and those of the other sources.
pub(super) struct Targets {
    pub(super) in_force: Option<Target>,
    pub(super) others: Vec<Target>,
}

impl Targets {
    /// The target of this source.
    pub(super) fn of(&self, origin: Origin) -> Option<&Target> {
        let mut all = self.in_force.iter().chain(&self.others);
        all.find(|target| target.origin == origin)
    }

    /// The region of a known cloud.
    pub(super) fn region(&self) -> Option<Secret> {
        self.in_force.as_ref()?.region().map(Secret::from)
    }
}

/// The conflict of a weaker source with the target in force, if there is one.
///
/// An option is meant for this call and counts. Two other sources that differ were set at
/// different times, and a cloud that was named was named for a reason.
pub(super) fn conflict(target: &Target, other: &Target) -> Option<Problem> {
    let (source, others) = (target.source()?, other.source()?);
    let counts = target.origin != Origin::Options || other.origin == Origin::Files;
    let differ = !target.operators.is_empty()
        && !other.operators.is_empty()
        && !target.is_of(&other.operators);
    if counts && differ {
        return Some(Problem::new(
            format!(
                "{source} names {}, but {others} names {}",
                target.operator(),
                other.operator()
            ),
            match other.origin {
                Origin::Files => {
                    "name another cloud, or remove the one of the two that is not meant"
                }
                _ => "unset the one of the two that is not meant",
            },
        ));
    }
    let (here, there) = (target.region()?, other.region()?);
    (target.origin != Origin::Options && here != there).then(|| {
        Problem::new(
            format!("{source} is in another region than {others}"),
            "remove the one of the two that is not meant, or name the region with --region",
        )
    })
}

/// The operator that a source's credentials and project belong to.
pub(super) enum Claim {
    /// The source itself names operators, there.
    Named(BTreeSet<Operator>, Source),
    /// The variables are Huawei's.
    Huaweis,
    Nothing,
}

impl Claim {
    pub(super) fn of(given: &Given, targets: &Targets) -> Self {
        let target = targets.of(given.origin);
        let named = target.and_then(|target| Some((target.operators.clone(), target.source()?)));
        match named {
            Some((operators, source)) if !operators.is_empty() => {
                Self::Named(operators, source.clone())
            }
            _ if given.origin.is_huaweis() => Self::Huaweis,
            _ => Self::Nothing,
        }
    }

    /// Returns whether credentials of this claim may be sent to the target of another source.
    pub(super) fn allows(&self, target: &Target) -> bool {
        match self {
            Self::Named(operators, _) => target.is_of(operators),
            // The options may name an emulator or a partner of Huawei.
            Self::Huaweis if target.origin == Origin::Options => {
                !target.operators.contains(&Operator::OpenTelekomCloud)
            }
            Self::Huaweis => target.operators.contains(&Operator::HuaweiCloud),
            Self::Nothing => target.origin == Origin::Options,
        }
    }

    /// The problem that the target is not of the operator of this claim.
    pub(super) fn problem(&self, what: &str, source: &Source, target: &Target) -> Problem {
        let whose = match self {
            Self::Named(operators, named_by) => {
                let names = operators.iter().map(Operator::to_string);
                let names = names.collect::<Vec<_>>().join(" and of ");
                format!("of {names} ({named_by})")
            }
            Self::Huaweis => format!("of {}", Operator::HuaweiCloud),
            Self::Nothing => "of an unknown cloud".to_owned(),
        };
        let endpoints = target.source().map(Source::to_string).unwrap_or_default();
        let next = match self {
            Self::Nothing => format!(
                "set the region or an endpoint at the same place as {source}, or give the region as \
                 an option"
            ),
            _ => format!(
                "set {what} for {} where its endpoints are set, or remove what is left of the \
                 other cloud",
                target.operator()
            ),
        };
        Problem::new(
            format!(
                "{source} sets {what} {whose}, but {endpoints} names {}",
                target.operator()
            ),
            next,
        )
    }
}
