//! The one place that prints, and asks.

use std::io::{self, Write};
#[cfg(unix)]
use std::task::Poll;

use repass_client::Secret;
use serde::Serialize;
#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::{self, format::FmtSpan};
use tracing_subscriber::prelude::*;

use crate::failure::Failure;

/// Prints data that must not be lost, at once.
///
/// # Errors
/// Nobody reads it, as nobody reads /dev/null.
pub(crate) fn hand_over(data: &str) -> io::Result<()> {
    let mut stdout = kept_stdout()?;
    writeln!(stdout, "{data}")?;
    stdout.flush()
}

/// Standard output as it is: Rust has made /dev/null of one that was closed, and its own handle
/// takes one that cannot be written for written.
#[cfg(unix)]
fn kept_stdout() -> io::Result<std::fs::File> {
    use std::os::{fd::AsFd, unix::fs::MetadataExt};
    let stdout = std::fs::File::from(io::stdout().as_fd().try_clone_to_owned()?);
    if stdout.metadata()?.rdev() == std::fs::metadata("/dev/null")?.rdev() {
        return Err(io::Error::other("it is closed, or /dev/null"));
    }
    Ok(stdout)
}

#[cfg(not(unix))]
fn kept_stdout() -> io::Result<io::Stdout> {
    Ok(io::stdout())
}

/// Prints data for whoever still reads it: `| head` is no mistake.
///
/// # Errors
/// Standard output cannot be written for another reason.
pub(crate) fn show(data: &str) -> Result<(), Failure> {
    shown(writeln!(io::stdout(), "{data}"))
}

/// What came of printing, once nothing waits to be printed any more.
///
/// # Errors
/// See [`show`].
pub(crate) fn shown(printed: io::Result<()>) -> Result<(), Failure> {
    match printed.and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let line = format!("standard output cannot be written: {error}");
            Err(Failure::not_done(line, "write it to another place"))
        }
        _ => Ok(()),
    }
}

/// Prints data as one line of JSON.
///
/// # Errors
/// See [`show`].
pub(crate) fn show_json(data: &impl Serialize) -> Result<(), Failure> {
    show(&json(data))
}

/// What is printed is texts, numbers, flags and lists of them, which cannot fail to be written.
pub(crate) fn json(data: &impl Serialize) -> String {
    serde_json::to_string(data).unwrap_or_default()
}

/// Logs what is done from now on: every span and event of our own crates. None holds a secret; the
/// tests see to it.
pub(crate) fn log() {
    let log = fmt::layer()
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(io::stderr)
        // Nobody listens; nothing is lost.
        .log_internal_errors(false);
    let ours = Targets::new().with_target("repass", LevelFilter::TRACE);
    tracing_subscriber::registry().with(ours).with(log).init();
}

/// Says something to a person, in one line. If nobody listens, nothing is lost.
pub(crate) fn say(words: &str) {
    let _ = writeln!(io::stderr(), "{}", visible(words));
}

/// The text with escapes for what could steer the terminal: it may come from a service.
pub(crate) fn visible(text: &str) -> String {
    let mut visible = String::new();
    for character in text.chars() {
        match character {
            // Line separators, and what turns the direction of writing.
            '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                visible.extend(character.escape_unicode());
            }
            _ if character.is_control() => visible.extend(character.escape_default()),
            _ => visible.push(character),
        }
    }
    visible
}

/// Asks for what is typed hidden. On a signal the terminal is left as it was.
///
/// # Errors
/// There is no terminal, or a signal came: [`io::ErrorKind::Interrupted`].
pub(crate) async fn ask(prompt: &'static str) -> io::Result<Secret> {
    #[cfg(unix)]
    let terminal = std::fs::File::open("/dev/tty")?;
    #[cfg(unix)]
    let modes = rustix::termios::tcgetattr(&terminal)?;
    // Before the prompt: a signal that nobody waits for would leave the terminal hidden.
    let interrupted = interrupted()?;
    let typing = tokio::task::spawn_blocking(move || rpassword::prompt_password(prompt));
    let typed = tokio::select! {
        typed = typing => typed.map_err(io::Error::from).flatten(),
        () = interrupted => Err(io::ErrorKind::Interrupted.into()),
    };
    #[cfg(unix)]
    if typed.is_err() {
        use rustix::termios::{OptionalActions, tcsetattr};
        // A terminal that is gone needs none.
        let _ = tcsetattr(&terminal, OptionalActions::Now, &modes);
        say("");
    }
    typed.map(Secret::from)
}

/// Ends when somebody wants the command to end, from now on.
///
/// # Errors
/// The system does not tell.
#[cfg(unix)]
pub(crate) fn interrupted() -> io::Result<impl Future<Output = ()>> {
    let mut kinds = vec![
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::quit(),
    ];
    if !ignores_hangup() {
        kinds.push(SignalKind::hangup());
    }
    let signals = kinds.into_iter().map(signal);
    let mut signals = signals.collect::<io::Result<Vec<_>>>()?;
    Ok(std::future::poll_fn(move |context| {
        let mut came = signals.iter_mut().map(|one| one.poll_recv(context));
        match came.any(|one| one.is_ready()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }))
}

/// Whether the command is to go on without its terminal, as `nohup` has it. To wait for the signal
/// would undo that. Only Linux tells.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.map(|mask| u64::from_str_radix(mask.trim(), 16));
    // Its number is 1, and so is its bit.
    matches!(ignored, Some(Ok(mask)) if mask & 1 == 1)
}

#[cfg(not(unix))]
pub(crate) fn interrupted() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

/// A line with one fact; a long one goes on below itself. No terminal is too narrow for a table
/// then, and an id can be copied.
pub(crate) fn fact(name: &str, value: &str) -> String {
    wrapped(&format!("{name:17}"), 17, value)
}

/// The text behind this start, in lines that a terminal shows whole, the later ones indented. A
/// word is not broken.
pub(crate) fn wrapped(start: &str, indent: usize, text: &str) -> String {
    const COLUMNS: usize = 80;
    let (mut told, mut column) = (start.to_owned(), indent);
    for (index, word) in visible(text).split(' ').enumerate() {
        let length = word.chars().count();
        if index > 0 && column + 1 + length > COLUMNS {
            told += &format!("\n{:indent$}", "");
            column = indent;
        } else if index > 0 {
            told.push(' ');
            column += 1;
        }
        told += word;
        column += length;
    }
    told + "\n"
}
