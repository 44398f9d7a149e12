//! The target that a source gives: its endpoints, whose they are, and what follows from a region.

use std::collections::BTreeSet;

use repass_client::{Cloud, Endpoints, Location, Operator, Service};

use super::found::{Found, Given, Origin, Problem, Source};
use super::help::{name_of, ways, ways_in};
use super::sources::option;
use super::table::Which;

/// The services whose passwords are set.
pub(crate) const SERVICES: [Service; 3] = [Service::Ddm, Service::Dcs, Service::Dms];

const ALL: [Service; 4] = [Service::Ddm, Service::Dcs, Service::Dms, Service::Iam];

/// The target of one source.
pub(crate) struct Target {
    pub(crate) origin: Origin,
    /// The region and the endpoints of the source, and what follows from them.
    values: Vec<(Which, Found)>,
    /// The settings of the source itself, in their order.
    pub(crate) given: Vec<(Which, Found)>,
    /// The operators that the source names.
    pub(crate) operators: BTreeSet<Operator>,
    /// Reasons that the target cannot be used.
    pub(crate) problems: Vec<Problem>,
}

impl Target {
    /// The target of a source, or `None` if the source says nothing of one.
    pub(crate) fn of(source: &Given) -> Option<Self> {
        let mut target = Self {
            origin: source.origin,
            values: Vec::new(),
            given: Vec::new(),
            operators: BTreeSet::new(),
            problems: Vec::new(),
        };
        let region = source.get(Which::Region);
        if let Some(region) = region {
            target.give(Which::Region, region.clone());
        }
        for service in ALL {
            if let Some(endpoint) = source.get(Which::Endpoint(service)) {
                let which = Which::Endpoint(service);
                match base(service, endpoint.text(), region) {
                    Ok(url) => target.give(
                        which,
                        Found {
                            value: url.into(),
                            source: endpoint.source.clone(),
                        },
                    ),
                    Err((line, next)) => {
                        let line = format!("{}: {line}", endpoint.source);
                        target.problems.push(Problem::new(line, next));
                        target.give(which, endpoint.clone());
                    }
                }
            }
        }
        if target.given.is_empty() {
            return None;
        }
        target.conclude();
        Some(target)
    }

    fn give(&mut self, which: Which, found: Found) {
        self.given.push((which, found.clone()));
        self.values.push((which, found));
    }

    /// Finds the operator, and adds what follows from the region or from an endpoint.
    fn conclude(&mut self) {
        let endpoints = self.given.iter().filter_map(|(which, found)| {
            matches!(which, Which::Endpoint(_)).then_some(())?;
            Some((
                *which,
                found.source.clone(),
                Location::of_url(found.text())?,
            ))
        });
        let endpoints: Vec<_> = endpoints.collect();
        self.operators = endpoints
            .iter()
            .map(|(_, _, location)| location.operator.clone())
            .collect();
        let region = self.get(Which::Region).cloned();
        let of_region = region
            .as_ref()
            .and_then(|region| Location::of_region(region.text()));
        let Some((which, source, first)) = endpoints.first() else {
            match of_region {
                Some(location) => {
                    self.operators.insert(location.operator);
                    self.follow_region(&Source::Setting("region"));
                }
                None => self.problems.extend(region.map(|region| {
                    let line = format!("{}: {}", region.source, no_region());
                    Problem::new(line, "name one of these, or give the endpoints instead")
                })),
            }
            return;
        };
        let other = endpoints
            .iter()
            .find(|(_, _, other)| !other.operator.matches(&first.operator));
        if let Some((_, other_source, other)) = other {
            let (here, there) = match (&first.operator, &other.operator) {
                (Operator::Other(_), Operator::Other(_)) => {
                    ("one operator".into(), "another".into())
                }
                (here, there) => (here.to_string(), there.to_string()),
            };
            self.problems
                .push(disagreement((source, &here), (other_source, &there)));
            return;
        }
        match first.operator {
            Operator::HuaweiCloud | Operator::OpenTelekomCloud => {
                self.conclude_in_a_cloud(*which, &endpoints, region, of_region);
            }
            Operator::Loopback => self.follow_this_machine(),
            _ => {}
        }
    }

