//! Passwords that pass everywhere, by construction.

use std::fmt;

use rand::SeedableRng;
use rand::rngs::{StdRng, SysRng};
use rand::seq::{IndexedRandom, SliceRandom};
use zeroize::Zeroizing;

use crate::{Policy, Secret};

/// How many characters a generated password has unless told otherwise: the most that every policy
/// accepts.
pub const DEFAULT_LENGTH: usize = LENGTHS.most_everywhere;
/// The fewest characters that every policy accepts.
pub const MIN_LENGTH: usize = LENGTHS.fewest_everywhere;
/// The most characters that any policy accepts.
pub const MAX_LENGTH: usize = LENGTHS.most_anywhere;

struct Lengths {
    fewest_everywhere: usize,
    most_everywhere: usize,
    most_anywhere: usize,
}

const LENGTHS: Lengths = lengths();

const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &[u8] = b"0123456789";
/// Special in every policy and every edition of the vendor's pages, in no word of a deny list, and
/// in need of no quoting in a shell, a URL, YAML, JSON or an env file.
const SPECIALS: &[u8] = b"-~";
const EVERY: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-~";

/// Makes a password of `length` characters that passes every policy which allows that length.
///
/// It is made of letters, digits, `-` and `~`, starts with a letter and has all four classes: one
/// of each is drawn, the rest from all 64 characters (6 bits each), and all but the first are
/// shuffled. The randomness is a ChaCha stream seeded by the operating system.
///
/// ```
/// use repass_policy::{Context, DEFAULT_LENGTH, Policy, generate};
///
/// let password = generate(DEFAULT_LENGTH)?;
/// for policy in Policy::ALL {
///     assert!(policy.check(password.expose(), &Context::default()).is_ok());
/// }
/// # Ok::<(), repass_policy::GenerateError>(())
/// ```
///
/// # Errors
/// A length below [`MIN_LENGTH`] or above [`MAX_LENGTH`]; an operating system that gives no
/// randomness.
pub fn generate(length: usize) -> Result<Secret, GenerateError> {
    if !(MIN_LENGTH..=MAX_LENGTH).contains(&length) {
        return Err(GenerateError::Length(length));
    }
    let mut rng = StdRng::try_from_rng(&mut SysRng)
        .map_err(|error| GenerateError::Randomness(std::io::Error::other(error.to_string())))?;
    // The full size at once: a buffer that grows would leave copies behind.
    let mut password = Zeroizing::new(String::with_capacity(length));
    let mut rest = Zeroizing::new(Vec::with_capacity(length));
    for required in [LOWER, UPPER, DIGITS, SPECIALS] {
        rest.extend(required.choose(&mut rng));
    }
    while rest.len() + 1 < length {
        rest.extend(EVERY.choose(&mut rng));
    }
    rest.shuffle(&mut rng);
    let first = LETTERS.choose(&mut rng);
    password.extend(
        first
            .into_iter()
            .chain(rest.iter())
            .map(|byte| char::from(*byte)),
    );
    Ok(Secret::from(std::mem::take(&mut *password)))
}

/// Why no password was made.
#[derive(Debug)]
#[non_exhaustive]
pub enum GenerateError {
    /// No policy allows this length.
    Length(usize),
    /// The operating system gives no randomness.
    Randomness(std::io::Error),
}

impl fmt::Display for GenerateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(length) => write!(
                f,
                "no password of length {length} can be made: {MIN_LENGTH} to {MAX_LENGTH} characters are allowed"
            ),
            Self::Randomness(_) => f.write_str("the operating system gives no randomness"),
        }
    }
}

impl std::error::Error for GenerateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Length(_) => None,
            Self::Randomness(error) => Some(error),
        }
    }
}

#[allow(
    clippy::indexing_slicing,
    reason = "runs when the crate is compiled: a wrong index would not build"
)]
const fn lengths() -> Lengths {
    let mut lengths = Lengths {
        fewest_everywhere: 0,
        most_everywhere: usize::MAX,
        most_anywhere: 0,
    };
    let mut index = 0;
    while index < Policy::ALL.len() {
        let Policy {
            min_length,
            max_length,
            ..
        } = *Policy::ALL[index];
        if min_length > lengths.fewest_everywhere {
            lengths.fewest_everywhere = min_length;
        }
        if max_length < lengths.most_everywhere {
            lengths.most_everywhere = max_length;
        }
        if max_length > lengths.most_anywhere {
            lengths.most_anywhere = max_length;
        }
        index += 1;
    }
    lengths
}
