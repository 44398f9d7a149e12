//! The file of a fleet: what may stand in it, and every mistake in one.
//!
//! What is no YAML, or is of another type, ends the reading. All that has no meaning is told at
//! once. Nothing of the file is repeated but names of fields: a password may stand anywhere.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use repass_client::{
    AdminName, Context, DcsPassword, DdmAccountPassword, DdmAdminPassword, DmsPassword, InstanceId,
    Policy, ProjectId, ProjectName, Secret, Service,
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_saphyr::{Error, NonFiniteFloatPolicy, from_str_with_options, options};

use super::places::Places;
use super::{
    AccessKey, Account, Dcs, Ddm, Dms, Fleet, Instance, Kind, Project, Settings, State, User,
};
use crate::fault::{Fault, MOST};
use crate::service::is_uuid;

/// How many mistakes are shown.
const SHOWN: usize = 100;
/// The largest number of tries, minutes and seconds.
const LARGEST: u32 = u32::MAX;

/// A fleet as a file has it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Fleet", rename = "Fleet")]
pub struct FleetFile {
    /// The projects; at least one.
    #[schemars(length(min = 1))]
    projects: Vec<ProjectEntry>,
    /// The users that IAM issues tokens to, for every project.
    #[serde(default)]
    users: Vec<UserEntry>,
    /// The access keys that requests may be signed with, for every project.
    #[serde(default)]
    access_keys: Vec<AccessKeyEntry>,
    /// The instances.
    #[serde(default)]
    instances: Vec<InstanceEntry>,
    /// Which of the vendor's documents is followed where they disagree.
    #[serde(default)]
    settings: Settings,
    /// What goes wrong from the beginning.
    #[serde(default)]
    faults: Vec<Fault>,
    /// What chance begins with, for the faults that hit a share of the requests.
    #[serde(default)]
    seed: u64,
}

/// A project: a region's part of an account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Project")]
struct ProjectEntry {
    /// Its id: on the real services 32 letters and digits.
    id: String,
    /// Its name.
    name: String,
    /// A token that is good for it and never ends.
    #[schemars(with = "Secret")]
    #[serde(default, deserialize_with = "written")]
    token: Option<Secret>,
}

/// An IAM user.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "User")]
struct UserEntry {
    /// The name of the account that the user belongs to.
    domain: String,
    /// The name of the user.
    name: String,
    /// The password.
    password: Secret,
}

/// An access key pair.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AccessKey")]
struct AccessKeyEntry {
    /// The access key.
    access_key: String,
    /// Its secret key.
    secret_key: Secret,
}

/// An instance of one of the services.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Instance")]
struct InstanceEntry {
    /// Its service.
    #[schemars(extend("enum" = ["ddm", "dcs", "dms"]))]
    service: String,
    /// Its id: a UUID for DCS and DMS.
    id: String,
    /// The name or the id of its project; the first project unless told otherwise.
    project: Option<String>,
    /// Whether it takes requests: it does unless told otherwise.
    #[serde(default)]
    state: State,
    /// For how many seconds it is busy after a change; none unless told otherwise.
    #[serde(default)]
    #[schemars(range(max = LARGEST))]
    change_seconds: u64,
    /// DCS and DMS: its password. A DCS instance without one is password-free.
    #[schemars(with = "Secret")]
    #[serde(default, deserialize_with = "written")]
    password: Option<Secret>,
    /// DCS: how many wrong old passwords lock it; 5 unless told otherwise.
    #[schemars(range(min = 1, max = LARGEST))]
    tries: Option<u64>,
    /// DCS: for how many minutes; 5 unless told otherwise.
    #[schemars(range(min = 1, max = LARGEST))]
    lock_minutes: Option<u64>,
    /// DMS: whether SSL is on; it is unless told otherwise.
    ssl: Option<bool>,
    /// DDM: its accounts.
    accounts: Option<Vec<AccountEntry>>,
    /// DDM: its administrator; the first call that sets a password creates one.
    administrator: Option<AccountEntry>,
}

/// A secret whose field is there; one that is left empty is no text.
fn written<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Secret::deserialize(deserializer).map(Some)
}

impl InstanceEntry {
    /// Its service, if there is one of this name.
    fn service(&self) -> Option<Service> {
        match self.service.as_str() {
            "ddm" => Some(Service::Ddm),
            "dcs" => Some(Service::Dcs),
            "dms" => Some(Service::Dms),
            _ => None,
        }
    }
}

