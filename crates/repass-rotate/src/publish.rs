//! The publishing of a new password to those who use it.

use std::process::Stdio;
use std::time::Duration;

use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use zeroize::Zeroizing;

use crate::record::{Record, Target};

/// How long the command may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// What the command gets on standard input, as JSON.
#[derive(Serialize)]
struct Published<'a> {
    name: &'a str,
    version: u64,
    password: &'a str,
    target: &'a Target,
}

/// Runs a publish command for the current password of a record.
///
#[doc = include_str!("publish.md")]
///
/// # Errors
/// Returns what went wrong, in words that hold no password.
pub async fn publish(command: &[String], name: &str, record: &Record) -> Result<(), String> {
    let Some((program, arguments)) = command.split_first() else {
        return Ok(());
    };
    let Some(current) = &record.passwords.current else {
        return Ok(());
    };
    let published = Published {
        name,
        version: current.number,
        password: current.secret.expose(),
        target: &record.status.target,
    };
    let input = serde_json::to_vec(&published).map_err(|error| error.to_string())?;
    let input = Zeroizing::new(input);
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        // Its own words are for the person who runs this.
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{program} cannot be run: {error}"))?;
    let stdin = child.stdin.take();
    let talk = async {
        if let Some(mut stdin) = stdin {
            // A command that needs only the name may end without reading.
            let _ = stdin.write_all(&input).await;
            let _ = stdin.shutdown().await;
        }
        child.wait().await
    };
    let status = tokio::time::timeout(DEADLINE, talk)
        .await
        .map_err(|_| format!("{program} did not end within {} s", DEADLINE.as_secs()))?
        .map_err(|error| format!("{program} failed: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{program} failed: {status}"))
    }
}
