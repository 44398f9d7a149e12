//! `repass config`: what is in force, where it comes from, and what is missing.

use repass_client::{Endpoints, Service};

use crate::arguments::{Access, Output};
use crate::configuration::{Configuration, SERVICES};
use crate::failure::Failure;
use crate::output::{Config, Mistake, Setting};
use crate::settings::{self, Found, SETTINGS, Source, Which};
use crate::terminal;

pub(crate) fn run(access: &Access, output: Output) -> Result<(), Failure> {
    let config = describe(&Configuration::load(access)?);
    match output {
        Output::Json => terminal::show_json(&config)?,
        Output::Table => terminal::show(&lines(&config))?,
    }
    match config.ready {
        true => Ok(()),
        false => Err(Failure::Told { exit_code: 2 }),
    }
}

fn describe(configuration: &Configuration) -> Config {
    // One service is enough for a call; an endpoint that is set has to be valid.
    let is_set = |service| configuration.get(Which::Endpoint(service)).is_some();
    let (mut services, mut found) = (Vec::new(), Vec::new());
    for service in SERVICES.into_iter().filter(|service| is_set(*service)) {
        match configuration.endpoints(service) {
            Ok(_) => services.push(service.to_string().to_lowercase()),
            Err(problem) => found.push(problem),
        }
    }
    if services.is_empty() && found.is_empty() {
        found.push(configuration.no_endpoint(Service::Ddm, &SERVICES));
    }
    let (project, credentials) = (configuration.project(), configuration.credentials());
    if project.is_err() || credentials.is_err() {
        services.clear();
    }
    found.extend(project.err().into_iter().chain(credentials.err()));
    let mut problems: Vec<Mistake> = Vec::new();
    for problem in found {
        let (message, next) = problem.lines();
        // One endpoint of IAM is that of all services.
        if problems.iter().all(|known| known.message != message) {
            problems.push(Mistake { message, next });
        }
    }
    Config {
        ready: problems.is_empty(),
        services,
        credentials: configuration.kind().map(|kind| kind.name),
        settings: SETTINGS
            .iter()
            .map(|setting| setting.describe(configuration))
            .collect(),
        problems,
    }
}

impl settings::Setting {
    fn describe(&self, configuration: &Configuration) -> Setting {
        let found = configuration.get(self.which);
        let shown = found.filter(|found| !self.hides(found));
        Setting {
            name: self.name,
            value: shown.map(|found| found.value.expose().to_owned()),
            hidden: found.is_some() && shown.is_none(),
            from: found.map(|found| found.source.to_string()),
            not_used: configuration.not_used(self.which).map(Source::to_string),
        }
    }

    /// A URL that is no endpoint may have a password in it.
    fn hides(&self, found: &Found) -> bool {
        let is_url = matches!(self.which, Which::Endpoint(_));
        let endpoints = Endpoints::new().allow_http();
        self.secret || (is_url && endpoints.iam(found.value.expose()).is_err())
    }
}

fn lines(config: &Config) -> String {
    let mut told = String::new();
    for setting in &config.settings {
        let value = match setting.hidden {
            true => "(hidden)",
            false => setting.value.as_deref().unwrap_or("-"),
        };
        told += &terminal::fact(setting.name, value);
        if let Some(from) = &setting.from {
            told += &terminal::fact("", &format!("from {from}"));
        }
        if let Some(other) = &setting.not_used {
            told += &terminal::fact("", &format!("not used: {other}"));
        }
    }
    let credentials = config.credentials.unwrap_or("-");
    let ready = match config.services.is_empty() {
        true => "none",
        false => &config.services.join(", "),
    };
    told += &format!("\nCredentials in force: {credentials}\nReady for calls: {ready}\n");
    for Mistake { message, next } in &config.problems {
        told += &terminal::wrapped("  - ", 4, message);
        told += &terminal::wrapped("    next: ", 10, next);
    }
    told.trim_end().to_owned()
}