    /// A known cloud has one region here, which the region and each endpoint have to name.
    fn conclude_in_a_cloud(
        &mut self,
        which: Which,
        endpoints: &[(Which, Source, Location)],
        region: Option<Found>,
        of_region: Option<Location>,
    ) {
        let Some((_, source, first)) = endpoints.first() else {
            return;
        };
        if let (Some(region), Some(location)) = (&region, &of_region)
            && location.operator != first.operator
        {
            self.operators.insert(location.operator.clone());
            self.problems.push(disagreement(
                (&region.source, &location.operator.to_string()),
                (source, &first.operator.to_string()),
            ));
            return;
        }
        let named = endpoints
            .iter()
            .filter_map(|(which, source, at)| Some((*which, source, at.region.as_deref()?)));
        let named: Vec<_> = named.collect();
        let of_all = region
            .iter()
            .map(|region| (&region.source, region.text()))
            .chain(named.iter().map(|(_, source, region)| (*source, *region)));
        let of_all: Vec<_> = of_all.collect();
        if let Some(((one, here), (other, there))) = of_all
            .iter()
            .zip(of_all.iter().skip(1))
            .find(|((_, here), (_, there))| here != there)
        {
            let region = |name: &str| match Location::of_region(name) {
                Some(_) => format!("the region {name}"),
                // It could be anything.
                None => "another region".to_owned(),
            };
            self.problems
                .push(disagreement((one, &region(here)), (other, &region(there))));
            return;
        }
        let follows_from = match (&region, named.first()) {
            (Some(_), _) => Source::Setting("region"),
            (None, Some((which, _, region))) => {
                let source = Source::Setting(name_of(*which));
                let value = (*region).into();
                self.values.insert(
                    0,
                    (
                        Which::Region,
                        Found {
                            value,
                            source: source.clone(),
                        },
                    ),
                );
                source
            }
            // The global IAM is of every region.
            (None, None) => Source::Setting(name_of(which)),
        };
        self.follow_region(&follows_from);
    }

    /// Adds the endpoints of the region.
    fn follow_region(&mut self, source: &Source) {
        let Some(endpoints) = self.region_endpoints() else {
            return;
        };
        for service in ALL {
            let which = Which::Endpoint(service);
            if let (None, Ok(url)) = (self.get(which), endpoints.url(service)) {
                let value = url.into();
                let source = source.clone();
                self.values.push((which, Found { value, source }));
            }
        }
    }

    fn region_endpoints(&self) -> Option<Endpoints> {
        let region = self.get(Which::Region)?;
        Cloud::of_region(region.text()).ok()?.endpoints().ok()
    }

    /// An emulator has IAM, too: what is tried there must not log in at a real one.
    fn follow_this_machine(&mut self) {
        let services = SERVICES.map(Which::Endpoint);
        let first = services
            .iter()
            .find_map(|which| Some((*which, self.get(*which)?)));
        let Some((which, endpoint)) = first else {
            return;
        };
        let is_plain = endpoint.text().starts_with("http:");
        if is_plain && self.get(Which::Endpoint(Service::Iam)).is_none() {
            let found = Found {
                value: endpoint.value.clone(),
                source: Source::Setting(name_of(which)),
            };
            self.values.push((Which::Endpoint(Service::Iam), found));
        }
    }

    pub(crate) fn get(&self, which: Which) -> Option<&Found> {
        let found = self.values.iter().find(|(each, _)| *each == which);
        found.map(|(_, found)| found)
    }

    /// The place that says whose target it is: that of an endpoint, or else that of the region.
    pub(crate) fn source(&self) -> Option<&Source> {
        let endpoint = self
            .given
            .iter()
            .find(|(which, _)| *which != Which::Region)
            .or(self.given.first());
        endpoint.map(|(_, found)| &found.source)
    }

    /// Returns whether the other target says all that this one says.
    pub(crate) fn repeats(&self, other: &Self) -> bool {
        self.given.iter().all(|(which, found)| {
            let theirs = other.get(*which);
            theirs.is_some_and(|theirs| theirs.value.expose() == found.value.expose())
        })
    }

    /// Returns whether credentials that belong to these operators may be sent there.
    pub(crate) fn is_of(&self, operators: &BTreeSet<Operator>) -> bool {
        let mut pairs = self
            .operators
            .iter()
            .flat_map(|own| operators.iter().map(move |theirs| (own, theirs)));
        pairs.all(|(own, theirs)| own.matches(theirs))
    }

    /// The name of the operator, for people.
    pub(crate) fn operator(&self) -> String {
        let first = self.operators.first();
        first.map_or_else(|| "another operator".to_owned(), Operator::to_string)
    }

    /// A region of a known cloud that the target is in.
    pub(crate) fn region(&self) -> Option<&str> {
        let is_known = self
            .operators
            .iter()
            .all(|operator| matches!(operator, Operator::HuaweiCloud | Operator::OpenTelekomCloud));
        let region = self.get(Which::Region)?;
        (is_known && !self.operators.is_empty()).then_some(region.text())
    }

