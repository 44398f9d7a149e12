//! `repass rotate`: rotates what is due, and resumes what an earlier run left.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use repass_rotate::fleet::Credential;
use repass_rotate::machine::Urgency;
use repass_rotate::record::{Millis, State, Status};
use repass_rotate::seal::{SealError, Sealer};
use repass_rotate::store::{Query, Store, Which};
use repass_rotate::worker::{Check, Options, Progress, Summary, Worker};
use tokio::sync::{mpsc, watch};

use crate::arguments::{Output, Rotate};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::{Planned, RotateEvent, RotateLine};
use crate::rotation::{Access, Site, States, failed, metrics, no_client, report, states};
use crate::terminal;

/// How long a run waits for credentials in doubt, beside the times in the fleet file.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a run that watches writes the metrics.
const METRICS: Duration = Duration::from_secs(30);
/// The number of records that are read at once.
const PAGE: usize = 1000;

pub(crate) async fn run(arguments: &Rotate, output: Output) -> Result<(), Failure> {
    let site = Site::read(&arguments.fleet.file)?;
    if arguments.init {
        return init(&site, output).await;
    }
    let only = site.select(&arguments.only)?;
    if arguments.check {
        return check(&site, only, output).await;
    }
    if arguments.dry_run {
        return plan(&site, arguments, only.as_ref(), output).await;
    }
    rotate(&site, arguments, only, output).await
}

/// Creates the key, and checks that the store can be used with it.
async fn init(site: &Site, output: Output) -> Result<(), Failure> {
    let Some(path) = &site.fleet.key else {
        site.store(Access::Write).await?;
        terminal::say("this store needs no key: it encrypts what it keeps");
        return Ok(());
    };
    let shown = path.display();
    match Sealer::create(path) {
        Ok(_) => terminal::say(&format!(
            "created the key {shown}: copy it to a safe place apart from the store. Without it, no \
             one can read the stored passwords; with it and the store, anyone can"
        )),
        Err(SealError::Exists(_)) => {
            terminal::say(&format!(
                "the key {shown} exists already; it was left as it is"
            ));
        }
        Err(error) => {
            return Err(Failure::usage(
                error,
                "set `key` to a file that can be created",
            ));
        }
    }
    site.store(Access::Write).await?;
    match output {
        Output::Table => Ok(()),
        Output::Json => print(RotateEvent::Key {
            file: path.display().to_string(),
        }),
    }
}

fn print(event: RotateEvent) -> Result<(), Failure> {
    terminal::show_json(&RotateLine::Own(event))
}

/// Logs in with the current passwords, and changes nothing.
async fn check(site: &Site, only: Option<BTreeSet<String>>, output: Output) -> Result<(), Failure> {
    let store = site.store(Access::Passwords).await?;
    let options = Options {
        only,
        ..Options::new(&site.fleet)
    };
    let worker = Worker::new(Arc::clone(&site.fleet), store, no_client()?, options);
    let (mut printed, mut exit_code) = (Ok(()), 0);
    let report = |name: &str, check: Check, reason: Option<String>| {
        if !matches!(check, Check::Live | Check::NoLogin) {
            exit_code = 1;
        }
        let shown = match output {
            Output::Table => {
                let words = report::check(check, reason.as_deref());
                terminal::show(&terminal::visible(&format!("{name}: {words}")))
            }
            Output::Json => print(RotateEvent::Check {
                name: name.to_owned(),
                check,
                reason,
            }),
        };
        if printed.is_ok() {
            printed = shown;
        }
    };
    worker.check(report).await.map_err(failed)?;
    printed?;
    match exit_code {
        0 => Ok(()),
        exit_code => Err(Failure::Told { exit_code }),
    }
}

/// Shows what a run would do. It writes nothing and sends no request.
async fn plan(
    site: &Site,
    arguments: &Rotate,
    only: Option<&BTreeSet<String>>,
    output: Output,
) -> Result<(), Failure> {
    let is_chosen = |one: &&Credential| only.is_none_or(|only| only.contains(&one.name));
    let chosen = || site.fleet.credentials.iter().filter(is_chosen);
    let states = if site.has_no_store() {
        // The key is checked nevertheless.
        if let Some(key) = &site.fleet.key {
            Sealer::read(key).map_err(|error| failed(error.into()))?;
        }
        States::default()
    } else {
        let store = site.store(Access::Passwords).await?;
        states(&*store).await?
    };
    site.client(chosen(), arguments.allow_http)?;
    for credential in chosen() {
        let status = states.records.get(&credential.name);
        let (action, words) = planned(status, arguments.force, states.now);
        match output {
            Output::Table => terminal::show(&format!("{}: {words}", credential.name))?,
            Output::Json => print(RotateEvent::Plan {
                name: credential.name.clone(),
                action,
            })?,
        }
    }
    Ok(())
}

