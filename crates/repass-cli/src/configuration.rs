//! What a call is made with: the settings that are in force, and what follows from them.

use repass_client::{
    Client, Cloud, Credentials, Endpoints, InvalidCredentials, InvalidEndpoint, Operation, Project,
    ProjectId, ProjectName, Secret, Service, UnknownRegion,
};

use crate::arguments::Access;
use crate::clouds;
use crate::failure::Failure;
use crate::settings::{Found, SETTINGS, Setting, Source, Which};

/// The services whose passwords are set.
pub(crate) const SERVICES: [Service; 3] = [Service::Ddm, Service::Dcs, Service::Dms];

/// A kind of credentials: what says that there are any, and what they need beside it.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    leading: Which,
    needed: &'static [Which],
}

/// On a tie the first one counts.
const KINDS: [Kind; 3] = [
    Kind {
        name: "token",
        leading: Which::Token,
        needed: &[],
    },
    Kind {
        name: "access-key",
        leading: Which::AccessKey,
        needed: &[Which::SecretKey],
    },
    Kind {
        name: "user",
        leading: Which::Username,
        needed: &[Which::Password, Which::Domain],
    },
];

/// Every setting that is in force.
pub(crate) struct Configuration {
    found: Vec<(&'static Setting, Found)>,
    /// What is set, and not in force although nothing else is set that counts more.
    not_used: Vec<(Which, Source)>,
    allow_http: bool,
}

impl Configuration {
    /// Resolves every setting. The file is read only if a cloud is named.
    ///
    /// # Errors
    /// A variable or a file that cannot be read.
    pub(crate) fn load(access: &Access) -> Result<Self, Failure> {
        let cloud = Setting::of(Which::Cloud).find(access, None)?;
        let file = cloud.map(|cloud| clouds::Cloud::read(cloud.value.expose(), &cloud.source));
        let file = file.transpose()?;
        let mut configuration = Self {
            found: Vec::new(),
            not_used: Vec::new(),
            allow_http: access.allow_http,
        };
        for setting in SETTINGS {
            let leading = setting.completes.and_then(|which| configuration.get(which));
            let beside = match leading.map(|leading| leading.place) {
                None => setting.find(access, file.as_ref())?,
                Some(place) => setting.find_beside(place, access, file.as_ref())?,
            };
            if let Some(found) = beside {
                configuration.set(setting, found);
            } else if let Some(other) = setting.find(access, file.as_ref())? {
                configuration.not_used.push((setting.which, other.source));
            }
        }
        configuration.conclude();
        Ok(configuration)
    }

    /// Adds what follows from the region, and from an endpoint on this machine: what is tried
    /// there must not log in at a real IAM.
    fn conclude(&mut self) {
        let region = self.get(Which::Region).map(|found| found.value.clone());
        let hosts = region
            .as_ref()
            .and_then(|region| hosts(region.expose()).ok());
        let host = |service| hosts.as_ref()?.url(service).ok().map(Secret::from);
        for service in SERVICES {
            self.follow(Which::Endpoint(service), Which::Region, host(service));
        }
        let iam = Which::Endpoint(Service::Iam);
        if let Some((which, own)) = self.emulator() {
            let own = own.value.clone();
            self.follow(iam, which, Some(own));
        }
        self.follow(iam, Which::Region, host(Service::Iam));
        // It is only the project that most have: any other one is meant.
        let project = self.strongest(&[Which::ProjectId, Which::ProjectName]);
        if project.is_none() {
            self.follow(Which::ProjectName, Which::Region, hosts.and(region));
        }
    }

    /// The strongest endpoint, if every one that is set is on this machine.
    fn emulator(&self) -> Option<(Which, &Found)> {
        let services = SERVICES.map(Which::Endpoint);
        let mut endpoints = services.iter().filter_map(|which| self.get(*which));
        let all = endpoints.all(is_emulator);
        all.then(|| self.strongest(&services)).flatten()
    }

    /// Sets what follows from another setting, and has its rank: a weaker value does not count, for
    /// it may be that of another region.
    fn follow(&mut self, which: Which, from: Which, value: Option<Secret>) {
        let Some(place) = self.get(from).map(|found| found.place) else {
            return;
        };
        let known = self.get(which).map(|found| found.place.rank());
        if known.is_some_and(|rank| rank <= place.rank()) {
            return;
        }
        let weaker = self
            .found
            .extract_if(.., |(setting, _)| setting.which == which);
        let weaker = weaker.map(|(_, found)| (which, found.source));
        self.not_used.extend(weaker);
        if let Some(value) = value {
            let source = Source::Setting(Setting::of(from).name);
            self.set(
                Setting::of(which),
                Found {
                    value,
                    source,
                    place,
                },
            );
        }
    }

    fn set(&mut self, setting: &'static Setting, mut found: Found) {
        if setting.which == Which::Endpoint(Service::Iam) {
            // As OS_AUTH_URL has it; the paths of the contract have it too.
            let url = found.value.expose().trim_end_matches('/');
            found.value = url.strip_suffix("/v3").unwrap_or(url).into();
        }
        self.found.push((setting, found));
    }