    /// The problem that a service has no endpoint, with the ways to give one to any of these.
    pub(crate) fn no_endpoint(&self, service: Service, any: &[Service]) -> Problem {
        let ways = any.iter().map(|one| self.ways_beside(*one));
        let ways = ways.collect::<Vec<_>>().join("; ");
        let endpoint = self
            .given
            .iter()
            .find(|(which, _)| matches!(which, Which::Endpoint(_)));
        if let Some(endpoints) = self.region_endpoints().filter(|_| self.region().is_some()) {
            let problem = endpoints.url(service).err();
            let problem = problem.map_or_else(String::new, |error| error.to_string());
            let source = self.get(Which::Region).map(|region| &region.source);
            let source = source.map(Source::to_string).unwrap_or_default();
            return Problem::new(
                format!("{source}: {problem}"),
                format!("name another region, or an endpoint: {ways}"),
            );
        }
        let Some((_, endpoint)) = endpoint else {
            return Problem::new(
                format!("no endpoint of {service} is set"),
                format!("give one: {ways}"),
            );
        };
        match (self.get(Which::Region), self.region()) {
            (Some(region), None) => {
                let missing = match any {
                    [one] => format!("the endpoint of {one}"),
                    _ => "the endpoints of the services".to_owned(),
                };
                Problem::new(
                    format!(
                        "{} names a host of another operator than {}, so the region does not give \
                         {missing}",
                        endpoint.source, region.source
                    ),
                    format!("give {missing}: {ways}"),
                )
            }
            (None, _) if self.operators.contains(&Operator::HuaweiCloud) => Problem::new(
                format!("{} names no region", endpoint.source),
                format!("{}; or give an endpoint: {ways}", self.region_line()),
            ),
            _ => Problem::new(
                format!(
                    "no endpoint of {service} is set beside that of {}",
                    endpoint.source
                ),
                format!("give the endpoint of {service}: {ways}"),
            ),
        }
    }

    /// The ways to set an endpoint in the same source.
    fn ways_beside(&self, service: Service) -> String {
        let which = Which::Endpoint(service);
        let ways = match self.origin {
            Origin::Options => option(which).map(|(name, _)| name.to_owned()),
            origin => Some(ways_in(which, origin)).filter(|ways| !ways.is_empty()),
        };
        ways.unwrap_or_else(|| "--endpoint and --iam-endpoint".to_owned())
    }

    /// The line that would give the region.
    fn region_line(&self) -> String {
        match self.source() {
            Some(Source::File { path, field, .. }) => {
                let field = field.as_deref().unwrap_or_default();
                let cloud = field.split('.').take(2).collect::<Vec<_>>().join(".");
                let path = path.display();
                format!("add the line `region_name: REGION` to {cloud} in {path}")
            }
            _ => format!("give the region: {}", ways(Which::Region)),
        }
    }
}

fn disagreement(one: (&Source, &str), other: (&Source, &str)) -> Problem {
    let ((one, here), (other, there)) = (one, other);
    Problem::new(
        format!("{one} names {here}, but {other} names {there}"),
        "credentials go to one operator and region: remove one of the two, and give the endpoints \
         of the services that the rest does not name",
    )
}

/// The message that a region does not exist, with those that do. The region itself is not shown: it
/// could be a secret in the wrong place.
fn no_region() -> String {
    let unknown = Cloud::of_region("…").err();
    unknown.map_or_else(String::new, |unknown| unknown.to_string())
}

/// The base URL that an endpoint stands for, or what is wrong and what to do.
fn base(
    service: Service,
    text: &str,
    region: Option<&Found>,
) -> Result<String, (&'static str, &'static str)> {
    let text = match (text.contains("{region_name}"), region) {
        (true, None) => {
            return Err((
                "the endpoint needs a region",
                "set region_name beside it, or write the region out",
            ));
        }
        (true, Some(region)) => text.replace("{region_name}", region.text()),
        (false, _) => text.to_owned(),
    };
    let Some((scheme, rest)) = text.split_once("://") else {
        // It is told what an endpoint looks like when it is used.
        return Ok(text);
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let segments: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    let kept = if service == Service::Iam {
        match segments.as_slice() {
            [] | ["v3"] => &[][..],
            _ => {
                return Err((
                    "the endpoint of IAM has a path other than /v3",
                    "repass speaks version 3 of IAM: end the URL after the host, or with /v3",
                ));
            }
        }
    } else {
        service_path(&segments)?
    };
    let path = kept.iter().map(|part| format!("/{part}"));
    Ok(format!("{scheme}://{host}{}", path.collect::<String>()))
}

/// The path without what OpenStack's catalogs add: a version, and a place for the project.
fn service_path<'a>(
    segments: &'a [&'a str],
) -> Result<&'a [&'a str], (&'static str, &'static str)> {
    const PROJECTS: [&str; 4] = [
        "%(project_id)s",
        "%(tenant_id)s",
        "$(project_id)s",
        "$(tenant_id)s",
    ];
    let is_version = |part: &str| {
        let number = part.strip_prefix('v').unwrap_or_default();
        number.starts_with(|first: char| first.is_ascii_digit())
            && number
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    let kept = match segments {
        [kept @ .., version, project] if PROJECTS.contains(project) && is_version(version) => kept,
        [kept @ .., version] if is_version(version) => kept,
        kept => kept,
    };
    let is_template = |part: &&str| part.contains(['%', '$', '{', '}']);
    if kept.iter().any(is_template) {
        return Err((
            "the endpoint is a template that repass does not know",
            "give the URL of the service without a version and a project",
        ));
    }
    if kept.iter().any(|part| is_version(part)) {
        return Err((
            "the endpoint goes on behind its version",
            "give the URL of the service without a version and a project",
        ));
    }
    Ok(kept)
}