/// Somebody with a password.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Account")]
struct AccountEntry {
    /// The user name.
    username: String,
    /// The password.
    password: Secret,
}

/// Why a file is no fleet: everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetError {
    mistakes: Vec<Mistake>,
}

/// Something that is wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mistake {
    /// The line, from 1; 0 if there is none.
    pub line: u64,
    /// The field: `instances[2].password`; empty if it is the file.
    pub field: String,
    /// What is wrong there.
    pub problem: String,
    /// What to do about it.
    pub next: String,
}

impl FleetError {
    /// The mistakes, in the order in which they stand in the file.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }
}

impl fmt::Display for FleetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.mistakes.iter().take(SHOWN).enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{mistake}")?;
        }
        match self.mistakes.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

impl std::error::Error for FleetError {}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            field,
            problem,
            next,
        } = self;
        if *line > 0 {
            write!(f, "line {line}: ")?;
        }
        if !field.is_empty() {
            write!(f, "{field}: ")?;
        }
        write!(f, "{problem}; {next}")
    }
}

impl Fleet {
    /// Reads a fleet from YAML; `repass schema fleet` prints what may stand there.
    ///
    /// # Errors
    /// The first thing that is no YAML or is of another type; or else everything that has no
    /// meaning: an unknown service, an id twice, a password that breaks its own policy.
    pub fn from_yaml(text: &str) -> Result<Self, FleetError> {
        let file = parse::<FleetFile>(text);
        let file = file.map_err(|error| FleetError {
            mistakes: vec![unreadable(&error)],
        })?;
        Reader::new(text).read(file)
    }
}

fn parse<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, Error> {
    let mut options = options! {
        // They quote lines of the file.
        with_snippet: false,
        // An id of `.nan` is a text; nothing here is such a number.
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
    };
    // A large fleet is no attack, and neither is one password for all of it. What aliases come to in
    // all keeps its limit of a million values.
    if let Some(budget) = &mut options.budget {
        budget.max_events = usize::MAX;
        budget.max_nodes = usize::MAX;
        budget.max_total_scalar_bytes = usize::MAX;
        budget.max_aliases = usize::MAX;
        budget.max_anchors = usize::MAX;
        budget.max_merge_keys = usize::MAX;
        budget.enforce_alias_anchor_ratio = false;
    }
    from_str_with_options(text, options)
}

/// What ends the reading, in words that repeat nothing of the file but names of fields.
fn unreadable(error: &Error) -> Mistake {
    let line = error.location().map_or(0, |location| location.line());
    let mistake = |field: &str, problem: &str, next: &str| Mistake {
        line,
        field: field.to_owned(),
        problem: problem.to_owned(),
        next: next.to_owned(),
    };
    let one_of = |names: &[&str]| format!("it is one of {}", names.join(", "));
    let write = |expected: &str| {
        let expected = match expected {
            "mapping start" => "fields, each on a line of its own",
            "sequence start" => "a list",
            "string scalar" => "a text",
            "boolean" => "true or false",
            "u64" => "a whole number from 0 to 18446744073709551615",
            other => other,
        };
        format!("write {expected}")
    };
    match error {
        Error::SerdeMissingField { field, .. } => mistake(field, "is missing", "add it here"),
        Error::SerdeUnknownField { expected, .. } => {
            mistake("", "there is no such field here", &one_of(expected))
        }
        Error::SerdeUnknownVariant { expected, .. } => {
            mistake("", "there is no such value here", &one_of(expected))
        }
        Error::DuplicateMappingKey { .. } => {
            mistake("", "a field stands there twice", "remove one of them")
        }
        Error::SerdeInvalidType { expected, .. } | Error::SerdeInvalidValue { expected, .. } => {
            mistake("", "the value is of another type", &write(expected))
        }
        Error::InvalidScalar { ty, .. } => mistake("", "the value is of another type", &write(ty)),
        Error::Message { msg, .. } if msg == "a secret must be a string" => mistake(
            "",
            "the secret is no text",
            "write one, in quotes if YAML could take it for something else",
        ),
        Error::Budget { .. } => mistake("", "is nested too deep", "write it flatter"),
        Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            mistake("", "repeats too much through aliases", "write it out")
        }
        Error::MultipleDocuments { .. } => {
            mistake("", "a second document begins", "remove the line with ---")
        }
        Error::Eof { .. } => mistake("", "the file has nothing", "begin with projects"),
        Error::Unexpected { expected, .. } => {
            mistake("", "something else stands here", &write(expected))
        }
        _ => mistake(
            "",
            "this is no YAML that can be read",
            "look there for a tab, a quote that is not closed or a colon in a value",
        ),
    }
}