fn planned(status: Option<&Status>, force: bool, now: Millis) -> (Planned, String) {
    let Some(status) = status else {
        return match force {
            true => (Planned::Rotate, "rotate; it has no record yet".to_owned()),
            false => (
                Planned::Enrol,
                "create its record; nothing rotates yet".to_owned(),
            ),
        };
    };
    match status.state {
        State::Stuck if !force => (Planned::Skip, "stuck; a person has to act".to_owned()),
        State::Idle if force => (Planned::Rotate, "rotate".to_owned()),
        State::Idle if status.due_at <= now => (Planned::Rotate, "rotate; it is due".to_owned()),
        State::Idle => {
            let when = report::when(status.rotate_at, now);
            (
                Planned::UpToDate,
                format!("up to date; the next rotation is due {when}"),
            )
        }
        State::Promoted if !force => (Planned::Publish, "publish its password".to_owned()),
        state => (Planned::Resume, format!("resume; it is {state}")),
    }
}

async fn rotate(
    site: &Site,
    arguments: &Rotate,
    only: Option<BTreeSet<String>>,
    output: Output,
) -> Result<(), Failure> {
    // Preflight: nothing is sent before all of it has succeeded.
    let store = site.store(Access::Write).await?;
    let urgency = match arguments.force {
        true => Urgency::Force,
        false => Urgency::Retry,
    };
    let is_chosen = |name: &str| only.as_ref().is_none_or(|only| only.contains(name));
    let credentials = || {
        site.fleet
            .credentials
            .iter()
            .filter(|one| is_chosen(&one.name))
    };
    let client = site.client(credentials(), arguments.allow_http)?;
    let due = match urgency {
        Urgency::Force => credentials().map(|one| one.name.clone()).collect(),
        _ => due(&*store, &is_chosen).await?,
    };
    if !due.is_empty() || arguments.watch {
        client.log_in().await.map_err(|error| {
            let mut line = format!("login: {error}");
            if let Some(source) = std::error::Error::source(&*error) {
                line += &format!(": {source}");
            }
            Failure::not_done(
                line,
                "nothing was sent; `repass config` shows where settings come from",
            )
        })?;
    }
    let options = Options {
        urgency,
        only: only.clone(),
        parallel: arguments.parallel.unwrap_or(site.fleet.parallel),
        watch: arguments.watch,
        // A doubt lasts as long as a service may settle and a request may take.
        patience: Duration::from_millis(site.fleet.settle.max(site.fleet.deadline)) * 4 + PATIENCE,
        ..Options::new(&site.fleet)
    };
    let total = due.len();
    let worker = |only| {
        let options = Options {
            only,
            ..options.clone()
        };
        let fleet = Arc::clone(&site.fleet);
        Worker::new(fleet, Arc::clone(&store), client.clone(), options)
    };
    let mut reporter = Reporter::new(output, total);
    let unreachable = worker(Some(due)).unreachable().await;
    for (name, reason) in &unreachable {
        reporter.unreachable(name, reason)?;
    }
    let without = |names: &[(String, String)]| {
        let left_out: BTreeSet<_> = names.iter().map(|(name, _)| name.as_str()).collect();
        let kept = credentials().filter(|one| !left_out.contains(one.name.as_str()));
        kept.map(|one| one.name.clone()).collect()
    };
    // One that cannot be reached does not stop the others.
    let only = match unreachable.is_empty() {
        true => options.only.clone(),
        false => Some(without(&unreachable)),
    };

    let run = Running {
        site,
        store: &*store,
        metrics: arguments.metrics.as_deref(),
    };
    let result = run.to_the_end(worker(only), &mut reporter).await;
    let summary = match result {
        Ok(summary) => summary,
        Err(failure) => {
            reporter.close();
            return Err(failure);
        }
    };
    run.write_metrics(Some(&summary)).await?;
    reporter.summary(&summary, unreachable.len())?;
    match report::exit_code(&summary, unreachable.len()) {
        0 => Ok(()),
        exit_code => Err(Failure::Told { exit_code }),
    }
}

/// Returns the names of the chosen credentials that a run has something to do for.
async fn due(
    store: &dyn Store,
    is_chosen: &dyn Fn(&str) -> bool,
) -> Result<BTreeSet<String>, Failure> {
    let mut due = BTreeSet::new();
    for which in [Which::Unfinished, Which::Due] {
        let mut query = Query {
            which,
            limit: PAGE,
            ..Query::default()
        };
        loop {
            let page = store.list(&query).await.map_err(failed)?;
            let Some(last) = page.records.last() else {
                break;
            };
            query.after = Some(last.name.clone());
            let names = page.records.into_iter().map(|record| record.name);
            due.extend(names.filter(|name| is_chosen(name)));
        }
    }
    Ok(due)
}

