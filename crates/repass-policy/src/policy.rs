//! A policy: the rules as data, and the one pass that holds a candidate against them.

use crate::violation::{Class, Violation, Violations};

/// The rules for one kind of password.
///
/// The policies are generated from the contract: [`Policy::DMS`] and the others, all of them in
/// [`Policy::ALL`].
#[derive(Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[cfg_attr(
    feature = "schemars",
    schemars(description = "The rules for one kind of password.")
)]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase"))]
#[non_exhaustive]
pub struct Policy {
    /// What the policy is called: `dms`.
    pub name: &'static str,
    /// The shortest password, in characters.
    pub min_length: usize,
    /// The longest password, in characters.
    pub max_length: usize,
    /// How many of the four [`Class`]es a password needs.
    pub min_classes: usize,
    /// The special characters that a password may contain beside ASCII letters and digits.
    #[cfg_attr(feature = "serde", serde(rename = "specials"))]
    #[cfg_attr(feature = "schemars", schemars(with = "String"))]
    pub(crate) alphabet: Alphabet,
    /// The characters that may not stand first.
    pub forbidden_first: &'static str,
    /// Whether the user name and its reverse are refused.
    pub not_username: bool,
    /// Whether the old password is refused.
    pub not_old: bool,
    /// The words that are refused as they stand.
    #[cfg_attr(feature = "schemars", schemars(with = "Vec<String>"))]
    pub(crate) deny_list: DenyList,
}

/// What is known beside the candidate. A rule whose side is not given is not checked.
#[derive(Clone, Copy, Default)]
pub struct Context<'a> {
    /// The name of the user whose password it is to be.
    pub username: Option<&'a str>,
    /// The password that it is to replace.
    pub old_password: Option<&'a str>,
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("username", &self.username)
            .field("old_password", &self.old_password.map(|_| "[REDACTED]"))
            .finish()
    }
}

impl Policy {
    /// The policy of this name.
    ///
    /// ```
    /// use repass_policy::Policy;
    ///
    /// assert_eq!(Policy::named("dms").map(|policy| policy.max_length), Some(32));
    /// assert!(Policy::named("no such policy").is_none());
    /// ```
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().copied().find(|policy| policy.name == name)
    }

    /// The special characters that a password may contain beside ASCII letters and digits.
    pub fn specials(&self) -> &'static str {
        self.alphabet.specials
    }

    /// The words that are refused as they stand.
    pub fn deny_list(&self) -> &'static [&'static str] {
        self.deny_list.words
    }

    /// Holds a candidate against every rule. A password that passes costs no allocation.
    ///
    /// Lengths are counted in characters; the classes are ASCII; the user name, its reverse and
    /// the old password are compared exactly.
    ///
    /// # Errors
    /// Every broken rule once, in the order of [`Violation`]'s variants.
    pub fn check(&self, candidate: &str, context: &Context<'_>) -> Result<(), Violations> {
        let mut broken = Vec::new();
        self.check_alone(candidate, &mut broken);
        self.check_beside(candidate, context, &mut broken);
        if self.deny_list.contains(candidate) {
            broken.push(Violation::DenyListed);
        }
        self.verdict(broken)
    }

    /// Holds a candidate against the rules that need a context, and against no other.
    ///
    /// # Errors
    /// [`Violation::MatchesUsername`] and [`Violation::SameAsOld`].
    pub fn check_context(&self, candidate: &str, context: &Context<'_>) -> Result<(), Violations> {
        let mut broken = Vec::new();
        self.check_beside(candidate, context, &mut broken);
        self.verdict(broken)
    }

    fn check_alone(&self, candidate: &str, broken: &mut Vec<Violation>) {
        let mut length = 0;
        let mut seen = 0;
        let mut not_allowed = 0;
        let mut first_not_allowed = 0;
        for character in candidate.chars() {
            length += 1;
            let class = self.alphabet.class(character);
            seen |= class;
            if class == 0 {
                not_allowed += 1;
                if not_allowed == 1 {
                    first_not_allowed = length;
                }
            }
        }

        if length < self.min_length {
            broken.push(Violation::TooShort {
                min: self.min_length,
                actual: length,
            });
        }
        if length > self.max_length {
            broken.push(Violation::TooLong {
                max: self.max_length,
                actual: length,
            });
        }
        if (seen.count_ones() as usize) < self.min_classes {
            broken.push(Violation::TooFewClasses {
                required: self.min_classes,
                missing: Class::ALL
                    .into_iter()
                    .filter(move |class| seen & class.bit() == 0)
                    .collect(),
                specials: self.specials(),
            });
        }
        if not_allowed > 0 {
            broken.push(Violation::CharacterNotAllowed {
                first_position: first_not_allowed,
                count: not_allowed,
                specials: self.specials(),
            });
        }
        if candidate.starts_with(|first| self.forbidden_first.contains(first)) {
            broken.push(Violation::ForbiddenFirst {
                forbidden: self.forbidden_first,
            });
        }
    }

    fn check_beside(&self, candidate: &str, context: &Context<'_>, broken: &mut Vec<Violation>) {
        if let Some(username) = context.username
            && self.not_username
        {
            let reversed = candidate.chars().eq(username.chars().rev());
            if candidate == username || reversed {
                broken.push(Violation::MatchesUsername {
                    reversed: candidate != username,
                });
            }
        }
        if self.not_old && context.old_password == Some(candidate) {
            broken.push(Violation::SameAsOld);
        }
    }

    fn verdict(&self, broken: Vec<Violation>) -> Result<(), Violations> {
        if broken.is_empty() {
            Ok(())
        } else {
            Err(Violations::new(self.name, broken))
        }
    }
}

