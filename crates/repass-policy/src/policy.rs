//! A policy: the rules as data, and the check of a candidate against them.

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

    /// Checks a candidate against every rule. Checking a valid password allocates nothing.
    ///
    /// Lengths are counted in characters, and classes contain only ASCII. The user name, its reverse
    /// and the old password are compared exactly.
    ///
    /// # Errors
    /// Returns every broken rule once, in the order of [`Violation`]'s variants.
    pub fn check(&self, candidate: &str, context: &Context<'_>) -> Result<(), Violations> {
        let seen = self.alphabet.seen(candidate);
        if self.is_valid(candidate, seen, context) {
            Ok(())
        } else {
            Err(self.violations(candidate, seen, context))
        }
    }

    /// Checks a candidate against only the rules that need a context.
    ///
    /// # Errors
    /// Returns [`Violation::MatchesUsername`] and [`Violation::SameAsOld`].
    pub fn check_context(&self, candidate: &str, context: &Context<'_>) -> Result<(), Violations> {
        let mut broken = Vec::new();
        self.push_context_violations(candidate, context, &mut broken);
        if broken.is_empty() {
            Ok(())
        } else {
            Err(Violations::new(self.name, broken))
        }
    }

    /// Returns true if [`violations`](Self::violations) would find nothing, without its cost.
    fn is_valid(&self, candidate: &str, seen: u8, context: &Context<'_>) -> bool {
        // Allowed characters are ASCII, so the length in bytes is the length in characters. The
        // comparisons come last because they are the most expensive.
        seen & NOT_ALLOWED == 0
            && (self.min_length..=self.max_length).contains(&candidate.len())
            && self.has_enough_classes(seen)
            && !self.has_forbidden_first(candidate)
            && !self.matches_username(candidate, context)
            && !self.matches_old_password(candidate, context)
            && !self.deny_list.contains(candidate)
    }

    #[cold]
    fn violations(&self, candidate: &str, seen: u8, context: &Context<'_>) -> Violations {
        let mut broken = Vec::new();
        let length = candidate.chars().count();
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
        if !self.has_enough_classes(seen) {
            let is_missing = |class: &Class| seen & class.bit() == 0;
            broken.push(Violation::TooFewClasses {
                required: self.min_classes,
                missing: Class::ALL.into_iter().filter(is_missing).collect(),
                specials: self.specials(),
            });
        }
        if seen & NOT_ALLOWED != 0 {
            let allowed = |character: &char| self.alphabet.allows(*character);
            broken.push(Violation::CharacterNotAllowed {
                first_position: candidate.chars().take_while(allowed).count() + 1,
                count: length - candidate.chars().filter(allowed).count(),
                specials: self.specials(),
            });
        }
        if self.has_forbidden_first(candidate) {
            broken.push(Violation::ForbiddenFirst {
                forbidden: self.forbidden_first,
            });
        }
        self.push_context_violations(candidate, context, &mut broken);
        if self.deny_list.contains(candidate) {
            broken.push(Violation::DenyListed);
        }
        Violations::new(self.name, broken)
    }

    fn push_context_violations(
        &self,
        candidate: &str,
        context: &Context<'_>,
        broken: &mut Vec<Violation>,
    ) {
        if self.matches_username(candidate, context) {
            broken.push(Violation::MatchesUsername {
                reversed: context.username != Some(candidate),
            });
        }
        if self.matches_old_password(candidate, context) {
            broken.push(Violation::SameAsOld);
        }
    }

    fn has_enough_classes(&self, seen: u8) -> bool {
        (seen & !NOT_ALLOWED).count_ones() as usize >= self.min_classes
    }

    fn has_forbidden_first(&self, candidate: &str) -> bool {
        // The contract allows only ASCII here, so the first byte decides.
        let first = candidate.as_bytes().first();
        first.is_some_and(|first| self.forbidden_first.as_bytes().contains(first))
    }

    fn matches_username(&self, candidate: &str, context: &Context<'_>) -> bool {
        self.not_username
            && context.username.is_some_and(|username| {
                // The reverse has the same length in bytes.
                candidate.len() == username.len()
                    && (candidate == username || candidate.chars().eq(username.chars().rev()))
            })
    }

    fn matches_old_password(&self, candidate: &str, context: &Context<'_>) -> bool {
        self.not_old && context.old_password == Some(candidate)
    }
}

/// The bit, beside those of the classes, of a byte that is not an allowed character.
const NOT_ALLOWED: u8 = 1 << Class::ALL.len();

/// The characters that a password may contain, each with its class: ASCII letters, digits and the
/// policy's specials.
pub(crate) struct Alphabet {
    specials: &'static str,
    /// The class bit of each byte, or [`NOT_ALLOWED`]. Bytes above 127 are never allowed.
    classes: [u8; 256],
}

impl Alphabet {
    #[allow(
        clippy::indexing_slicing,
        reason = "runs when the crate is compiled: a wrong index would not build"
    )]
    pub(crate) const fn new(specials: &'static str) -> Self {
        let mut classes = [NOT_ALLOWED; 256];
        let mut code = 0;
        while code < classes.len() {
            classes[code] = match code as u8 {
                b'a'..=b'z' => Class::Lower.bit(),
                b'A'..=b'Z' => Class::Upper.bit(),
                b'0'..=b'9' => Class::Digit.bit(),
                _ => NOT_ALLOWED,
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

    /// Returns the bits of all bytes together.
    fn seen(&self, candidate: &str) -> u8 {
        let classes = candidate.bytes().map(|byte| self.class(byte));
        classes.fold(0, |seen, class| seen | class)
    }

    fn allows(&self, character: char) -> bool {
        u8::try_from(character).is_ok_and(|byte| self.class(byte) != NOT_ALLOWED)
    }

    #[allow(
        clippy::indexing_slicing,
        reason = "the table has an entry for every byte"
    )]
    fn class(&self, byte: u8) -> u8 {
        self.classes[usize::from(byte)]
    }
}

/// The words of a deny list and the length of the longest. Most passwords are longer.
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
        let first = candidate.as_bytes().first();
        // Comparing one byte before the whole word is much cheaper.
        candidate.len() <= self.longest
            && self
                .words
                .iter()
                .any(|word| word.as_bytes().first() == first && *word == candidate)
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
