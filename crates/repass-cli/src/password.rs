//! The ways to give a password: never as an argument, never in the environment.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, IsTerminal, Write, stdin};
use std::path::Path;

use repass_client::{DEFAULT_LENGTH, Secret, generate};
use zeroize::Zeroizing;

use crate::arguments::{GivenPassword, NewPassword, Output};
use crate::failure::Failure;
use crate::input::Input;
use crate::output::HandedOver;
use crate::terminal;

/// More than any password; a larger file was meant for something else.
const LARGEST_KIB: u16 = 64;

impl GivenPassword {
    /// The password, from wherever it is to be read. At a prompt it is asked for once.
    pub(crate) async fn read(&self) -> Result<Secret, Failure> {
        self.read_or(ask(&PASSWORD)).await
    }

    async fn read_or(
        &self,
        ask: impl Future<Output = Result<Secret, Failure>>,
    ) -> Result<Secret, Failure> {
        let password = if self.password_stdin {
            without_newline(&read_stdin()?).into()
        } else if let Some(file) = &self.password_file {
            from_file("--password-file", file)?
        } else {
            ask.await?
        };
        Ok(noted(password))
    }
}

impl NewPassword {
    /// The new password. One that is typed is asked for twice.
    pub(crate) async fn read(&self) -> Result<Secret, Failure> {
        if self.generate.is_some() {
            return generate(DEFAULT_LENGTH)
                .map_err(|error| Failure::not_done(error, "nothing was sent"));
        }
        let typed = async {
            let password = ask(&NEW).await?;
            let again = ask(&NEW_AGAIN).await?;
            if password.expose() != again.expose() {
                return Err(Failure::usage(
                    "the two passwords differ",
                    "nothing was sent; type the same one twice",
                ));
            }
            Ok(password)
        };
        self.given.read_or(typed).await
    }

    /// Hands a generated password over. To be called when everything else is ready, and before the
    /// password is sent, so that it survives whatever happens then.
    pub(crate) fn hand_over(&self, password: &str, output: Output) -> Result<(), Failure> {
        let printed = || match output {
            Output::Json => terminal::hand_over(&terminal::json(&HandedOver {
                password: password.into(),
            })),
            Output::Table => terminal::hand_over(password),
        };
        match &self.generate {
            None => Ok(()),
            Some(None) => printed().map_err(|error| {
                Failure::not_done(
                    format!("the password cannot be handed over on standard output: {error}"),
                    "nothing was sent; name a file with --generate=FILE, or let standard output be read",
                )
            }),
            Some(Some(file)) => write_new(file, password).map_err(|error| {
                Failure::not_done(
                    format!("the password cannot be kept in {}: {error}", file.display()),
                    "nothing was sent; name a file that does not exist, in a folder you can write",
                )
            }),
        }
    }
}

/// The old password and the new one of a change.
pub(crate) async fn read_old_and_new(
    old_file: Option<&Path>,
    new: &NewPassword,
) -> Result<(Secret, Secret), Failure> {
    if new.given.password_stdin {
        let text = read_stdin()?;
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
        Some(file) => from_file("--old-password-file", file)?,
        None => ask(&OLD).await?,
    };
    Ok((possible(old)?, new.read().await?))
}

/// The old password, unless it can be none: sending it would only cost a try.
fn possible(old: Secret) -> Result<Secret, Failure> {
    match oddity(old.expose()) {
        None => Ok(old),
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

async fn ask(question: &Question) -> Result<Secret, Failure> {
    let Question { asks_for, .. } = question;
    if !stdin().is_terminal() {
        let line = format!("no {asks_for} was given, and there is no terminal to ask for it");
        return Err(Failure::usage(line, question.instead));
    }
    let typed = terminal::ask(question.prompt).await;
    typed.map_err(|error| match error.kind() {
        ErrorKind::Interrupted => Failure::Interrupted(None),
        _ => {
            let line = format!("the {asks_for} cannot be read from the terminal: {error}");
            Failure::usage(line, question.instead)
        }
    })
}

fn read_stdin() -> Result<Zeroizing<String>, Failure> {
    if stdin().is_terminal() {
        return Err(Failure::usage(
            "--password-stdin reads a pipe or a file, and a terminal would show what is typed",
            "leave --password-stdin out: repass asks, and hides what is typed",
        ));
    }
    let next = "write the password there and nothing else, as UTF-8";
    input("standard input", next).read(stdin().lock())
}

/// The password in the file of this option. Its name is not repeated: somebody may have given the
/// password itself.
fn from_file(option: &str, file: &Path) -> Result<Secret, Failure> {
    let name = format!("the file of {option}");
    let input = input(
        &name,
        "name a file that holds the password and nothing else, as UTF-8",
    );
    let opened = File::open(file).map_err(|error| input.unreadable(&error))?;
    Ok(without_newline(&input.read(opened)?).into())
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

fn write_new(path: &Path, password: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{password}")?;
    file.sync_all()
}