/// What a run needs beside its worker.
struct Running<'a> {
    site: &'a Site,
    store: &'a dyn Store,
    metrics: Option<&'a std::path::Path>,
}

impl Running<'_> {
    /// Runs the worker. The first signal lets it finish what was sent, the second one stops it.
    async fn to_the_end(
        &self,
        worker: Worker,
        reporter: &mut Reporter,
    ) -> Result<Summary, Failure> {
        let mut interrupt = Interrupt::listen()?;
        let (sender, mut progress) = mpsc::unbounded_channel();
        let (stop, stopped) = watch::channel(false);
        // The sender goes with the run, so that the channel ends with it.
        let running = async move { worker.run(&sender, stopped).await };
        let mut running = pin!(running);
        let mut ticks = tokio::time::interval(METRICS);
        loop {
            tokio::select! {
                // What happened is reported before the run ends.
                biased;
                Some(one) = progress.recv() => reporter.report(one)?,
                result = &mut running => {
                    while let Ok(one) = progress.try_recv() {
                        reporter.report(one)?;
                    }
                    return result.map_err(failed);
                }
                () = interrupt.received() => {
                    if *stop.borrow() {
                        return Err(Failure::Stopped);
                    }
                    // The next signal is another one.
                    interrupt = Interrupt::listen()?;
                    let _ = stop.send(true);
                    reporter.say(
                        "stopping: nothing more is sent, and what was sent is finished; press Ctrl-C \
                         again to stop at once",
                    );
                }
                _ = ticks.tick(), if self.metrics.is_some() => self.write_metrics(None).await?,
            }
        }
    }

    async fn write_metrics(&self, last_run: Option<&Summary>) -> Result<(), Failure> {
        match self.metrics {
            Some(path) => metrics::write(path, self.site, self.store, last_run).await,
            None => Ok(()),
        }
    }
}

/// Reports what happens: a bar at a terminal, lines otherwise, JSON if it is wanted.
enum Reporter {
    Json,
    Lines,
    Bar {
        bar: ProgressBar,
        ended: BTreeSet<String>,
    },
}

impl Reporter {
    fn new(output: Output, total: usize) -> Self {
        if output == Output::Json {
            return Self::Json;
        }
        if !std::io::stderr().is_terminal() {
            return Self::Lines;
        }
        let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len}  {msg}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self::Bar {
            bar,
            ended: BTreeSet::new(),
        }
    }

    fn report(&mut self, progress: Progress) -> Result<(), Failure> {
        let now = repass_rotate::store::system_now();
        match self {
            Self::Json => return terminal::show_json(&RotateLine::Progress(progress)),
            Self::Lines => {
                if let Some(line) = report::line(&progress, now) {
                    terminal::say(&line);
                }
            }
            Self::Bar { bar, ended } => match &progress {
                Progress::Entry { name, entry } => {
                    let words = format!("{name}: {}", entry.what.text());
                    bar.set_message(terminal::visible(&words));
                }
                Progress::Turn { name, .. } => {
                    if ended.insert(name.clone()) {
                        bar.inc(1);
                    }
                    if let Some(line) = report::line(&progress, now) {
                        bar.suspend(|| terminal::say(&line));
                    }
                }
                _ => {
                    if let Some(line) = report::line(&progress, now) {
                        bar.suspend(|| terminal::say(&line));
                    }
                }
            },
        }
        Ok(())
    }

    fn unreachable(&self, name: &str, reason: &str) -> Result<(), Failure> {
        if let Self::Json = self {
            return print(RotateEvent::Unreachable {
                name: name.to_owned(),
                reason: reason.to_owned(),
            });
        }
        self.say(&format!(
            "{name}: left out, because its login address cannot be reached: {reason}"
        ));
        Ok(())
    }

    fn say(&self, words: &str) {
        match self {
            Self::Bar { bar, .. } => bar.suspend(|| terminal::say(words)),
            Self::Json | Self::Lines => terminal::say(words),
        }
    }

    fn summary(&self, summary: &Summary, unreachable: usize) -> Result<(), Failure> {
        self.close();
        terminal::say(&report::summary(summary, unreachable));
        match self {
            Self::Json => print(RotateEvent::Summary {
                summary: summary.clone(),
                unreachable,
            }),
            _ => Ok(()),
        }
    }

    fn close(&self) {
        if let Self::Bar { bar, .. } = self {
            bar.finish_and_clear();
        }
    }
}
