//! Passwords at a terminal: hidden, and a new one twice.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "the terminal is part of the tests")]

mod repass;

use std::io::Write;
use std::net::TcpListener;
use std::process::Command;

use repass::{Emulator, SIGNALS, default_signals, pipe, run, send};
use rexpect::session::PtySession;

const NEW: &str = "Typed~Password-2024";

fn type_at(words: &str) -> PtySession {
    default_signals();
    let program = assert_cmd::cargo::cargo_bin("repass");
    let command = format!(
        "env -i OS_TOKEN=emulator-token {} {words}",
        program.display()
    );
    rexpect::spawn(&command, Some(60_000)).unwrap()
}

#[test]
fn a_change_asks_for_the_old_password_and_twice_for_the_new_one() {
    let emulator = Emulator::start();
    let old = emulator.instance("dcs")["password"].as_str().unwrap();
    let target = emulator.target("dcs");
    let mut terminal = type_at(&format!("dcs change-password {target}"));
    let mut shown = String::new();
    for (prompt, answer) in [
        ("Old password: ", old),
        ("New password: ", NEW),
        ("New password again: ", NEW),
    ] {
        shown += &terminal.exp_string(prompt).unwrap();
        terminal.send_line(answer).unwrap();
    }
    shown += &terminal.exp_eof().unwrap();
    assert!(shown.contains(": password change (status 200"), "{shown}");
    assert!(!shown.contains(NEW) && !shown.contains(old), "{shown}");

    let words = format!("dcs change-password {target} --password-stdin");
    let input = format!("{NEW}\nExample~Aa-2024");
    assert_eq!(run(repass::repass(&words).write_stdin(input)).code, Some(0));
}

#[test]
fn a_call_says_first_which_settings_it_does_not_use() {
    let emulator = Emulator::start();
    let target = emulator.target("dms");
    let program = assert_cmd::cargo::cargo_bin("repass");
    let variables = "OS_TOKEN=emulator-token OS_PROJECT_ID=left-over";
    let words = format!("dms reset-password {target}");
    let command = format!("env -i {variables} {} {words}", program.display());
    let mut terminal = rexpect::spawn(&command, Some(60_000)).unwrap();
    let shown = terminal.exp_string("New password: ").unwrap();
    let note = "note: --project-id sets the project; not used: OS_PROJECT_ID";
    assert!(shown.starts_with(note), "{shown}");
    terminal.send_control('c').unwrap();

    // A log needs no note: `repass config` has it.
    let mut command = repass::repass(&format!("{words} --password-stdin"));
    let run = run(command.env("OS_PROJECT_ID", "left-over").write_stdin(NEW));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(!run.stderr.contains("note:"), "{}", run.stderr);
}

#[test]
fn two_different_new_passwords_are_not_sent() {
    let emulator = Emulator::start();
    let mut terminal = type_at(&format!("dms reset-password {}", emulator.target("dms")));
    terminal.exp_string("New password: ").unwrap();
    terminal.send_line(NEW).unwrap();
    terminal.exp_string("New password again: ").unwrap();
    terminal.send_line("Another~Password-2024").unwrap();
    let shown = terminal.exp_eof().unwrap();
    assert!(shown.contains("the two passwords differ"), "{shown}");
}

/// Where the shell of a terminal stands after a prompt that was ended by this.
fn ended_at_a_prompt(end: impl FnOnce(&mut PtySession, &str)) {
    let program = assert_cmd::cargo::cargo_bin("repass");
    let repass = format!("{} check --policy dms", program.display());
    default_signals();
    // The shell survives the signal that ends the command; rexpect's terminal starts without echo.
    let script = format!(
        r#"stty echo; trap : INT; sh -c 'echo "id $$."; exec {repass}'; echo "code $?."; stty -a; echo end"#
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).env("PS1", "");
    let mut terminal = rexpect::session::spawn_command(shell, Some(60_000)).unwrap();
    terminal.exp_string("id ").unwrap();
    let id = terminal.exp_string(".").unwrap();
    terminal.exp_string("Password: ").unwrap();
    // What is typed is hidden from a moment after the prompt on, and a moment later it is there.
    let moment = std::time::Duration::from_millis(200);
    std::thread::sleep(moment);
    terminal.send("Half-a-Pass").unwrap();
    terminal.flush().unwrap();
    std::thread::sleep(moment);
    end(&mut terminal, &id);
    let told = terminal.exp_string("end").unwrap();
    assert!(
        told.contains("error: interrupted: nothing was sent"),
        "{told}"
    );
    assert!(told.contains("code 1."), "{told}");
    let modes: Vec<_> = told
        .split(|c: char| c.is_whitespace() || c == ';')
        .collect();
    for mode in ["echo", "icanon", "isig"] {
        assert!(modes.contains(&mode), "{mode}: {told}");
    }
    assert!(!told.contains("Half"), "{told}");
}

