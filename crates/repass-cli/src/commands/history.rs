//! `repass history`: what happened to a credential.

use crate::arguments::{History, Output};
use crate::failure::Failure;
use crate::output::{Event, Events};
use crate::rotation::report::{timestamp, words};
use crate::rotation::{Access, Site, states};
use crate::terminal;

pub(crate) async fn run(arguments: &History, output: Output) -> Result<(), Failure> {
    let site = Site::read(&arguments.fleet.file)?;
    let name = &site.credential(&arguments.name)?.name;
    let store = site.store(Access::States).await?;
    let states = states(&*store).await?;
    let history = states.records.get(name).map(|status| &status.history);
    let entries = history.into_iter().flatten();
    match output {
        Output::Table => {
            let lines = entries.map(|entry| {
                let (at, who) = (timestamp(entry.at), &entry.who);
                terminal::visible(&format!("{at}  {who}  {}", words(entry)))
            });
            let lines: Vec<_> = lines.collect();
            if lines.is_empty() {
                terminal::say(&format!("{name} has no history yet"));
                return Ok(());
            }
            terminal::show(&lines.join("\n"))
        }
        Output::Json => terminal::show_json(&Events {
            name: name.clone(),
            events: entries.map(Event::from).collect(),
        }),
    }
}
