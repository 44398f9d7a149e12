//! The metrics file, in the text format of Prometheus.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use repass_rotate::record::{Millis, NEVER, State};
use repass_rotate::store::Store;
use repass_rotate::worker::Summary;

use super::{Site, States, states};
use crate::failure::Failure;

/// Replaces the metrics file. Readers see the old content or the new one.
///
/// # Errors
/// The store cannot be read, or the file cannot be written.
pub(crate) async fn write(
    path: &Path,
    site: &Site,
    store: &dyn Store,
    last_run: Option<&Summary>,
) -> Result<(), Failure> {
    let text = text(site, &states(store).await?, last_run);
    replace(path, &text).map_err(|error| {
        let line = format!("{} cannot be written: {error}", path.display());
        Failure::not_done(line, "name a file in a folder that you can write to")
    })
}

fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".repass-");
    // A collector that runs as another user reads it, and it holds no secret.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut beside = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
    beside.write_all(text.as_bytes())?;
    beside.persist(path)?;
    Ok(())
}

fn text(site: &Site, states: &States, last_run: Option<&Summary>) -> String {
    let known = || {
        let credentials = site.fleet.credentials.iter();
        credentials.filter_map(|one| Some((one.name.as_str(), states.records.get(&one.name)?)))
    };
    let mut text = String::new();
    head(
        &mut text,
        "repass_credentials",
        "Credentials by state of their record.",
    );
    for state in State::ALL {
        let count = known().filter(|(_, status)| status.state == state).count();
        line(
            &mut text,
            "repass_credentials",
            ("state", state.name()),
            count as u64,
        );
    }
    let name = "repass_credential_changed_timestamp_seconds";
    head(
        &mut text,
        name,
        "Time at which the current password became current.",
    );
    for (credential, status) in known() {
        if let Some(at) = status.changed_at {
            line(&mut text, name, ("name", credential), at / 1000);
        }
    }
    let name = "repass_credential_rotation_due_timestamp_seconds";
    head(&mut text, name, "Time at which the next rotation is due.");
    for (credential, status) in known().filter(|(_, status)| status.rotate_at < NEVER) {
        line(
            &mut text,
            name,
            ("name", credential),
            status.rotate_at / 1000,
        );
    }
    let name = "repass_credential_healthy";
    head(
        &mut text,
        name,
        "1 if the record has no problem, 0 if it failed, is doubtful or stuck, or is not published.",
    );
    for (credential, status) in known() {
        let is_healthy = super::report::exit_code_of(status) == 0;
        line(&mut text, name, ("name", credential), u64::from(is_healthy));
    }
    let name = "repass_store_timestamp_seconds";
    head(
        &mut text,
        name,
        "Time of the store's clock when this was written.",
    );
    let seconds: Millis = states.now / 1000;
    let _ = writeln!(text, "{name} {seconds}");
    if let Some(summary) = last_run {
        let name = "repass_last_run_credentials";
        head(&mut text, name, "Credentials of the last run by result.");
        let counts = [
            ("rotated", summary.rotated),
            ("up_to_date", summary.up_to_date),
            ("waiting", summary.waiting),
            ("refused", summary.refused),
            ("doubtful", summary.doubtful),
            ("stuck", summary.stuck),
            ("not_published", summary.not_published),
            ("held", summary.held),
            ("failed", summary.failed),
            ("skipped", summary.skipped),
            ("clock_back", summary.clock_back),
        ];
        for (result, count) in counts {
            line(&mut text, name, ("result", result), count as u64);
        }
    }
    text
}

fn head(text: &mut String, name: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
}

/// Adds a line. A label's value has nothing to escape: names are checked, the others are ours.
fn line(text: &mut String, name: &str, (label, value): (&str, &str), number: u64) {
    let _ = writeln!(text, "{name}{{{label}=\"{value}\"}} {number}");
}
