//! The settings of a call: what is in force, and where it comes from.
//!
#![doc = include_str!("settings/sources.md")]

mod claims;
mod clouds;
mod credentials;
mod found;
mod help;
mod sources;
mod table;
mod target;
mod yaml;

#[cfg(test)]
mod properties;

use std::fmt;
use std::path::Path;

use repass_client::{
    Client, Credentials, Endpoints, InvalidEndpoint, Operation, Operator, Project, ProjectId,
    ProjectName, Service,
};

pub(crate) use found::{Found, Source};
pub(crate) use help::{SHOWN, is_credential, is_secret, sources};
pub(crate) use table::Which;
pub(crate) use target::SERVICES;

use crate::arguments::Access;
use crate::failure::Failure;
use claims::{Claim, Targets, conflict};
use credentials::Login;
use found::{Environment, Given, Origin, Problem};
use help::{name_of, ways};
use sources::Sources;
use table::Group;
use target::Target;

/// The settings that are in force.
pub(crate) struct Settings {
    /// Every source, the strongest first.
    given: Vec<Given>,
    clouds: Vec<Found>,
    target: Option<Target>,
    project: Option<(Which, Found)>,
    login: Option<Login>,
    ca_certificates: Option<Found>,
    /// The certificates of the only authorities to trust.
    authorities: Option<String>,
    /// Problems that prevent every call.
    problems: Vec<Problem>,
    overrides: Vec<Override>,
    allow_http: bool,
}

/// Settings that are not used, because a stronger source has some of their group.
#[derive(Debug, Clone)]
pub(crate) struct Override {
    /// Such as `target`.
    pub(crate) group: &'static str,
    pub(crate) from: String,
    pub(crate) instead_of: Vec<String>,
}

impl fmt::Display for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            group,
            from,
            instead_of,
        } = self;
        let others = instead_of.join("; ");
        write!(f, "{from} sets the {group}; not used: {others}")
    }
}

impl Settings {
    /// Reads every source, and decides which one counts for what.
    ///
    /// # Errors
    /// A variable or a file cannot be read.
    pub(crate) fn load(access: &Access) -> Result<Self, Failure> {
        Self::resolve(access, &Environment::of_process())
    }

    fn resolve(access: &Access, environment: &Environment) -> Result<Self, Failure> {
        let Sources { given, clouds } = Sources::read(access, environment)?;
        let targets: Vec<_> = given.iter().filter_map(Target::of).collect();
        let mut settings = Self {
            problems: Vec::new(),
            overrides: Vec::new(),
            ca_certificates: None,
            authorities: None,
            login: None,
            project: None,
            target: None,
            allow_http: access.allow_http,
            clouds,
            given,
        };
        settings.check_sources();
        settings.choose_authorities(environment);
        let target = settings.choose_target(targets);
        settings.choose_project(&target);
        settings.choose_credentials(&target);
        settings.check_project();
        settings.target = target.in_force;
        Ok(settings)
    }

    fn check_sources(&mut self) {
        for given in &self.given {
            self.problems.extend(given.problems.iter().cloned());
            self.problems.extend(credentials::unknown_type(given));
        }
        if let [cloud, other, ..] = self.clouds.as_slice()
            && cloud.text() != other.text()
        {
            self.overrides.push(Override {
                group: "cloud",
                from: cloud.source.to_string(),
                instead_of: vec![other.source.to_string()],
            });
        }
    }

    fn choose_authorities(&mut self, environment: &Environment) {
        const NEXT: &str = "name a file with the certificates of the authorities in PEM";
        let mut found = self
            .given
            .iter()
            .filter_map(|given| given.get(Which::CaCertificates));
        let Some(found) = found.next().cloned() else {
            return;
        };
        let path = match (found.text().strip_prefix("~/"), environment.get("HOME")) {
            (Some(rest), Some(home)) => Path::new(home).join(rest),
            _ => found.text().into(),
        };
        // The path is not repeated: it could be anything.
        let read = std::fs::read_to_string(path);
        let pem = read.map_err(|error| format!("the file cannot be read: {error}"));
        let checked = pem.and_then(|pem| match Endpoints::new().with_ca(&pem) {
            Ok(_) => Ok(pem),
            Err(error) => Err(error.to_string()),
        });
        match checked {
            Ok(pem) => self.authorities = Some(pem),
            Err(problem) => {
                let line = format!("{}: {problem}", found.source);
                self.problems.push(Problem::new(line, NEXT));
            }
        }
        self.ca_certificates = Some(found);
    }

