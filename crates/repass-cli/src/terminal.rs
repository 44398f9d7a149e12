//! The one place that prints, and asks.

use std::io::{self, Write};

use repass_client::Secret;
use serde::Serialize;
use serde_json::ser::Formatter;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::{self, format::FmtSpan};
use tracing_subscriber::prelude::*;

use crate::failure::Failure;
use crate::interrupt::Interrupt;

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

/// Returns data as one line of JSON in which every character can be seen: it may come from a service.
pub(crate) fn json(data: &impl Serialize) -> String {
    let mut json = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut json, Visible);
    // Texts, numbers, flags and lists of them: that cannot fail.
    let written = data.serialize(&mut serializer);
    let json = written.ok().and_then(|()| String::from_utf8(json).ok());
    json.unwrap_or_default()
}

/// Escapes each character that could steer a terminal; the value of the JSON stays the same.
struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for piece in fragment.split_inclusive(steers) {
            match piece.char_indices().next_back() {
                Some((at, last)) if steers(last) => {
                    let (before, _) = piece.split_at(at);
                    // None of them is beyond the range of four digits.
                    write!(writer, "{before}\\u{:04x}", u32::from(last))?;
                }
                _ => writer.write_all(piece.as_bytes())?,
            }
        }
        Ok(())
    }
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

/// Returns the text with escapes for what could steer the terminal: it may come from a service.
pub(crate) fn visible(text: &str) -> String {
    let mut visible = String::new();
    for character in text.chars() {
        match character {
            _ if character.is_control() => visible.extend(character.escape_default()),
            _ if steers(character) => visible.extend(character.escape_unicode()),
            _ => visible.push(character),
        }
    }
    visible
}

/// Whether a character could steer a terminal: a control character, a line separator, or one that
/// changes the direction of writing.
fn steers(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// Asks for what is typed hidden. On a signal the terminal is left as it was.
///
/// # Errors
/// There is no terminal, or a signal came: [`io::ErrorKind::Interrupted`].
pub(crate) async fn ask(prompt: &'static str, interrupt: &mut Interrupt) -> io::Result<Secret> {
    #[cfg(unix)]
    let terminal = std::fs::File::open("/dev/tty")?;
    #[cfg(unix)]
    let modes = rustix::termios::tcgetattr(&terminal)?;
    let typing = async {
        let typing = tokio::task::spawn_blocking(move || rpassword::prompt_password(prompt));
        typing.await.map_err(io::Error::from).flatten()
    };
    let typed = interrupt.unless(typing).await;
    let typed = typed.unwrap_or_else(|| Err(io::ErrorKind::Interrupted.into()));
    #[cfg(unix)]
    if typed.is_err() {
        use rustix::termios::{OptionalActions, tcsetattr};
        // A terminal that is gone needs none.
        let _ = tcsetattr(&terminal, OptionalActions::Now, &modes);
        say("");
    }
    typed.map(Secret::from)
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