/// The projects, and each by its name and its id.
struct Projects<'a> {
    all: &'a [Project],
    by_name: HashMap<&'a str, &'a Project>,
}

impl<'a> Projects<'a> {
    fn of(all: &'a [Project]) -> Self {
        // The first of those of one name, as is told of the others.
        let mut by_name = HashMap::new();
        for project in all {
            for name in [&project.name, &project.id] {
                by_name.entry(name.as_str()).or_insert(project);
            }
        }
        Self { all, by_name }
    }
}

/// Gives the entries their meaning, and collects what has none.
struct Reader<'a> {
    text: &'a str,
    places: OnceCell<Option<Places>>,
    mistakes: Vec<Mistake>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            places: OnceCell::new(),
            mistakes: Vec::new(),
        }
    }

    fn add(&mut self, field: &str, problem: impl fmt::Display, next: &str) {
        self.mistakes.push(Mistake {
            line: self.line(field),
            field: field.to_owned(),
            problem: problem.to_string(),
            next: next.to_owned(),
        });
    }

    fn line(&self, field: &str) -> u64 {
        let places = self.places.get_or_init(|| parse(self.text).ok());
        places.as_ref().map_or(0, |places| places.line(field))
    }

    /// Each of these once: names the line of the first one.
    fn once(&mut self, seen: &mut BTreeMap<String, String>, field: &str, value: &str, next: &str) {
        if let Some(first) = seen.get(value) {
            let problem = format!("is that of line {}, too", self.line(first));
            self.add(field, problem, next);
        } else {
            seen.insert(value.to_owned(), field.to_owned());
        }
    }

    fn check<T, E: fmt::Display>(&mut self, field: &str, made: Result<T, E>, next: &str) {
        if let Err(error) = made {
            self.add(field, error, next);
        }
    }

    fn password(&mut self, field: &str, policy: &Policy, password: &Secret, context: &Context) {
        if let Err(violations) = policy.check(password.expose(), context) {
            let next = "give one that the service would accept, such as `repass generate` makes";
            self.add(field, violations, next);
        }
    }

    fn number(&mut self, field: &str, given: u64, least: u64) -> u32 {
        if given < least {
            self.add(field, "is too small", &format!("give {least} or more"));
        }
        u32::try_from(given).unwrap_or_else(|_| {
            self.add(field, "is too large", &format!("give {LARGEST} at most"));
            LARGEST
        })
    }

    fn read(mut self, file: FleetFile) -> Result<Fleet, FleetError> {
        let projects = self.projects(file.projects);
        let users = self.users(file.users);
        let access_keys = self.access_keys(file.access_keys);
        let services: HashMap<_, _> = (file.instances.iter())
            .filter_map(|entry| Some((entry.id.clone(), entry.service()?)))
            .collect();
        let instances = self.instances(file.instances, &Projects::of(&projects));
        if file.faults.len() > MOST {
            let problem = format!("are more than {MOST}");
            self.add("faults", problem, "leave some out");
        }
        for (index, fault) in file.faults.iter().enumerate() {
            for (field, problem, next) in fault.problems(|id| services.get(id).copied()) {
                let field = format!("faults[{index}].{field}");
                self.add(&field, problem, &next);
            }
        }
        let mut mistakes = self.mistakes;
        if mistakes.is_empty() {
            return Ok(Fleet {
                projects,
                users,
                access_keys,
                instances,
                settings: file.settings,
                faults: file.faults,
                seed: file.seed,
            });
        }
        mistakes.sort_by_key(|mistake| mistake.line);
        Err(FleetError { mistakes })
    }

    fn projects(&mut self, entries: Vec<ProjectEntry>) -> Vec<Project> {
        if entries.is_empty() {
            let next = "add one: instances belong to it";
            self.add("projects", "there is none", next);
        }
        let (mut names, mut tokens) = (BTreeMap::new(), BTreeMap::new());
        let mut projects = Vec::new();
        for (index, entry) in entries.into_iter().enumerate() {
            let ProjectEntry { id, name, token } = entry;
            let at = |field| format!("projects[{index}].{field}");
            let (at_id, at_name, at_token) = (at("id"), at("name"), at("token"));
            let id_of = "give the id of a project";
            self.check(&at_id, ProjectId::new(id.as_str()), id_of);
            let name_of = "give the name of a project";
            self.check(&at_name, ProjectName::new(name.as_str()), name_of);
            let next = "give each project an id and a name of its own";
            self.once(&mut names, &at_id, &id, next);
            if name != id {
                self.once(&mut names, &at_name, &name, next);
            }
            if let Some(token) = &token {
                self.header(&at_token, token.expose());
                let next = "give each project a token of its own";
                self.once(&mut tokens, &at_token, token.expose(), next);
            }
            projects.push(Project { id, name, token });
        }
        projects
    }

    /// What a header can hold.
    fn header(&mut self, field: &str, text: &str) {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            let problem = "is empty or has characters that no header can hold";
            self.add(field, problem, "give visible ASCII without spaces");
        }
    }

    fn users(&mut self, entries: Vec<UserEntry>) -> Vec<User> {
        let mut seen = BTreeMap::new();
        let mut users = Vec::new();
        for (index, entry) in entries.into_iter().enumerate() {
            let UserEntry {
                domain,
                name,
                password,
            } = entry;
            for (field, text) in [
                ("domain", domain.as_str()),
                ("name", &name),
                ("password", password.expose()),
            ] {
                if text.is_empty() {
                    let field = format!("users[{index}].{field}");
                    self.add(&field, "is empty", "write a text");
                }
            }
            let field = format!("users[{index}].name");
            let next = "give each user of a domain a name of its own";
            self.once(&mut seen, &field, &format!("{domain}\n{name}"), next);
            users.push(User {
                domain,
                name,
                password,
            });
        }
        users
    }

    fn access_keys(&mut self, entries: Vec<AccessKeyEntry>) -> Vec<AccessKey> {
        let mut seen = BTreeMap::new();
        let mut keys = Vec::new();
        for (index, entry) in entries.into_iter().enumerate() {
            let AccessKeyEntry {
                access_key,
                secret_key,
            } = entry;
            let field = format!("access_keys[{index}].access_key");
            self.header(&field, &access_key);
            let next = "name each access key once";
            self.once(&mut seen, &field, &access_key, next);
            let field = format!("access_keys[{index}].secret_key");
            self.header(&field, secret_key.expose());
            keys.push(AccessKey {
                access_key,
                secret_key,
            });
        }
        keys
    }

    fn instances(&mut self, entries: Vec<InstanceEntry>, projects: &Projects<'_>) -> Vec<Instance> {
        let mut seen = BTreeMap::new();
        let mut instances = Vec::new();
        for (index, entry) in entries.into_iter().enumerate() {
            let at = format!("instances[{index}]");
            let field = format!("{at}.id");
            let made = InstanceId::new(entry.id.as_str());
            self.check(&field, made, "give the id of an instance");
            let service = entry.service();
            let wants_uuid = matches!(service, Some(Service::Dcs | Service::Dms));
            if wants_uuid && !is_uuid(&entry.id) {
                let next = "give one such as 2b9d4f16-8c3a-4e57-b1d0-9f6e7a5c3b28";
                self.add(&field, "is no UUID", next);
            }
            // A path does not say which service it is for.
            let next = "give each instance an id of its own";
            self.once(&mut seen, &field, &entry.id, next);
            instances.extend(self.instance(&at, entry, projects));
        }
        instances
    }

    fn instance(
        &mut self,
        at: &str,
        entry: InstanceEntry,
        projects: &Projects<'_>,
    ) -> Option<Instance> {
        let project = match &entry.project {
            None => projects.all.first(),
            Some(given) => projects.by_name.get(given.as_str()).copied(),
        };
        if project.is_none() && !projects.all.is_empty() {
            let next = "give the name or the id of one of the projects";
            self.add(&format!("{at}.project"), "is not there", next);
        }
        let Some(service) = entry.service() else {
            let next = "give ddm, dcs or dms";
            self.add(&format!("{at}.service"), "is unknown", next);
            return None;
        };
        let is = |one| service == one;
        let (of_ddm, of_dcs, of_dms) = (is(Service::Ddm), is(Service::Dcs), is(Service::Dms));
        for (field, is_given, belongs) in [
            ("password", entry.password.is_some(), of_dcs || of_dms),
            ("tries", entry.tries.is_some(), of_dcs),
            ("lock_minutes", entry.lock_minutes.is_some(), of_dcs),
            ("ssl", entry.ssl.is_some(), of_dms),
            ("accounts", entry.accounts.is_some(), of_ddm),
            ("administrator", entry.administrator.is_some(), of_ddm),
        ] {
            if is_given && !belongs {
                let problem = "does not belong to an instance of this service";
                self.add(&format!("{at}.{field}"), problem, "leave it out");
            }
        }
        let kind = if of_ddm {
            Kind::Ddm(self.ddm(at, entry.accounts, entry.administrator))
        } else if of_dcs {
            Kind::Dcs(self.dcs(at, entry.password, entry.tries, entry.lock_minutes))
        } else {
            Kind::Dms(self.dms(at, entry.password, entry.ssl)?)
        };
        let change_seconds = format!("{at}.change_seconds");
        Some(Instance {
            state: entry.state,
            change_seconds: self.number(&change_seconds, entry.change_seconds, 0),
            ..Instance::new(entry.id, project?.id.as_str(), kind)
        })
    }

    fn ddm(
        &mut self,
        at: &str,
        accounts: Option<Vec<AccountEntry>>,
        administrator: Option<AccountEntry>,
    ) -> Ddm {
        let mut seen = BTreeMap::new();
        let mut all = Vec::new();
        for (index, account) in accounts.into_iter().flatten().enumerate() {
            let at = format!("{at}.accounts[{index}]");
            let AccountEntry { username, password } = account;
            let field = format!("{at}.username");
            // The vendor's rule for both is one.
            if AdminName::new(username.as_str()).is_err() {
                let problem = "needs 1 to 32 letters, digits and underscores, a letter first";
                self.add(&field, problem, "give the name of an account");
            }
            let next = "give each account a name of its own";
            self.once(&mut seen, &field, &username, next);
            let context = Context {
                username: Some(&username),
                ..Context::default()
            };
            let field = format!("{at}.password");
            self.password(&field, DdmAccountPassword::POLICY, &password, &context);
            all.push(Account { username, password });
        }
        let administrator = administrator.map(|administrator| {
            let at = format!("{at}.administrator");
            let AccountEntry { username, password } = administrator;
            let field = format!("{at}.username");
            let made = AdminName::new(username.as_str());
            self.check(&field, made, "give the name of an administrator");
            let next = "give the administrator a name that no account has";
            self.once(&mut seen, &field, &username, next);
            let (field, policy) = (format!("{at}.password"), DdmAdminPassword::POLICY);
            self.password(&field, policy, &password, &Context::default());
            Account { username, password }
        });
        Ddm {
            accounts: all,
            administrator,
        }
    }

    fn dcs(
        &mut self,
        at: &str,
        password: Option<Secret>,
        tries: Option<u64>,
        lock_minutes: Option<u64>,
    ) -> Dcs {
        let password = self.own(at, password, DcsPassword::POLICY);
        let mut number = |field, given: Option<u64>, usual| {
            given.map_or(usual, |given| {
                self.number(&format!("{at}.{field}"), given, 1)
            })
        };
        Dcs {
            tries: number("tries", tries, Dcs::TRIES),
            lock_minutes: number("lock_minutes", lock_minutes, Dcs::LOCK_MINUTES),
            ..Dcs::new(password)
        }
    }

    fn dms(&mut self, at: &str, password: Option<Secret>, ssl: Option<bool>) -> Option<Dms> {
        let password = self.own(at, password, DmsPassword::POLICY);
        if password.is_none() {
            let next = "add it: an instance of DMS has one";
            self.add(&format!("{at}.password"), "is missing", next);
        }
        Some(Dms {
            password: password?,
            ssl: ssl.unwrap_or(true),
        })
    }

    /// The password of an instance itself.
    fn own(&mut self, at: &str, password: Option<Secret>, policy: &Policy) -> Option<Secret> {
        let password = password?;
        let field = format!("{at}.password");
        self.password(&field, policy, &password, &Context::default());
        Some(password)
    }
}
