//! What a candidate broke, as data and in words.

use std::fmt;

/// One of the four kinds of character that a policy counts. All are ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Class {
    /// `a` to `z`.
    Lower,
    /// `A` to `Z`.
    Upper,
    /// `0` to `9`.
    Digit,
    /// The special characters that the policy lists.
    Special,
}

impl Class {
    pub(crate) const ALL: [Self; 4] = [Self::Lower, Self::Upper, Self::Digit, Self::Special];

    pub(crate) const fn bit(self) -> u8 {
        1 << self as u8
    }

    fn members(self) -> &'static str {
        match self {
            Self::Lower => "lower-case letters",
            Self::Upper => "upper-case letters",
            Self::Digit => "digits",
            Self::Special => "special characters",
        }
    }
}

/// A broken rule. It never holds the candidate or a character of it.
///
/// As JSON an object whose `code` names the rule, beside its parameters:
/// `{"code":"too_short","min":8,"actual":3}`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(tag = "code", rename_all = "snake_case"))]
#[cfg_attr(feature = "schemars", schemars(deny_unknown_fields))]
#[non_exhaustive]
pub enum Violation {
    /// Fewer characters than needed.
    TooShort {
        /// The fewest that are accepted.
        min: usize,
        /// How many the candidate has.
        actual: usize,
    },
    /// More characters than accepted.
    TooLong {
        /// The most that are accepted.
        max: usize,
        /// How many the candidate has.
        actual: usize,
    },
    /// Too few kinds of character.
    TooFewClasses {
        /// How many of the four are needed.
        required: usize,
        /// Those that the candidate has none of.
        missing: Vec<Class>,
        /// The special characters that are allowed.
        specials: &'static str,
    },
    /// Characters that are no ASCII letter, no digit and none of the policy's specials.
    CharacterNotAllowed {
        /// Where the first one stands, in characters from 1.
        first_position: usize,
        /// How many there are.
        count: usize,
        /// The special characters that are allowed.
        specials: &'static str,
    },
    /// The first character may not stand first.
    ForbiddenFirst {
        /// The characters that may not.
        forbidden: &'static str,
    },
    /// The candidate is the user name.
    MatchesUsername {
        /// Whether it is the user name read backwards.
        reversed: bool,
    },
    /// The candidate is the old password.
    SameAsOld,
    /// The candidate is a word that the vendor refuses.
    DenyListed,
}

impl Violation {
    /// The stable name of the rule: `too_short`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooShort { .. } => "too_short",
            Self::TooLong { .. } => "too_long",
            Self::TooFewClasses { .. } => "too_few_classes",
            Self::CharacterNotAllowed { .. } => "character_not_allowed",
            Self::ForbiddenFirst { .. } => "forbidden_first",
            Self::MatchesUsername { .. } => "matches_username",
            Self::SameAsOld => "same_as_old",
            Self::DenyListed => "deny_listed",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { min, actual } => {
                write!(f, "has {}, needs at least {min}", characters(*actual))
            }
            Self::TooLong { max, actual } => {
                write!(f, "has {}, may have at most {max}", characters(*actual))
            }
            Self::TooFewClasses {
                required,
                missing,
                specials,
            } => {
                let present = Class::ALL.len().saturating_sub(missing.len());
                let wanted = required.saturating_sub(present);
                write!(
                    f,
                    "has {present} of the {required} kinds of character needed, add "
                )?;
                if (2..missing.len()).contains(&wanted) {
                    write!(f, "{wanted} of these: ")?;
                }
                for (index, class) in missing.iter().enumerate() {
                    let separator = match missing.len() - index {
                        _ if index == 0 => "",
                        1 if wanted == 1 => " or ",
                        1 => " and ",
                        _ => ", ",
                    };
                    write!(f, "{separator}{}", class.members())?;
                    if *class == Class::Special {
                        write!(f, " ({})", visible(specials))?;
                    }
                }
                Ok(())
            }
            Self::CharacterNotAllowed {
                first_position,
                count,
                specials,
            } => {
                let (are, first) = if *count == 1 {
                    ("is", "")
                } else {
                    ("are", "the first ")
                };
                write!(
                    f,
                    "has {} that {are} not allowed, {first}at position {first_position} \
                     (only A to Z, a to z, 0 to 9 and {} are)",
                    characters(*count),
                    visible(specials)
                )
            }
            Self::ForbiddenFirst { forbidden } => write!(f, "must not start with {forbidden}"),
            Self::MatchesUsername { reversed: false } => f.write_str("is the user name"),
            Self::MatchesUsername { reversed: true } => {
                f.write_str("is the user name read backwards")
            }
            Self::SameAsOld => f.write_str("is the old password"),
            Self::DenyListed => f.write_str("is on the vendor's list of weak passwords"),
        }
    }
}

/// The special characters in a form in which a space is seen.
fn visible(specials: &str) -> String {
    let visible = specials.replace(' ', "");
    if visible.len() < specials.len() {
        format!("the space and {visible}")
    } else {
        visible
    }
}

fn characters(count: usize) -> String {
    format!("{count} character{}", if count == 1 { "" } else { "s" })
}

/// The rules that a candidate broke: at least one.
// Boxed because a check returns a pointer faster than the 40 bytes of the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violations(Box<Broken>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Broken {
    policy: &'static str,
    rules: Vec<Violation>,
}

impl Violations {
    pub(crate) fn new(policy: &'static str, rules: Vec<Violation>) -> Self {
        Self(Box::new(Broken { policy, rules }))
    }

    /// The name of the policy that was broken.
    pub fn policy(&self) -> &'static str {
        self.0.policy
    }

    /// The broken rules, in the order of [`Violation`]'s variants.
    pub fn iter(&self) -> std::slice::Iter<'_, Violation> {
        self.0.rules.iter()
    }
}

impl<'a> IntoIterator for &'a Violations {
    type Item = &'a Violation;
    type IntoIter = std::slice::Iter<'a, Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the password breaks the rules of {}", self.0.policy)?;
        for (index, violation) in self.0.rules.iter().enumerate() {
            f.write_str(if index == 0 { ": it " } else { "; it " })?;
            violation.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Violations {}

/// The outcome of a check as JSON: `{"policy":"dms","valid":false,"violations":[…]}`.
#[cfg(feature = "serde")]
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schemars", schemars(deny_unknown_fields))]
pub struct Report {
    /// The name of the policy.
    pub policy: &'static str,
    /// Whether no rule is broken.
    pub valid: bool,
    /// The broken rules, in a stable order.
    pub violations: Vec<Violation>,
}

#[cfg(feature = "serde")]
impl Report {
    /// What [`Policy::check`](crate::Policy::check) found.
    ///
    /// ```
    /// use repass_policy::{Context, Policy, Report};
    ///
    /// let outcome = Policy::DMS.check("Kafka-2024", &Context::default());
    /// assert!(Report::new(Policy::DMS, outcome).valid);
    /// ```
    pub fn new(policy: &crate::Policy, outcome: Result<(), Violations>) -> Self {
        Self {
            policy: policy.name,
            valid: outcome.is_ok(),
            violations: outcome
                .err()
                .map_or_else(Vec::new, |violations| violations.0.rules),
        }
    }
}
