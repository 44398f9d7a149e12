//! The ways to give a password: never as an argument, never in the environment.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write, stdin};
use std::path::Path;

use repass_client::{DEFAULT_LENGTH, Secret, generate};
use zeroize::Zeroizing;

use crate::arguments::{GivenPassword, NewPassword, Output};
use crate::failure::Failure;
use crate::input::Input;
use crate::interrupt::Interrupt;
use crate::output::HandedOver;
use crate::terminal;

/// More than any password; a larger file was meant for something else.
const LARGEST_KIB: u16 = 64;

impl GivenPassword {
    /// The password, from wherever it is to be read. At a prompt it is asked for once.
    pub(crate) async fn read(&self, interrupt: &mut Interrupt) -> Result<Secret, Failure> {
        match self.read_given(interrupt).await? {
            Some(password) => Ok(password),
            None => Ok(noted(ask(&PASSWORD, interrupt).await?)),
        }
    }

    /// The password that standard input or a file holds, if one of them is to be read.
    async fn read_given(&self, interrupt: &mut Interrupt) -> Result<Option<Secret>, Failure> {
        let password = if self.password_stdin {
            without_newline(&read_stdin(interrupt).await?).into()
        } else if let Some(file) = &self.password_file {
            from_file("--password-file", file, interrupt).await?
        } else {
            return Ok(None);
        };
        Ok(Some(noted(password)))
    }
}

impl NewPassword {
    /// The new password. One that is typed is asked for twice.
    pub(crate) async fn read(&self, interrupt: &mut Interrupt) -> Result<Secret, Failure> {
        if self.generate.is_some() {
            return generate(DEFAULT_LENGTH)
                .map_err(|error| Failure::not_done(error, "nothing was sent"));
        }
        if let Some(password) = self.given.read_given(interrupt).await? {
            return Ok(password);
        }
        let password = ask(&NEW, interrupt).await?;
        let again = ask(&NEW_AGAIN, interrupt).await?;
        if password.expose() != again.expose() {
            return Err(Failure::usage(
                "the two passwords differ",
                "nothing was sent; type the same one twice",
            ));
        }
        Ok(noted(password))
    }

    /// Hands a generated password over. To be called when everything else is ready, and before the
    /// password is sent, so that it survives whatever happens then.
    pub(crate) async fn hand_over(
        &self,
        password: &str,
        output: Output,
        interrupt: &mut Interrupt,
    ) -> Result<(), Failure> {
        match &self.generate {
            None => Ok(()),
            Some(None) => {
                let line = Zeroizing::new(match output {
                    Output::Json => terminal::json(&HandedOver {
                        password: password.into(),
                    }),
                    Output::Table => password.to_owned(),
                });
                // A pipe that is full, or a terminal that was stopped, takes it only later.
                let printed = in_thread(interrupt, move || terminal::hand_over(&line)).await?;
                printed.map_err(|error| {
                    Failure::not_done(
                        format!("the password cannot be handed over on standard output: {error}"),
                        "nothing was sent; name a file with --generate=FILE, or let standard \
                         output be read",
                    )
                })
            }
            Some(Some(file)) => keep(file, password).map_err(|error| {
                let next = match error.kind() {
                    ErrorKind::AlreadyExists => "nothing was sent; name a file that does not exist",
                    ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                        "nothing was sent; make space on the disk, or name a file on another one"
                    }
                    _ => "nothing was sent; name a file in a folder that you can write to",
                };
                let line = format!("the password cannot be kept in {}: {error}", file.display());
                Failure::not_done(line, next)
            }),
        }
    }
}

/// The old password and the new one of a change.
pub(crate) async fn read_old_and_new(
    old_file: Option<&Path>,
    new: &NewPassword,
    interrupt: &mut Interrupt,
) -> Result<(Secret, Secret), Failure> {
    if new.given.password_stdin {
        let text = read_stdin(interrupt).await?;
        let lines = without_newline(&text).split_once('\n');
        let (old, new) = lines.ok_or_else(|| {
            Failure::usage(
                "standard input has one line",
                "write the old password on the first line and the new one on the second",
            )
        })?;
        let old = old.strip_suffix('\r').unwrap_or(old);
        return Ok((possible(old.into())?, noted(new.into())));
    }
    let old = match old_file {
        Some(file) => from_file("--old-password-file", file, interrupt).await?,
        None => ask(&OLD, interrupt).await?,
    };
    Ok((possible(old)?, new.read(interrupt).await?))
}

/// The old password, unless it can be none: sending it would only cost a try.
fn possible(old: Secret) -> Result<Secret, Failure> {
    match oddity(old.expose()) {
        None => {
            if has_outer_space(old.expose()) {
                terminal::say("note: the old password begins or ends with a space");
            }
            Ok(old)
        }
        Some(oddity) => Err(Failure::usage(
            format!("the old password {oddity}"),
            "nothing was sent; give the password that the instance has",
        )),
    }
}

/// The password, after a note on what its broken rules alone would not make plain.
fn noted(password: Secret) -> Secret {
    if let Some(oddity) = oddity(password.expose()) {
        terminal::say(&format!("note: the password {oddity}"));
    } else if has_outer_space(password.expose()) {
        terminal::say("note: the password begins or ends with a space");
    }
    password
}