    pub(crate) fn get(&self, which: Which) -> Option<&Found> {
        let found = self
            .found
            .iter()
            .find(|(setting, _)| setting.which == which);
        found.map(|(_, found)| found)
    }

    /// Where a value is that is not in force although no other one is.
    pub(crate) fn not_used(&self, which: Which) -> Option<&Source> {
        let other = self.not_used.iter().find(|(other, _)| *other == which);
        other.map(|(_, source)| source)
    }

    /// The one of these that comes from the strongest source; the first one on a tie.
    fn strongest(&self, settings: &[Which]) -> Option<(Which, &Found)> {
        let found = settings
            .iter()
            .filter_map(|which| Some((*which, self.get(*which)?)));
        found.min_by_key(|(_, found)| found.place.rank())
    }

    /// A client for one operation.
    ///
    /// # Errors
    /// Something is missing or not valid, or the cloud of the region does not have the operation.
    pub(crate) fn client(&self, operation: Operation) -> Result<Client, Failure> {
        let endpoints = self.endpoints(operation.service())?;
        if operation == Operation::DdmResetPassword {
            self.check_cloud()?;
        }
        Client::new(endpoints, self.project()?, self.credentials()?)
            .map_err(|error| Failure::not_done(error, "check the system's certificates"))
    }

    /// A client for several operations, each with the configuration of its endpoint. The project and
    /// the credentials are those of the first.
    ///
    /// # Errors
    /// See [`client`](Self::client). There has to be an operation.
    pub(crate) fn shared_client(each: &[(Operation, Self)]) -> Result<Client, Failure> {
        let Some((_, first)) = each.first() else {
            return Err(Failure::not_done("there is nothing to call", "add a credential"));
        };
        let mut endpoints = first.empty_endpoints();
        for (operation, configuration) in each {
            if *operation == Operation::DdmResetPassword {
                configuration.check_cloud()?;
            }
            endpoints = configuration.add_endpoints(endpoints, operation.service())?;
        }
        Client::new(endpoints, first.project()?, first.credentials()?)
            .map_err(|error| Failure::not_done(error, "check the system's certificates"))
    }

    /// Whether the cloud can be one that resets the passwords of DDM accounts.
    fn check_cloud(&self) -> Result<(), Failure> {
        let endpoint = self.get(Which::Endpoint(Service::Ddm));
        let follows = endpoint.is_some_and(|found| matches!(found.source, Source::Setting(_)));
        let Some(region) = self.get(Which::Region).filter(|_| follows) else {
            return Ok(());
        };
        match Cloud::of_region(region.value.expose()) {
            Ok(cloud @ Cloud::OpenTelekomCloud { .. }) => Err(Failure::usage(
                format!(
                    "{}: {} does not reset passwords of DDM accounts, only Huawei Cloud does",
                    region.source,
                    cloud.name()
                ),
                "nothing was sent; `repass ddm set-admin` works there",
            )),
            _ => Ok(()),
        }
    }

    /// The endpoint of a service, and that of IAM where a call needs it.
    pub(crate) fn endpoints(&self, service: Service) -> Result<Endpoints, Failure> {
        self.add_endpoints(self.empty_endpoints(), service)
    }

    fn empty_endpoints(&self) -> Endpoints {
        match self.allow_http {
            true => Endpoints::new().allow_http(),
            false => Endpoints::new(),
        }
    }

    fn add_endpoints(&self, endpoints: Endpoints, service: Service) -> Result<Endpoints, Failure> {
        let endpoints = self.with_endpoint(endpoints, service)?;
        let needs_iam = self
            .kind()
            .is_some_and(|kind| kind.leading == Which::Username)
            || matches!(self.project(), Ok(Project::Name(_)));
        match needs_iam {
            true => self.with_endpoint(endpoints, Service::Iam),
            false => Ok(endpoints),
        }
    }

    fn with_endpoint(&self, endpoints: Endpoints, service: Service) -> Result<Endpoints, Failure> {
        let which = Which::Endpoint(service);
        let Some(found) = self.get(which) else {
            return Err(self.no_endpoint(service, &[service]));
        };
        endpoints
            .with(service, found.value.expose())
            .map_err(|error| {
                let line = format!("{}: {error}", found.source);
                let next = match error {
                    InvalidEndpoint::Http => {
                        "use https, or --allow-http in a network that nobody else hears"
                    }
                    InvalidEndpoint::Credentials => {
                        "remove them; credentials go into the environment or into clouds.yaml: see \
                         `repass config --help`"
                    }
                    _ => "correct it",
                };
                Failure::usage(line, next)
            })
    }

