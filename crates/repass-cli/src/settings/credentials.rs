//! The credentials that a source gives.

use repass_client::{Credentials, InvalidCredentials, Secret};

use super::found::{Found, Given, Origin, Problem, Source};
use super::help::{name_of, ways, ways_in};
use super::table::{Group, Which};

/// A kind of credentials: the setting that tells that there are any, and what they need beside it.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    leading: Which,
    needed: &'static [Which],
    optional: &'static [Which],
    /// OpenStack's names of the kind.
    auth_types: &'static [&'static str],
}

/// The first one that a source has counts.
const KINDS: [Kind; 3] = [
    Kind {
        name: "token",
        leading: Which::Token,
        needed: &[],
        optional: &[],
        auth_types: &["token", "v3token"],
    },
    Kind {
        name: "access-key",
        leading: Which::AccessKey,
        needed: &[Which::SecretKey],
        optional: &[Which::SecurityToken],
        auth_types: &[],
    },
    Kind {
        name: "user",
        leading: Which::Username,
        needed: &[Which::Password, Which::Domain],
        optional: &[],
        auth_types: &["password", "v3password"],
    },
];

/// The other kinds that OpenStack's tools know.
const OTHER_TYPES: &[&str] = &[
    "admin_token",
    "http_basic",
    "none",
    "token_endpoint",
    "v1password",
    "v2password",
    "v2token",
    "v3adfspassword",
    "v3applicationcredential",
    "v3fedkerb",
    "v3kerberos",
    "v3multifactor",
    "v3oauth1",
    "v3oauth2clientcredential",
    "v3oauth2mtlsclientcredential",
    "v3oidcaccesstoken",
    "v3oidcauthcode",
    "v3oidcclientcredentials",
    "v3oidcdeviceauthz",
    "v3oidcpassword",
    "v3samlpassword",
    "v3tokenlessauth",
    "v3totp",
    "v3websso",
];

/// The credentials in force.
pub(crate) struct Login {
    pub(crate) origin: Origin,
    /// `None` if the source has only parts of any kind.
    pub(crate) kind: Option<&'static Kind>,
    pub(crate) values: Vec<(Which, Found)>,
    problem: Option<Problem>,
    /// Parts that are in another source and not used.
    elsewhere: Vec<(Which, Source)>,
}

/// The problem that a source asks for an unknown kind of credentials, if it does.
pub(crate) fn unknown_type(source: &Given) -> Option<Problem> {
    let asked = source.get(Which::AuthType)?;
    let known = const { &KINDS }.iter().flat_map(|kind| kind.auth_types);
    let known: Vec<_> = known.copied().collect();
    (!known.contains(&asked.text())).then(|| {
        // Any other text could be a secret at the wrong place.
        let name = OTHER_TYPES.iter().find(|name| **name == asked.text());
        let name = name.copied().unwrap_or("this kind of credentials");
        Problem::new(
            format!("{}: repass cannot log in by {name}", asked.source),
            format!(
                "set it to one of {}; or remove it and give an access key",
                known.join(", ")
            ),
        )
    })
}

impl Login {
    /// The credentials of the strongest source that has some of a kind, or else of the one that
    /// has any part.
    pub(crate) fn of(
        sources: &[Given],
        is_password_welcome: impl Fn(&Given) -> bool,
    ) -> Option<Self> {
        let leading = |source: &&Given| {
            let mut kinds = const { &KINDS }.iter();
            kinds.any(|kind| source.get(kind.leading).is_some())
                || source.get(Which::UserId).is_some()
        };
        let part = |source: &&Given| {
            let mut groups = source.values.iter().map(|(which, _)| which.group());
            groups.any(|group| group == Some(Group::Credentials))
        };
        let source = sources
            .iter()
            .find(leading)
            .or_else(|| sources.iter().find(part))?;
        let mut login = Self {
            origin: source.origin,
            kind: None,
            values: Vec::new(),
            problem: None,
            elsewhere: Vec::new(),
        };
        login.kind = login.choose(source);
        for kind in const { &KINDS } {
            let is_chosen = login.kind.is_none_or(|chosen| chosen.name == kind.name);
            let parts = [kind.leading].into_iter();
            let parts = parts.chain(kind.needed.iter().chain(kind.optional).copied());
            for which in parts.filter(|_| is_chosen) {
                login.add(which, source, sources, &is_password_welcome);
            }
        }
        if let Some(asked) = source.get(Which::AuthType) {
            login.values.push((Which::AuthType, asked.clone()));
        }
        Some(login)
    }

