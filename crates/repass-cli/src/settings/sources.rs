//! Reads each source of settings by the table.

use repass_client::{ProjectId, ProjectName, Secret, Service};

use super::clouds::{Cloud, Field};
use super::found::{Environment, Found, Given, Origin, Problem, Source};
use super::table::{self, Level, Name, Role, Which};
use super::yaml::Node;
use crate::arguments::Access;
use crate::failure::Failure;

/// An option, and how it is found among the arguments.
pub(crate) type Flag = (&'static str, fn(&Access) -> Option<&str>);

/// It is the endpoint of the service that the command is for.
const ENDPOINT: Flag = ("--endpoint", |access| access.endpoint.as_deref());

/// The option that sets this.
pub(crate) fn option(which: Which) -> Option<Flag> {
    Some(match which {
        Which::Cloud => ("--cloud", |access| access.cloud.as_deref()),
        Which::Region => ("--region", |access| access.region.as_deref()),
        Which::Endpoint(Service::Iam) => {
            ("--iam-endpoint", |access| access.iam_endpoint.as_deref())
        }
        Which::Endpoint(_) => ENDPOINT,
        Which::ProjectId => ("--project-id", |access| {
            access.project_id.as_ref().map(ProjectId::as_str)
        }),
        Which::ProjectName => ("--project-name", |access| {
            access.project_name.as_ref().map(ProjectName::as_str)
        }),
        _ => return None,
    })
}

/// The settings of every source, the strongest source first.
pub(crate) struct Sources {
    pub(crate) given: Vec<Given>,
    /// The cloud that is named, first by the option and then by the variable.
    pub(crate) clouds: Vec<Found>,
}

impl Sources {
    /// Reads the sources. The files are read only if a cloud is named.
    ///
    /// # Errors
    /// A variable is not text, or a file cannot be read.
    pub(crate) fn read(access: &Access, environment: &Environment) -> Result<Self, Failure> {
        let mut given = vec![of_options(access)];
        for (origin, prefix) in Origin::VARIABLES {
            given.push(of_variables(origin, prefix, environment)?);
        }
        let all = |which| given.iter().filter_map(move |given| given.get(which));
        let clouds: Vec<_> = all(Which::Cloud).cloned().collect();
        if let Some(cloud) = clouds.first() {
            let of = |origin| given.iter().find(move |given| given.origin == origin);
            let regions = [Origin::Options, Origin::OpenStack].map(of);
            let regions = regions
                .into_iter()
                .flatten()
                .filter_map(|given| given.get(Which::Region));
            let regions: Vec<_> = regions.map(Found::text).collect();
            let read = Cloud::read(cloud.text(), &cloud.source, &regions, environment)?;
            given.push(of_cloud(read)?);
        }
        Ok(Self { given, clouds })
    }
}

fn of_options(access: &Access) -> Given {
    const OPTIONS: [Which; 8] = [
        Which::Cloud,
        Which::Region,
        Which::Endpoint(Service::Ddm),
        Which::Endpoint(Service::Dcs),
        Which::Endpoint(Service::Dms),
        Which::Endpoint(Service::Iam),
        Which::ProjectId,
        Which::ProjectName,
    ];
    let mut given = Given::new(Origin::Options);
    for which in OPTIONS {
        let value = option(which).and_then(|(name, get)| Some((name, get(access)?)));
        if let Some((name, value)) = value {
            given.set(which, value.into(), Source::Option(name));
        }
    }
    given
}

fn of_variables(origin: Origin, prefix: &str, environment: &Environment) -> Result<Given, Failure> {
    let mut given = Given::new(origin);
    let mut variables: Vec<_> = environment
        .all()
        .filter(|(name, _)| name.starts_with(prefix))
        .map(|(name, value)| (table::of_variable(name), name, value))
        .collect();
    // By rank, and those that no row is about first.
    variables.sort_by_key(|(row, name, _)| (row.map(|(rank, _)| rank), *name));
    for (row, name, value) in variables {
        let source = Source::Variable(name.to_owned());
        let Some((_, row)) = row else {
            given.problems.push(Problem::new(
                format!("{source}: repass does not know this variable"),
                "unset it, or check its name: `repass config --help` lists those that count",
            ));
            continue;
        };
        match (value.to_str(), row.role) {
            (Some(value), _) => given.take(row, value, || Secret::from(value), source),
            // An error of the standard library would repeat it.
            (None, Role::Sets(_)) => {
                let line = format!("{name} is not UTF-8");
                return Err(Failure::usage(line, "set it to a text, or unset it"));
            }
            (None, _) => given.take(row, "", || Secret::from(""), source),
        }
    }
    Ok(given)
}

fn of_cloud(cloud: Cloud) -> Result<Given, Failure> {
    let mut given = Given::new(Origin::Files);
    if let Some(region) = cloud.region {
        given.set(Which::Region, region.value, region.source);
    }
    given.place = cloud.place;
    let mut fields: Vec<_> = cloud
        .fields
        .into_iter()
        .map(|field| (table::of_field(field.level, &field.name), field))
        .collect();
    fields.sort_by_key(|(row, field)| (row.map(|(rank, _)| rank), field.level));
    for (row, field) in fields {
        match row {
            None => given.problems.push(unknown(&field)),
            // The region has been chosen.
            Some((_, row)) if matches!(row.role, Role::Sets(Which::Region)) => {}
            Some((_, row)) => given.take_field(row, field)?,
        }
    }
    Ok(given)
}

/// A field that no row is about. Its name is not repeated, because it could be a secret.
fn unknown(field: &Field) -> Problem {
    let place = match &field.source {
        Source::File { path, line, .. } => format!("{}, line {line}", path.display()),
        other => other.to_string(),
    };
    let other_level = match field.level {
        Level::Auth => Level::Cloud,
        Level::Cloud => Level::Auth,
    };
    match table::of_field(other_level, &field.name) {
        Some((_, row)) if !row.name.contains('*') => Problem::new(
            format!("{}: the field is at the wrong place", field.source),
            match field.level {
                Level::Auth => "move it out of auth, to the fields of the cloud",
                Level::Cloud => "move it below auth",
            },
        ),
        _ => Problem::new(
            format!("{place}: repass does not know this field"),
            "remove it, or check its name: `repass config --help` lists those that count",
        ),
    }
}

impl Given {
    fn set(&mut self, which: Which, value: Secret, source: Source) {
        // Credentials are checked when their kind is known.
        let is_checked = which.group() != Some(table::Group::Credentials);
        if is_checked && value.expose().contains(char::is_control) {
            self.problems.push(Problem::new(
                format!("{source}: the value has a control character"),
                "remove it; a carriage return at the end is left of a line of a Windows file",
            ));
        }
        let other = self.get(which).filter(|_| which.is_one());
        if let Some(other) = other.filter(|other| other.value.expose() != value.expose()) {
            self.problems.push(Problem::new(
                format!("{source}: differs from {}", other.source),
                "remove one of them",
            ));
        }
        self.values.push((which, Found { value, source }));
    }

    /// Does what the row says with this value.
    fn take(&mut self, row: &Name, written: &str, value: impl FnOnce() -> Secret, source: Source) {
        match row.role {
            Role::Sets(which) => self.set(which, value(), source),
            Role::Finds | Role::Harmless(_) => {}
            Role::Only(values, next) => {
                if !values.contains(&written.to_lowercase().as_str()) {
                    let line = format!("{source}: repass does not do what this value asks for");
                    self.problems.push(Problem::new(line, next));
                }
            }
            Role::Refused(next) => {
                let line = format!("{source}: repass cannot do what this asks for");
                self.problems.push(Problem::new(line, next));
            }
        }
    }

    fn take_field(&mut self, row: &Name, field: Field) -> Result<(), Failure> {
        let value = match (row.role, field.text()) {
            (Role::Sets(_), None) => {
                let next = match field.value {
                    Node::Map(_) | Node::List(_) => "write one value there",
                    _ => "write one value there, in quotes",
                };
                let line = format!("{}: must be a text", field.source);
                return Err(Failure::usage(line, next));
            }
            (_, text) => text.cloned(),
        };
        let value = || value.unwrap_or_else(|| Secret::from(""));
        self.take(row, field.written(), value, field.source.clone());
        Ok(())
    }
}

impl Which {
    /// Returns whether all names of the setting in one source need the same value.
    fn is_one(self) -> bool {
        !matches!(
            self,
            Self::Cloud
                | Self::UserId
                | Self::DomainId
                | Self::CommonDomain
                | Self::ProjectDomain
                | Self::ProjectDomainId
        )
    }
}
