//! The one place that prints.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle};
use serde::Serialize;

use crate::failure::Failure;

/// Prints data that must not be lost, at once.
///
/// # Errors
/// Nobody reads it.
pub(crate) fn print(data: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{data}")?;
    stdout.flush()
}

/// Prints data for whoever still reads it: `| head` is no mistake.
///
/// # Errors
/// Standard output cannot be written for another reason.
pub(crate) fn show(data: &str) -> Result<(), Failure> {
    match print(data) {
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

/// Logs what is done from now on: every span and event of every crate. None holds a secret; the
/// tests see to it.
pub(crate) fn log() {
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(io::stderr)
        // Nobody listens; nothing is lost.
        .log_internal_errors(false)
        .init();
}

/// Says something to a person. If nobody listens, nothing is lost.
pub(crate) fn say(words: &str) {
    let _ = writeln!(io::stderr(), "{words}");
}

/// An empty table with these headings, as wide as the terminal if there is one.
pub(crate) fn table<const COLUMNS: usize>(headings: [&str; COLUMNS]) -> Table {
    const STYLE: TableStyle =
        TableStyle::new().header_separator(LineStyle::new('─', '─', '─', '─'));
    let mut table = Table::new();
    table.load_style(STYLE).set_header(headings);
    if let Some((width, _)) = terminal_size::terminal_size_of(io::stdout()) {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(width.0);
    }
    table
}