    fn add(
        &mut self,
        which: Which,
        source: &Given,
        sources: &[Given],
        is_password_welcome: &impl Fn(&Given) -> bool,
    ) {
        let common = (which == Which::Domain).then(|| source.get(Which::CommonDomain));
        let own = source.get(which).or(common.flatten());
        let others = sources.iter().filter(|other| other.origin != source.origin);
        let other = others.filter_map(|other| Some((other, other.get(which)?)));
        let other = other.collect::<Vec<_>>();
        // OpenStack's users keep the password of a user of the files in the environment.
        let completes = |(other, _): &&(&Given, &Found)| {
            which == Which::Password
                && source.origin == Origin::Files
                && other.origin == Origin::OpenStack
                && is_password_welcome(other)
        };
        let completing = other.iter().find(completes).map(|(_, found)| *found);
        match own.or(completing) {
            Some(found) => self.values.push((which, found.clone())),
            None => {
                let first = other.first();
                let first = first.map(|(_, found)| (which, found.source.clone()));
                self.elsewhere.extend(first);
            }
        }
    }

    /// The kind that the source asks for, or the first one that it has.
    fn choose(&mut self, source: &Given) -> Option<&'static Kind> {
        let kinds = const { &KINDS };
        if let Some(asked) = source.get(Which::AuthType) {
            let kind = kinds
                .iter()
                .find(|kind| kind.auth_types.contains(&asked.text()))?;
            if source.get(kind.leading).is_none() {
                let name = name_of(kind.leading);
                self.problem = Some(Problem::new(
                    format!(
                        "{} asks for a {}, but no {name} is set there",
                        asked.source, kind.name
                    ),
                    format!(
                        "set {}, or remove the other",
                        ways_in(kind.leading, source.origin)
                    ),
                ));
            }
            return Some(kind);
        }
        // Beside `auth` an access key is for storage, if anything else can be logged in with.
        let is_for_storage = |kind: &&Kind| {
            let found = source.get(kind.leading).map(|found| &found.source);
            let is_outside = |field: &str| field.split('.').nth_back(1) != Some("auth");
            kind.leading == Which::AccessKey
                && matches!(found, Some(Source::File { field: Some(field), .. }) if is_outside(field))
        };
        let is_there = |kind: &&Kind| source.get(kind.leading).is_some();
        let mut meant = kinds.iter().filter(is_there);
        let kind = meant
            .find(|kind| !is_for_storage(kind))
            .or_else(|| kinds.iter().find(is_there));
        if let (None, Some(id)) = (kind, source.get(Which::UserId)) {
            self.problem = Some(Problem::new(
                format!("{}: repass logs in with the name of a user", id.source),
                format!(
                    "set {}, {} and {}",
                    ways_in(Which::Username, source.origin),
                    ways_in(Which::Password, source.origin),
                    ways_in(Which::Domain, source.origin)
                ),
            ));
        }
        kind
    }

    pub(crate) fn get(&self, which: Which) -> Option<&Found> {
        let found = self.values.iter().find(|(each, _)| *each == which);
        found.map(|(_, found)| found)
    }

    /// The place that says whose credentials they are.
    pub(crate) fn source(&self) -> Option<&Source> {
        let leading = self.kind.and_then(|kind| self.get(kind.leading));
        let found = leading.or(self.values.first().map(|(_, found)| found));
        found.map(|found| &found.source)
    }

    pub(crate) fn is_user(&self) -> bool {
        self.kind
            .is_some_and(|kind| kind.leading == Which::Username)
    }

    /// The credentials, to be sent.
    ///
    /// # Errors
    /// They are not complete, or not valid.
    pub(crate) fn credentials(&self, source: &Given) -> Result<Credentials, Problem> {
        if let Some(problem) = &self.problem {
            return Err(problem.clone());
        }
        let Some(kind) = self.kind else {
            return Err(none());
        };
        for needed in kind.needed {
            if let (Some(leading), None) = (self.get(kind.leading), self.get(*needed)) {
                return Err(self.incomplete(kind, leading, *needed, source));
            }
        }
        for (which, found) in &self.values {
            check(*which, &found.value).map_err(|error| {
                let next = if found.text().ends_with(char::is_control) {
                    "remove the control character at its end; a carriage return is left of a line \
                     of a Windows file"
                } else {
                    "look at the value: credentials have no spaces and no line breaks"
                };
                Problem::new(format!("{}: {error}", found.source), next)
            })?;
        }
        self.build(kind)
            .map_err(|error| Problem::new(error.to_string(), "set it anew"))
    }

    fn incomplete(&self, kind: &Kind, leading: &Found, needed: Which, source: &Given) -> Problem {
        let [name, missing] = [kind.leading, needed].map(|one| name_of(one).replace('-', " "));
        let other = self.elsewhere.iter().find(|(which, _)| *which == needed);
        let other = other.map(|(_, other)| {
            format!("; that of {other} is not used, because it may belong to another {name}")
        });
        let id = (needed == Which::Domain)
            .then(|| source.get(Which::DomainId))
            .flatten();
        let id = id.map(|id| format!("; {} gives only an id, and IAM is asked by name", id.source));
        Problem::new(
            format!(
                "{} sets the {name}, but no {missing} is set there{}",
                leading.source,
                other.or(id).unwrap_or_default()
            ),
            format!("set {}", self.ways_beside(needed)),
        )
    }

    fn ways_beside(&self, needed: Which) -> String {
        let own = ways_in(needed, self.origin);
        if needed == Which::Password && self.origin == Origin::Files {
            format!("{own}, or OS_PASSWORD")
        } else {
            own
        }
    }

    fn build(&self, kind: &Kind) -> Result<Credentials, InvalidCredentials> {
        let secret = |which| {
            let found = self.get(which).map(|found| found.value.clone());
            found.unwrap_or_else(|| Secret::from(""))
        };
        let text = |which| secret(which).expose().to_owned();
        match (kind.leading, self.get(Which::SecurityToken)) {
            (Which::Token, _) => Credentials::token(secret(Which::Token)),
            (Which::AccessKey, None) => {
                Credentials::access_key(text(Which::AccessKey), secret(Which::SecretKey))
            }
            (Which::AccessKey, Some(token)) => Credentials::temporary_access_key(
                text(Which::AccessKey),
                secret(Which::SecretKey),
                token.value.clone(),
            ),
            _ => Credentials::user(
                text(Which::Domain),
                text(Which::Username),
                secret(Which::Password),
            ),
        }
    }
}

