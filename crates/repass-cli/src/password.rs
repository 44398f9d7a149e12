//! The ways to give a password: never as an argument, never in the environment.

use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, Write, stdin};
use std::path::Path;

use repass_client::{DEFAULT_LENGTH, DcsPassword, Policy, Secret, generate};
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
    pub(crate) fn read(&self) -> Result<Secret, Failure> {
        self.read_or(|| prompt("Password: "))
    }

    fn read_or(&self, ask: impl FnOnce() -> Result<Secret, Failure>) -> Result<Secret, Failure> {
        if self.password_stdin {
            Ok(without_newline(&read_stdin()?).into())
        } else if let Some(file) = &self.password_file {
            from_file(file)
        } else {
            ask()
        }
    }
}

impl NewPassword {
    /// The new password. One that is typed is asked for twice, one that is made is as long as the
    /// policy allows.
    pub(crate) fn read(&self, policy: &Policy) -> Result<Secret, Failure> {
        if self.generate.is_some() {
            return generate(DEFAULT_LENGTH.min(policy.max_length))
                .map_err(|error| Failure::not_done(error, "nothing was sent"));
        }
        self.given.read_or(|| {
            let password = prompt("New password: ")?;
            let again = prompt("New password again: ")?;
            if password.expose() != again.expose() {
                return Err(Failure::usage(
                    "the two passwords differ",
                    "nothing was sent; type the same one twice",
                ));
            }
            Ok(password)
        })
    }

    /// Hands a generated password over. To be called when everything else is ready, and before the
    /// password is sent, so that it survives whatever happens then.
    pub(crate) fn hand_over(&self, password: &str, output: Output) -> Result<(), Failure> {
        let printed = || match output {
            Output::Json => terminal::print(&terminal::json(&HandedOver {
                password: password.into(),
            })),
            Output::Table => terminal::print(password),
        };
        match &self.generate {
            None => Ok(()),
            Some(None) => printed().map_err(|error| {
                Failure::not_done(
                    format!("the password cannot be handed over on standard output: {error}"),
                    "nothing was sent; keep the other end of the pipe open, or name a file",
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
pub(crate) fn read_old_and_new(
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
        return Ok((old.strip_suffix('\r').unwrap_or(old).into(), new.into()));
    }
    let old = match old_file {
        Some(file) => from_file(file)?,
        None => prompt("Old password: ")?,
    };
    Ok((old, new.read(DcsPassword::POLICY)?))
}

fn prompt(what: &str) -> Result<Secret, Failure> {
    if !stdin().is_terminal() {
        return Err(Failure::usage(
            "no password was given, and there is no terminal to ask for it",
            "use --password-stdin or --password-file (a change: --old-password-file too)",
        ));
    }
    let typed = rpassword::prompt_password(what);
    typed.map(Secret::from).map_err(|error| {
        let line = format!("the password cannot be read from the terminal: {error}");
        Failure::usage(line, "use --password-stdin or --password-file")
    })
}

fn read_stdin() -> Result<Zeroizing<String>, Failure> {
    let next = "write the password there and nothing else, as UTF-8";
    input("standard input", next).read(stdin().lock())
}

fn from_file(file: &Path) -> Result<Secret, Failure> {
    let name = file.display().to_string();
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