    /// The first target of a source that does more than to repeat the next one.
    fn choose_target(&mut self, mut targets: Vec<Target>) -> Targets {
        let repeats = targets
            .iter()
            .zip(targets.iter().skip(1))
            .take_while(|(target, next)| target.repeats(next));
        let skipped = repeats.count();
        let repeating: Vec<_> = targets.drain(..skipped.min(targets.len())).collect();
        let mut targets = targets.into_iter();
        let in_force = targets.next();
        let weaker: Vec<_> = targets.collect();
        if let Some(target) = &in_force {
            self.problems.extend(target.problems.iter().cloned());
            self.check_endpoints(target);
            for other in &weaker {
                self.problems.extend(conflict(target, other));
                if !other.repeats(target) {
                    self.overrides.push(Override::new(
                        "target",
                        target.source(),
                        other.given.iter().map(|(_, found)| &found.source),
                    ));
                }
            }
        }
        Targets {
            in_force,
            others: repeating.into_iter().chain(weaker).collect(),
        }
    }

    /// Every endpoint that the source sets has to be one, whichever a call needs.
    fn check_endpoints(&mut self, target: &Target) {
        for (which, found) in &target.given {
            if let Which::Endpoint(service) = which
                && let Err(error) = self.empty_endpoints().with(*service, found.text())
            {
                let problem = invalid_endpoint(found, error);
                self.problems.push(problem);
            }
        }
    }

    fn empty_endpoints(&self) -> Endpoints {
        if self.allow_http {
            Endpoints::new().allow_http()
        } else {
            Endpoints::new()
        }
    }

    /// The project of the strongest source: by its id, or else by its name.
    fn choose_project(&mut self, targets: &Targets) {
        let project = |given: &Given| {
            [Which::ProjectId, Which::ProjectName]
                .into_iter()
                .find_map(|which| Some((which, given.get(which)?.clone())))
        };
        let mut all = self
            .given
            .iter()
            .filter_map(|given| Some((given, project(given)?)));
        let Some((given, (which, found))) = all.next() else {
            // It is only the project that most have: any other one is meant.
            self.project = targets.region().map(|region| {
                let source = Source::Setting(name_of(Which::Region));
                (
                    Which::ProjectName,
                    Found {
                        value: region,
                        source,
                    },
                )
            });
            return;
        };
        let others: Vec<_> = all
            .filter(|(_, (other, value))| (*other, value.text()) != (which, found.text()))
            .map(|(given, (_, found))| (given.origin, found.source))
            .collect();
        let claim = Claim::of(given, targets);
        // A project is not a secret: one of an unknown cloud may complete a named cloud, but not
        // replace what that one says. One conflict of the same two sources is enough.
        let of_files = others.iter().find(|(origin, _)| *origin == Origin::Files);
        let is_unknown = matches!(claim, Claim::Nothing);
        if let Some(target) = &targets.in_force
            && self.problems.is_empty()
            && given.origin != Origin::Options
        {
            if !is_unknown && !claim.allows(target) {
                self.problems
                    .push(claim.problem("a project", &found.source, target));
            } else if let (true, Some((_, of_files))) = (is_unknown, of_files) {
                self.problems.push(Problem::new(
                    format!("{} differs from {of_files}", found.source),
                    "unset the variable if it is left over; otherwise set OS_REGION_NAME beside it, \
                     or give the project as an option",
                ));
            }
        }
        let others: Vec<_> = others.into_iter().map(|(_, source)| source).collect();
        if !others.is_empty() {
            self.overrides
                .push(Override::new("project", Some(&found.source), &others));
        }
        self.project = Some((which, found));
    }

    fn choose_credentials(&mut self, targets: &Targets) {
        let files = self
            .given
            .iter()
            .find(|given| given.origin == Origin::Files);
        // A password in the environment is of the file's user only if nothing says otherwise.
        let is_password_welcome = |given: &Given| {
            let is_other = |target: &Target| match files.map(|files| Claim::of(files, targets)) {
                Some(Claim::Named(operators, _)) => !target.is_of(&operators),
                _ => false,
            };
            !targets.of(given.origin).is_some_and(is_other)
        };
        let Some(login) = Login::of(&self.given, is_password_welcome) else {
            return;
        };
        let of_login = self.given.iter().find(|given| given.origin == login.origin);
        if let (Some(target), Some(given), Some(source)) =
            (&targets.in_force, of_login, login.source())
        {
            let claim = Claim::of(given, targets);
            let is_own = given.origin == target.origin;
            if login.kind.is_some() && !is_own && !claim.allows(target) {
                self.problems
                    .push(claim.problem("credentials", source, target));
            }
        }
        let weaker = self
            .given
            .iter()
            .filter(|given| given.origin != login.origin);
        let weaker = weaker.filter_map(credentials::has_any);
        let weaker: Vec<_> = weaker.map(|found| found.source.clone()).collect();
        if !weaker.is_empty() {
            self.overrides
                .push(Override::new("credentials", login.source(), &weaker));
        }
        self.login = Some(login);
    }