/// What no password has, and a file or a pipe easily gives it.
fn oddity(password: &str) -> Option<&'static str> {
    if password.is_empty() {
        Some("is empty")
    } else if password.contains(['\n', '\r']) {
        Some("holds a line break; write it on one line, and nothing after it")
    } else if password.starts_with('\u{feff}') {
        Some("begins with a byte order mark; save it without one")
    } else {
        None
    }
}

/// Whether a password has what is easily typed or pasted unseen. Some services accept it.
fn has_outer_space(password: &str) -> bool {
    password.trim() != password
}

/// A question at the terminal, and what to do where there is none.
struct Question {
    prompt: &'static str,
    asks_for: &'static str,
    instead: &'static str,
}

const PASSWORD: Question = Question {
    prompt: "Password: ",
    asks_for: "password",
    instead: "use --password-stdin or --password-file",
};

const NEW: Question = Question {
    prompt: "New password: ",
    asks_for: "new password",
    instead: "use --password-stdin, --password-file or --generate",
};

const NEW_AGAIN: Question = Question {
    prompt: "New password again: ",
    ..NEW
};

const OLD: Question = Question {
    prompt: "Old password: ",
    asks_for: "old password",
    instead: "use --old-password-file, or --password-stdin for the old and the new one",
};

async fn ask(question: &Question, interrupt: &mut Interrupt) -> Result<Secret, Failure> {
    let Question { asks_for, .. } = question;
    if !stdin().is_terminal() {
        let line = format!("no {asks_for} was given, and there is no terminal to ask for it");
        return Err(Failure::usage(line, question.instead));
    }
    let typed = terminal::ask(question.prompt, interrupt).await;
    typed.map_err(|error| match error.kind() {
        ErrorKind::Interrupted => Failure::Interrupted(None),
        _ => {
            let line = format!("the {asks_for} cannot be read from the terminal: {error}");
            Failure::usage(line, question.instead)
        }
    })
}

async fn read_stdin(interrupt: &mut Interrupt) -> Result<Zeroizing<String>, Failure> {
    if stdin().is_terminal() {
        return Err(Failure::usage(
            "--password-stdin reads a pipe or a file, and a terminal would show what is typed",
            "leave --password-stdin out: repass asks, and hides what is typed",
        ));
    }
    let next = "write the password there and nothing else, as UTF-8";
    in_thread(interrupt, move || {
        input("standard input", next).read(stdin().lock())
    })
    .await?
}

/// The password in the file of this option. Its name is not repeated: somebody may have given the
/// password itself.
async fn from_file(
    option: &'static str,
    file: &Path,
    interrupt: &mut Interrupt,
) -> Result<Secret, Failure> {
    let file = file.to_owned();
    let text = in_thread(interrupt, move || {
        let name = format!("the file of {option}");
        let input = input(
            &name,
            "name a file that holds the password and nothing else, as UTF-8",
        );
        let opened = File::open(file).map_err(|error| input.unreadable(&error))?;
        input.read(opened)
    });
    Ok(without_newline(&text.await??).into())
}

/// Does what may wait for somebody else, such as reading a pipe, where a signal ends the waiting.
async fn in_thread<T: Send + 'static>(
    interrupt: &mut Interrupt,
    does: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    match interrupt.unless(tokio::task::spawn_blocking(does)).await {
        Some(Ok(done)) => Ok(done),
        Some(Err(error)) => Err(Failure::not_done(error, "nothing was sent; try again")),
        None => Err(Failure::Interrupted(None)),
    }
}

fn input<'a>(name: &'a str, next: &'static str) -> Input<'a> {
    Input {
        name,
        largest_kib: LARGEST_KIB,
        next,
    }
}

/// The text without one newline at its end, which editors and `echo` add.
fn without_newline(text: &str) -> &str {
    let line = text.strip_suffix('\n');
    line.map_or(text, |line| line.strip_suffix('\r').unwrap_or(line))
}

/// Keeps the password in a new file that only its owner can read: all of it, or no file at all.
/// Once this has returned, the file outlives a crash of the machine.
fn keep(path: &Path, password: &str) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    // It is removed again unless it gets its name. Its own one is of no use in an error.
    let beside = tempfile::Builder::new()
        .prefix(".repass-")
        .tempfile_in(folder)
        .map_err(|error| io::Error::from(error.kind()))?;
    writeln!(beside.as_file(), "{password}")?;
    beside.as_file().sync_all()?;
    beside.persist_noclobber(path)?;
    sync(folder).inspect_err(|_| {
        // It might be gone after a crash; then it should not be there now, either.
        let _ = std::fs::remove_file(path);
    })
}

/// Writes a folder's list of files to the disk, where the system can do that.
#[cfg(unix)]
fn sync(folder: &Path) -> io::Result<()> {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) => match error.kind() {
            // A folder that may be written but not read, or a file system that cannot.
            ErrorKind::PermissionDenied | ErrorKind::InvalidInput | ErrorKind::Unsupported => {
                Ok(())
            }
            _ => Err(error),
        },
        Ok(()) => Ok(()),
    }
}

#[cfg(not(unix))]
fn sync(_folder: &Path) -> io::Result<()> {
    Ok(())
}