/// The characters that a password may contain, each with its class: ASCII letters, digits and the
/// policy's specials.
pub(crate) struct Alphabet {
    specials: &'static str,
    /// The class bit of each ASCII character; 0 for one that is not allowed.
    classes: [u8; 128],
}

impl Alphabet {
    #[allow(
        clippy::indexing_slicing,
        reason = "runs when the crate is compiled: a wrong index would not build"
    )]
    pub(crate) const fn new(specials: &'static str) -> Self {
        let mut classes = [0; 128];
        let mut code: u8 = 0;
        while code < 128 {
            classes[code as usize] = match code {
                b'a'..=b'z' => Class::Lower.bit(),
                b'A'..=b'Z' => Class::Upper.bit(),
                b'0'..=b'9' => Class::Digit.bit(),
                _ => 0,
            };
            code += 1;
        }
        let mut index = 0;
        while index < specials.len() {
            classes[specials.as_bytes()[index] as usize] = Class::Special.bit();
            index += 1;
        }
        Self { specials, classes }
    }

    fn class(&self, character: char) -> u8 {
        let class = self.classes.get(character as usize);
        class.copied().unwrap_or(0)
    }
}

/// The words of a deny list, and how long the longest is: most passwords are longer.
#[derive(Debug)]
pub(crate) struct DenyList {
    words: &'static [&'static str],
    longest: usize,
}

impl DenyList {
    #[allow(
        clippy::indexing_slicing,
        reason = "runs when the crate is compiled: a wrong index would not build"
    )]
    pub(crate) const fn new(words: &'static [&'static str]) -> Self {
        let mut longest = 0;
        let mut index = 0;
        while index < words.len() {
            if words[index].len() > longest {
                longest = words[index].len();
            }
            index += 1;
        }
        Self { words, longest }
    }

    fn contains(&self, candidate: &str) -> bool {
        candidate.len() <= self.longest && self.words.contains(&candidate)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for DenyList {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.words.serialize(serializer)
    }
}

impl std::fmt::Debug for Alphabet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.specials.fmt(f)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Alphabet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.specials)
    }
}