    /// IAM looks the name of a project up in the domain of the user.
    fn check_project(&mut self) {
        let Some((Which::ProjectName, project)) = &self.project else {
            return;
        };
        let source = self.given.iter().find(|given| {
            let name = given.get(Which::ProjectName);
            name.is_some_and(|name| name.source == project.source)
        });
        let (Some(source), Some(login)) = (source, &self.login) else {
            return;
        };
        let ids = (
            source.get(Which::ProjectDomainId),
            source.get(Which::DomainId),
        );
        let names = (
            source.get(Which::ProjectDomain),
            login.get(Which::Domain).filter(|_| login.is_user()),
        );
        for pair in [names, ids] {
            if let (Some(of_project), Some(of_user)) = pair
                && of_project.text() != of_user.text()
            {
                self.problems.push(Problem::new(
                    format!("{} differs from {}", of_project.source, of_user.source),
                    format!(
                        "repass finds a project by its name in the domain of the user only: give its \
                         id ({})",
                        ways(Which::ProjectId)
                    ),
                ));
                return;
            }
        }
    }

    pub(crate) fn problems(&self) -> impl Iterator<Item = Failure> {
        self.problems.iter().cloned().map(Failure::from)
    }

    pub(crate) fn overrides(&self) -> &[Override] {
        &self.overrides
    }

    pub(crate) fn get(&self, which: Which) -> Option<&Found> {
        match which.group() {
            None if which == Which::Cloud => self.clouds.first(),
            None => self.ca_certificates.as_ref(),
            Some(Group::Target) => self.target.as_ref()?.get(which),
            Some(Group::Project) => {
                let (known, found) = self.project.as_ref()?;
                (*known == which).then_some(found)
            }
            Some(Group::Credentials) => self.login.as_ref()?.get(which),
        }
    }

    /// The place of a value that is set and not in force.
    pub(crate) fn not_used(&self, which: Which) -> Option<&Source> {
        let in_force = self.get(which).map(Found::text);
        let all = self.given.iter().filter_map(|given| given.get(which));
        let mut others = all.filter(|other| Some(other.text()) != in_force);
        others
            .find(|other| {
                // The URL in force can be a shorter one.
                self.get(which)
                    .is_none_or(|found| found.source != other.source)
            })
            .map(|found| &found.source)
    }

    /// A client for one operation.
    ///
    /// # Errors
    /// A setting is missing or not valid, or the cloud does not have the operation.
    pub(crate) fn client(&self, operation: Operation) -> Result<Client, Failure> {
        let (endpoints, project, credentials) = self.parts(operation)?;
        Client::new(endpoints, project, credentials)
            .map_err(|error| Failure::not_done(error, "check the system's certificates"))
    }

    /// A client for several operations, each with the settings of its endpoint. The project and the
    /// credentials are those of the first.
    ///
    /// # Errors
    /// See [`client`](Self::client). There has to be an operation.
    #[cfg(feature = "rotate")]
    pub(crate) fn shared_client(each: &[(Operation, Self)]) -> Result<Client, Failure> {
        let Some((operation, first)) = each.first() else {
            return Err(Failure::not_done(
                "there is nothing to call",
                "add a credential",
            ));
        };
        let (mut endpoints, project, credentials) = first.parts(*operation)?;
        for (operation, settings) in each {
            // Each checks that the credentials may go to its endpoint.
            settings.parts(*operation)?;
            endpoints = settings.with_endpoint(endpoints, operation.service())?;
        }
        Client::new(endpoints, project, credentials)
            .map_err(|error| Failure::not_done(error, "check the system's certificates"))
    }

    /// The parts that a client is made of.
    fn parts(&self, operation: Operation) -> Result<(Endpoints, Project, Credentials), Failure> {
        if let Some(problem) = self.problems().next() {
            return Err(problem);
        }
        let endpoints = self.endpoints(operation.service())?;
        if operation == Operation::DdmResetPassword {
            self.check_cloud()?;
        }
        Ok((endpoints, self.project()?, self.credentials()?))
    }