/// The problem that there are no credentials.
pub(crate) fn none() -> Problem {
    let [token, key, user] = KINDS.each_ref().map(|kind| ways(kind.leading));
    Problem::new(
        "no credentials are set",
        format!("set a token ({token}), an access key ({key}) or a user ({user})"),
    )
}

/// The first credentials of any kind that a source has.
pub(crate) fn has_any(source: &Given) -> Option<&Found> {
    let mut kinds = const { &KINDS }.iter();
    kinds.find_map(|kind| source.get(kind.leading))
}

/// Checks one part of credentials as if the others were right: an error of the whole does not tell
/// which part it is about.
fn check(which: Which, value: &Secret) -> Result<(), InvalidCredentials> {
    const RIGHT: &str = "-";
    let (text, value) = (value.expose(), value.clone());
    let checked = match which {
        Which::AccessKey => Credentials::access_key(text, RIGHT),
        Which::SecretKey => Credentials::access_key(RIGHT, value),
        Which::SecurityToken => Credentials::temporary_access_key(RIGHT, RIGHT, value),
        Which::Username => Credentials::user(RIGHT, text, RIGHT),
        Which::Password => Credentials::user(RIGHT, RIGHT, value),
        Which::Domain => Credentials::user(text, RIGHT, RIGHT),
        Which::Token => Credentials::token(value),
        _ => return Ok(()),
    };
    checked.map(|_| ())
}
