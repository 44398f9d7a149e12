//! The whole surface of the command line, as help tells it.
#![allow(clippy::unwrap_used, reason = "reading the help is part of the test")]

mod repass;

/// The help of a verb, and that of each verb below it.
fn help_of(verb: &str) -> String {
    let run = repass::run(&mut repass::repass(&format!("{verb} --help")));
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{verb}");
    let mut help = format!("$ repass {verb} --help\n{}\n", run.stdout);
    let commands = run.stdout.split("Commands:\n").nth(1).unwrap_or_default();
    for line in commands.lines().take_while(|line| !line.is_empty()) {
        // Deeper lines go on with a description.
        let name = line.strip_prefix("  ").unwrap();
        if !name.starts_with(' ') && !name.starts_with("help ") {
            let name = name.split_whitespace().next().unwrap();
            help += &help_of(format!("{verb} {name}").trim());
        }
    }
    help
}

#[test]
fn every_verb_has_help() {
    insta::assert_snapshot!(help_of(""));
}