    /// Fails if the cloud does not reset the passwords of DDM accounts.
    fn check_cloud(&self) -> Result<(), Failure> {
        let target = self.target.as_ref();
        let target = target.filter(|target| target.operators.contains(&Operator::OpenTelekomCloud));
        let Some(source) = target.and_then(Target::source) else {
            return Ok(());
        };
        Err(Failure::usage(
            format!(
                "{source}: {} does not reset passwords of DDM accounts, only Huawei Cloud does",
                Operator::OpenTelekomCloud
            ),
            "nothing was sent; `repass ddm set-admin` works there",
        ))
    }

    /// The endpoint of a service, and that of IAM where a call needs it.
    pub(crate) fn endpoints(&self, service: Service) -> Result<Endpoints, Failure> {
        let mut endpoints = self.with_endpoint(self.empty_endpoints(), service)?;
        let needs_iam = self.login.as_ref().is_some_and(Login::is_user)
            || matches!(self.project, Some((Which::ProjectName, _)));
        if needs_iam {
            endpoints = self.with_endpoint(endpoints, Service::Iam)?;
        }
        match &self.authorities {
            None => Ok(endpoints),
            Some(pem) => endpoints
                .with_ca(pem)
                .map_err(|error| Failure::usage(error, "name another file in cacert")),
        }
    }

    fn with_endpoint(&self, endpoints: Endpoints, service: Service) -> Result<Endpoints, Failure> {
        let Some(found) = self.get(Which::Endpoint(service)) else {
            return Err(self.no_endpoint(service, &[service]));
        };
        endpoints
            .with(service, found.text())
            .map_err(|error| invalid_endpoint(found, error).into())
    }

    /// The failure that a service has no endpoint, with the ways to give one to any of these.
    pub(crate) fn no_endpoint(&self, service: Service, any: &[Service]) -> Failure {
        if let Some(target) = &self.target {
            return target.no_endpoint(service, any).into();
        }
        let files = self.given.iter().find_map(|given| given.place.as_ref());
        if let Some(cloud) = files {
            return Failure::usage(
                format!("{cloud}: the cloud has no region and no endpoint"),
                "add the line `region_name: REGION` to it, or give --region",
            );
        }
        let endpoints = any.iter().map(|one| ways(Which::Endpoint(*one)));
        let endpoints = endpoints.collect::<Vec<_>>().join("; ");
        let region = ways(Which::Region);
        Failure::usage(
            "no region and no endpoint is set",
            format!("give one of these: {region}; {endpoints}"),
        )
    }

    /// The project: by its id or its name.
    pub(crate) fn project(&self) -> Result<Project, Failure> {
        let Some((which, found)) = &self.project else {
            let [id, name] = [Which::ProjectId, Which::ProjectName].map(ways);
            let next = format!("give one of these: {id}; {name}");
            return Err(Failure::usage("no project is set", next));
        };
        let project = match which {
            Which::ProjectId => ProjectId::new(found.text()).map(Project::from),
            _ => ProjectName::new(found.text()).map(Project::from),
        };
        project.map_err(|error| {
            Failure::usage(
                format!("{}: {error}", found.source),
                "copy it from the console, from the list of projects",
            )
        })
    }

    /// The name of the kind of credentials that is in force.
    pub(crate) fn kind(&self) -> Option<&'static str> {
        self.login.as_ref()?.kind.map(|kind| kind.name)
    }

    pub(crate) fn credentials(&self) -> Result<Credentials, Failure> {
        let login = self.login.as_ref();
        let source = login.and_then(|login| {
            let mut given = self.given.iter();
            given.find(|given| given.origin == login.origin)
        });
        match (login, source) {
            (Some(login), Some(source)) => Ok(login.credentials(source)?),
            _ => Err(credentials::none().into()),
        }
    }
}

fn invalid_endpoint(found: &Found, error: InvalidEndpoint) -> Problem {
    let next = match error {
        InvalidEndpoint::Http => {
            "use https, or --allow-http in a network where no one else listens"
        }
        InvalidEndpoint::Credentials => {
            "remove them; credentials go into the environment or into clouds.yaml: see `repass \
             config --help`"
        }
        InvalidEndpoint::Query => "end the URL before the ? or the #",
        _ => "write the URL in that form",
    };
    Problem::new(format!("{}: {error}", found.source), next)
}

impl Override {
    fn new<'a>(
        group: &'static str,
        from: Option<&Source>,
        instead_of: impl IntoIterator<Item = &'a Source>,
    ) -> Self {
        let mut others: Vec<_> = instead_of.into_iter().map(Source::to_string).collect();
        others.dedup();
        Self {
            group,
            from: from.map(Source::to_string).unwrap_or_default(),
            instead_of: others,
        }
    }
}
