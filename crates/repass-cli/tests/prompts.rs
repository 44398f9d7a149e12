//! Passwords at a terminal: hidden, and a new one twice.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "the terminal is part of the tests")]

mod repass;

use repass::{Emulator, run};
use rexpect::session::PtySession;

const NEW: &str = "Typed~Password-2024";

fn type_at(words: &str) -> PtySession {
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
    assert!(shown.contains("DCS password change: done"), "{shown}");
    assert!(!shown.contains(NEW) && !shown.contains(old), "{shown}");

    let words = format!("dcs change-password {target} --password-stdin");
    let input = format!("{NEW}\nExample~Aa-2024");
    assert_eq!(run(repass::repass(&words).write_stdin(input)).code, Some(0));
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

#[test]
fn a_check_asks_once() {
    let mut terminal = type_at("check --policy dms");
    terminal.exp_string("Password: ").unwrap();
    terminal.send_line(NEW).unwrap();
    let shown = terminal.exp_eof().unwrap();
    assert!(shown.contains("dms accepts the password"), "{shown}");
    assert!(!shown.contains(NEW), "{shown}");
}
