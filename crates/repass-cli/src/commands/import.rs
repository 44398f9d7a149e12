//! `repass import`: makes a password that a person supplies the current one of a credential.

use std::sync::Arc;

use repass_rotate::worker::{Options, Worker};

use crate::arguments::{Import, Output};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::Imported;
use crate::rotation::{Access, Site, failed, no_client};
use crate::terminal;

pub(crate) async fn run(arguments: &Import, output: Output) -> Result<(), Failure> {
    let site = Site::read(&arguments.fleet.file)?;
    let credential = site.credential(&arguments.name)?;
    let store = site.store(Access::Write).await?;
    let password = arguments.password.read(&mut Interrupt::listen()?).await?;
    let options = Options::new(&site.fleet);
    let worker = Worker::new(Arc::clone(&site.fleet), store, no_client()?, options);
    worker.import(credential, password).await.map_err(failed)?;
    let name = &credential.name;
    terminal::say(&format!(
        "{name}: stored as the current password; nothing was sent"
    ));
    match output {
        Output::Table => Ok(()),
        Output::Json => terminal::show_json(&Imported { name: name.clone() }),
    }
}
