//! Tokens: the fleet's own, which never ends, and those that IAM issues.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use repass_client::{GenerateError, Secret, generate};

/// How many issued tokens are known at most; then the oldest is forgotten.
const KNOWN: usize = 10_000;
/// How many characters an issued token has: the most that can be generated.
const LENGTH: usize = 64;

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Good,
    Ended,
    Unknown,
}

/// A token that IAM issued.
#[derive(Debug, Clone)]
pub(crate) struct Issued {
    pub(crate) token: Secret,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// All the tokens that are known. Ended ones are among them, so that they are told from others.
#[derive(Debug)]
pub(crate) struct Tokens {
    endless: Secret,
    lifetime: Duration,
    /// The oldest first.
    issued: VecDeque<Issued>,
}

impl Tokens {
    pub(crate) fn new(endless: Secret, lifetime: Duration) -> Self {
        Self {
            endless,
            lifetime,
            issued: VecDeque::new(),
        }
    }

    /// Makes a token.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub(crate) fn issue(&mut self, now: SystemTime) -> Result<Issued, GenerateError> {
        let issued_at = timestamp(now);
        let expires_at = issued_at.checked_add(self.lifetime);
        let issued = Issued {
            token: generate(LENGTH)?,
            issued_at,
            expires_at: expires_at.unwrap_or(Timestamp::MAX),
        };
        if self.issued.len() == KNOWN {
            self.issued.pop_front();
        }
        self.issued.push_back(issued.clone());
        Ok(issued)
    }

    pub(crate) fn standing(&self, token: &[u8], now: SystemTime) -> Standing {
        let is = |known: &Secret| known.expose().as_bytes() == token;
        if is(&self.endless) {
            return Standing::Good;
        }
        match self.issued.iter().find(|issued| is(&issued.token)) {
            Some(issued) if timestamp(now) < issued.expires_at => Standing::Good,
            Some(_) => Standing::Ended,
            None => Standing::Unknown,
        }
    }
}

/// The time as a date. No clock here is beyond the dates that there are; see
/// [`Clock::advance`](crate::Clock::advance).
fn timestamp(time: SystemTime) -> Timestamp {
    Timestamp::try_from(time).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_logins_pushes_the_oldest_token_out() {
        let now = SystemTime::now();
        let mut tokens = Tokens::new("endless".into(), Duration::from_secs(1));
        let mut issue = || tokens.issue(now).unwrap().token;
        let (first, second) = (issue(), issue());
        for _ in 2..=KNOWN {
            issue();
        }
        assert_eq!(tokens.issued.len(), KNOWN);
        for (token, standing) in [
            (first.expose(), Standing::Unknown),
            (second.expose(), Standing::Good),
            ("endless", Standing::Good),
        ] {
            assert_eq!(tokens.standing(token.as_bytes(), now), standing);
        }
    }
}