    /// That a service has no endpoint, and how any of these gets one.
    pub(crate) fn no_endpoint(&self, service: Service, any: &[Service]) -> Failure {
        let ways = any
            .iter()
            .map(|one| Setting::of(Which::Endpoint(*one)).ways());
        let ways = ways.collect::<Vec<_>>().join("; ");
        let Some(region) = self.get(Which::Region) else {
            let line = match service {
                Service::Iam => "no endpoint of IAM is set, and the login or the project needs it",
                _ => "no region and no endpoint is set",
            };
            let region = Setting::of(Which::Region).ways();
            return Failure::usage(line, format!("give one of these: {region}; {ways}"));
        };
        let problem = match hosts(region.value.expose()) {
            Err(_) => no_region(),
            Ok(hosts) => hosts
                .url(service)
                .err()
                .map_or_else(String::new, |error| error.to_string()),
        };
        let other = self.not_used(Which::Endpoint(service)).map(|other| {
            format!("; the endpoint of {other} is not used, for it could be of another region")
        });
        let other = other.unwrap_or_default();
        let line = format!("{}: {problem}{other}", region.source);
        Failure::usage(line, format!("name another region, or an endpoint: {ways}"))
    }

    /// The project: by its id or its name, whichever comes from the stronger source.
    pub(crate) fn project(&self) -> Result<Project, Failure> {
        let Some((which, found)) = self.strongest(&[Which::ProjectId, Which::ProjectName]) else {
            let [id, name] =
                [Which::ProjectId, Which::ProjectName].map(|which| Setting::of(which).ways());
            let next = format!("give one of these: {id}; {name}");
            return Err(Failure::usage("no project is set", next));
        };
        let value = found.value.expose();
        let project = match which {
            Which::ProjectId => ProjectId::new(value).map(Project::from),
            _ => ProjectName::new(value).map(Project::from),
        };
        project.map_err(|error| Failure::usage(format!("{}: {error}", found.source), "correct it"))
    }

    /// The kind of credentials that is in force: that whose leading setting comes from the
    /// strongest source.
    pub(crate) fn kind(&self) -> Option<&'static Kind> {
        let (leading, _) = self.strongest(&KINDS.each_ref().map(|kind| kind.leading))?;
        const { &KINDS }.iter().find(|kind| kind.leading == leading)
    }

    pub(crate) fn credentials(&self) -> Result<Credentials, Failure> {
        let Some(kind) = self.kind() else {
            let [token, key, user] = KINDS
                .each_ref()
                .map(|kind| Setting::of(kind.leading).ways());
            return Err(Failure::usage(
                "no credentials are set",
                format!("set a token ({token}), an access key ({key}) or a user ({user})"),
            ));
        };
        for needed in kind.needed {
            if let (Some(leading), None) = (self.get(kind.leading), self.get(*needed)) {
                return Err(self.incomplete(kind, leading, Setting::of(*needed)));
            }
        }
        for (setting, found) in &self.found {
            if setting.which == kind.leading || setting.completes == Some(kind.leading) {
                check(setting.which, &found.value).map_err(|error| {
                    Failure::usage(format!("{}: {error}", found.source), "correct it")
                })?;
            }
        }
        self.build(kind)
            .map_err(|error| Failure::usage(error, "correct it"))
    }

    fn incomplete(&self, kind: &Kind, leading: &Found, needed: &Setting) -> Failure {
        let [name, missing] =
            [Setting::of(kind.leading), needed].map(|one| one.name.replace('-', " "));
        let other = self.not_used(needed.which).map(|other| {
            format!("; that of {other} is not used, for it could belong to another {name}")
        });
        let line = format!(
            "{} sets the {name}, but no {missing} is set there{}",
            leading.source,
            other.unwrap_or_default()
        );
        Failure::usage(line, format!("set {}", needed.ways_beside(leading.place)))
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

/// That there is no such region, and which there are. It is told of another one: this one could be
/// a secret in the wrong place.
fn no_region() -> String {
    let unknown = Cloud::of_region("…").err();
    unknown.map_or_else(String::new, |unknown| unknown.to_string())
}

/// Whether it could be this part of credentials, the others being right: their error tells no
/// place.
fn check(which: Which, value: &Secret) -> Result<Credentials, InvalidCredentials> {
    const RIGHT: &str = "-";
    let (text, value) = (value.expose(), value.clone());
    match which {
        Which::AccessKey => Credentials::access_key(text, RIGHT),
        Which::SecretKey => Credentials::access_key(RIGHT, value),
        Which::SecurityToken => Credentials::temporary_access_key(RIGHT, RIGHT, value),
        Which::Username => Credentials::user(RIGHT, text, RIGHT),
        Which::Password => Credentials::user(RIGHT, RIGHT, value),
        Which::Domain => Credentials::user(text, RIGHT, RIGHT),
        _ => Credentials::token(value),
    }
}

fn hosts(region: &str) -> Result<Endpoints, UnknownRegion> {
    Cloud::of_region(region)?.endpoints()
}

/// Whether it is a plain http URL of this machine: those of others are refused.
fn is_emulator(endpoint: &Found) -> bool {
    let url = endpoint.value.expose();
    url.starts_with("http:") && Endpoints::new().iam(url).is_ok()
}