#[test]
fn an_interrupted_prompt_leaves_the_terminal_as_it_was() {
    ended_at_a_prompt(|terminal, _| {
        terminal.send_control('c').unwrap();
    });
    for signal in SIGNALS {
        ended_at_a_prompt(|_, id| send(signal, id));
    }
}

/// Between the last prompt and the call, nothing waits for a signal.
#[test]
fn a_signal_after_a_prompt_is_not_lost() {
    default_signals();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("new");
    pipe(&new);
    let target = format!(
        "--endpoint http://{} --project-id p --instance-id i",
        listener.local_addr().unwrap()
    );
    for signal in SIGNALS {
        for output in ["table", "json"] {
            let words = format!("dcs change-password {target} --output {output}");
            let program = assert_cmd::cargo::cargo_bin("repass");
            let command = format!("env -i OS_TOKEN=token {} {words}", program.display());
            let mut shell = Command::new("sh");
            shell.args([
                "-c",
                &format!("echo \"id $$.\"; exec {command} --password-file $0"),
            ]);
            shell.arg(&new);
            let mut terminal = rexpect::session::spawn_command(shell, Some(60_000)).unwrap();
            terminal.exp_string("id ").unwrap();
            let id = terminal.exp_string(".").unwrap();
            terminal.exp_string("Old password: ").unwrap();
            terminal.send_line("Old-Example-2023").unwrap();
            // The pipe opens when the command reads from it, after the prompt.
            let mut pipe = std::fs::OpenOptions::new().write(true).open(&new).unwrap();
            send(signal, &id);
            // Perhaps nobody reads it any more.
            let _ = pipe.write_all(NEW.as_bytes());
            drop(pipe);
            let shown = terminal.exp_eof().unwrap();
            let told = "error: interrupted: nothing was sent";
            assert!(shown.contains(told), "{signal}: {shown}");
            let json = r#"{"certainty":"not-sent","kind":"interrupted""#;
            assert_eq!(shown.contains(json), output == "json", "{shown}");
        }
    }
    assert!(listener.accept().is_err(), "something was sent");
}

#[test]
fn an_empty_old_password_is_not_sent() {
    let emulator = Emulator::start();
    let target = emulator.target("dcs");
    let mut terminal = type_at(&format!("dcs change-password {target}"));
    terminal.exp_string("Old password: ").unwrap();
    terminal.send_line("").unwrap();
    let shown = terminal.exp_eof().unwrap();
    assert!(shown.contains("the old password is empty"), "{shown}");
    assert!(!shown.contains("New password"), "{shown}");
}

#[test]
fn a_terminal_is_no_pipe() {
    for words in [
        "check --policy dms --password-stdin",
        "dcs change-password --endpoint https://x --project-id p --instance-id i --password-stdin",
    ] {
        let mut terminal = type_at(words);
        let shown = terminal.exp_eof().unwrap();
        assert!(shown.contains("leave --password-stdin out"), "{shown}");
    }
}

#[test]
fn a_check_asks_once() {
    let mut terminal = type_at("check --policy dms");
    terminal.exp_string("Password: ").unwrap();
    terminal.send_line(NEW).unwrap();
    let shown = terminal.exp_eof().unwrap();
    assert!(shown.contains("dms accepts the password"), "{shown}");
    assert!(!shown.contains(NEW), "{shown}");
}
