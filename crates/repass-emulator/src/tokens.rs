//! Tokens: the fleet's own, which never ends, and those that IAM issues.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use repass_client::{GenerateError, Secret, generate};

use crate::fleet::Project;

/// How many issued tokens are known at most; then the oldest is forgotten.
const KNOWN: usize = 10_000;
/// How many characters an issued token has: the most that can be generated.
const LENGTH: usize = 64;

/// What a token is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// For the project with this id.
    Good(String),
    Ended,
    Unknown,
}

/// A token that IAM issued.
#[derive(Debug, Clone)]
pub(crate) struct Issued {
    pub(crate) token: Secret,
    project_id: String,
    /// The place of its user in the fleet.
    user: usize,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// All the tokens that are known. Ended ones are among them, so that they are told from others.
pub(crate) struct Tokens {
    /// The tokens that never end, and their projects' ids.
    endless: BTreeMap<Vec<u8>, String>,
    lifetime: Duration,
    /// The oldest first.
    issued: VecDeque<Issued>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

impl Tokens {
    /// The tokens of the projects, which never end, and a lifetime for all others.
    pub(crate) fn new(projects: &[Project], lifetime: Duration) -> Self {
        let token = |project: &Project| {
            let token = project.token.as_ref()?.expose().as_bytes().to_owned();
            Some((token, project.id.clone()))
        };
        Self {
            endless: projects.iter().filter_map(token).collect(),
            lifetime,
            issued: VecDeque::new(),
        }
    }

    /// Makes a token of a user for the project with this id, which ends at a time at the latest.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub(crate) fn issue(
        &mut self,
        project_id: &str,
        user: usize,
        until: Option<Timestamp>,
        now: SystemTime,
    ) -> Result<Issued, GenerateError> {
        let issued_at = timestamp(now);
        let expires_at = issued_at.checked_add(self.lifetime);
        let expires_at = expires_at.unwrap_or(Timestamp::MAX);
        let issued = Issued {
            token: generate(LENGTH)?,
            project_id: project_id.to_owned(),
            user,
            issued_at,
            expires_at: until.map_or(expires_at, |until| until.min(expires_at)),
        };
        if self.issued.len() == KNOWN {
            self.issued.pop_front();
        }
        self.issued.push_back(issued.clone());
        Ok(issued)
    }

    /// The user of a token that is good, and when it ends. A token of the fleet is the first user's.
    pub(crate) fn holder(
        &self,
        token: &[u8],
        now: SystemTime,
    ) -> Option<(usize, Option<Timestamp>)> {
        if self.endless.contains_key(token) {
            return Some((0, None));
        }
        let mut issued = self.issued.iter();
        let issued = issued.find(|issued| issued.token.expose().as_bytes() == token)?;
        let is_good = timestamp(now) < issued.expires_at;
        is_good.then_some((issued.user, Some(issued.expires_at)))
    }

    pub(crate) fn standing(&self, token: &[u8], now: SystemTime) -> Standing {
        if let Some(project_id) = self.endless.get(token) {
            return Standing::Good(project_id.clone());
        }
        let mut issued = self.issued.iter();
        match issued.find(|issued| issued.token.expose().as_bytes() == token) {
            Some(issued) if timestamp(now) < issued.expires_at => {
                Standing::Good(issued.project_id.clone())
            }
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
        let project = Project {
            id: "p".to_owned(),
            name: "name".to_owned(),
            token: Some("endless".into()),
        };
        let mut tokens = Tokens::new(&[project], Duration::from_secs(1));
        let mut issue = || tokens.issue("p", 0, None, now).unwrap().token;
        let (first, second) = (issue(), issue());
        for _ in 2..=KNOWN {
            issue();
        }
        assert_eq!(tokens.issued.len(), KNOWN);
        let good = || Standing::Good("p".to_owned());
        for (token, standing) in [
            (first.expose(), Standing::Unknown),
            (second.expose(), good()),
            ("endless", good()),
        ] {
            assert_eq!(tokens.standing(token.as_bytes(), now), standing);
        }
    }
}
