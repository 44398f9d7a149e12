//! The verbs that need no service: check, generate, demo, emulate.

mod repass;

use std::io::Write;

use repass::{Emulator, repass, run, without_ports};

fn check(words: &str, password: &[u8]) -> repass::Run {
    run(repass(&format!("check --password-stdin {words}")).write_stdin(password))
}

#[test]
fn a_check_notes_what_services_are_reported_to_refuse() {
    for (policy, password, is_noted) in [
        ("dcs", "Example%Aa-2024", true),
        ("dcs", "Example\\Aa-2024", true),
        ("dcs", "Example~Aa-2024", false),
        ("dms", "Example%Aa-2024", false),
    ] {
        for output in ["table", "json"] {
            let words = format!("--policy {policy} --output {output}");
            let run = check(&words, password.as_bytes());
            assert_eq!(run.code, Some(0), "{words}: {}", run.transcript());
            assert_eq!(
                run.stderr.contains("are reported to refuse"),
                is_noted,
                "{words}"
            );
        }
    }
}

#[test]
fn a_check_tells_every_broken_rule() {
    let mut told = String::new();
    for (words, password) in [
        ("--policy dms", "Kafka-Example-2024"),
        ("--policy dms", "-kafka"),
        ("--policy ddm-account --username tset_mdd", "ddm_test"),
        ("--policy ddm-admin", "Admin@123"),
        ("--policy dcs", "Ünsicher:"),
        ("--policy dms", "Kafka-Example-2024\nand more"),
        ("--policy dms", "\u{feff}Kafka-Example-2024"),
        ("--policy dms", ""),
        ("--policy ddm-account", "Account-Example-2024"),
        ("--policy ddm-account --output json", "Account-Example-2024"),
        ("--policy ddm-account", "short"),
        ("--policy dms --output json", "Kafka-Example-2024"),
        ("--policy dms --output json", "-kafka"),
        (
            "--policy ddm-account --username ddm_test --output json",
            "ddm_test",
        ),
    ] {
        let run = check(words, password.as_bytes());
        assert!(password.is_empty() || !run.transcript().contains(password));
        told += &format!("$ repass check {words}\n{}\n", run.transcript());
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_user_name_is_accepted_for_every_policy() {
    for policy in ["ddm-account", "ddm-admin", "dcs", "dms"] {
        let run = check(
            &format!("--policy {policy} --username root"),
            b"Example-2024~",
        );
        assert_eq!(run.code, Some(0), "{policy}: {}", run.stderr);
        let is_noted = run.stderr == format!("note: {policy} has no rule about the user name\n");
        assert_eq!(is_noted, policy != "ddm-account", "{}", run.stderr);
    }
}

#[test]
fn one_newline_is_dropped_and_no_more() {
    // Eight characters with the newline, seven without.
    for (input, code) in [
        (&b"Aa3456-8"[..], 0),
        (b"Aa3456-8\n", 0),
        (b"Aa3456-8\r\n", 0),
        (b"Aa3456-8\n\n", 3),
        (b"Aa3456-\n", 3),
        (b" Aa3456-8", 0),
        (b"\n", 3),
        (b"", 3),
        (b"Aa3456-8\xff", 2),
    ] {
        assert_eq!(check("--policy dms", input).code, Some(code), "{input:?}");
    }
}

#[test]
fn a_space_at_an_end_is_noted() {
    let note = "note: the password begins or ends with a space\n";
    for (password, noted) in [
        (" Example-2024~", true),
        ("Example-2024~ ", true),
        ("Example-2024~\t", true),
        ("Exam ple-2024~", false),
    ] {
        let run = check("--policy dcs", password.as_bytes());
        assert_eq!(run.stderr.contains(note), noted, "{password:?}");
    }
}

#[test]
fn a_password_file_is_read_as_standard_input_is() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"Kafka-Example-2024\n").unwrap();
    let path = file.path().display();
    let run = run(&mut repass(&format!(
        "check --policy dms --password-file {path}"
    )));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

#[test]
fn a_command_that_is_not_right_says_what_to_do() {
    let mut told = String::new();
    for words in [
        "check --policy dms",
        "check --policy kafka --password-stdin",
        "check --policy dms --password-stdin --password-file x",
        "check --policy dms --password-file /does/not/exist",
        "check --policy dms --password Kafka-Example-2024",
        "check --policy dms Kafka-Example-2024",
        "check --policy dms -- Kafka-Example-2024",
        "check --policy dms --Kafka-Example-2024",
        "check --policy dms --Kafka-Example-2024=x",
        "check --policy dms --password-sdtin",
        "ddm reset-password --name root",
        "ddm set-admin --username=Kafka-Example-2024",
        "dms reset-password --token Kafka-Example-2024",
        "config --ak=Kafka-Example-2024",
        "dsm",
        "check --policy Kafka-Example-2024",
        "check --policy",
        "check",
        "check --policy dms --password-file -",
        "Kafka-Example-2024",
        "dcs Kafka-Example-2024",
        "dcs chage-password",
        "help Kafka-Example-2024",
        "demo Kafka-Example-2024",
        "emulate Kafka-Example-2024",
        "generate --password Kafka-Example-2024",
        "completions Kafka-Example-2024",
        "--output json",
        "dms reset-password --instance-id i --generate Kafka-Example-2024",
        "dms reset-password --instance-id i --generate=-",
        "dcs change-password --instance-id i --old-password-file -",
        "generate --length 7",
        "generate --length 65",
        "generate --length many",
        "generate --length -1",
        "generate --count 0",
        "emulate --listen somewhere:18084",
        "emulate --listen localhost",
        "emulate --allow-host emulator:8080",
        "dcs reset-password --endpoint ftp://x --project-id p --instance-id i --generate",
        "dcs reset-password --endpoint https://x --project-id .. --instance-id i --generate",
        "dcs reset-password --endpoint https://x --project-id p --instance-id a/b --generate",
        "dcs reset-password --endpoint https://x --project-id p --instance-id i --generate --password-free",
        "dcs reset-password --endpoint https://x --project-id p --instance-id i",
        "dcs reset-password --endpoint http://x --project-id p --instance-id i",
        "check --policy dms --password-stdin=Kafka-Example-2024",
        "check --policy dms --password=Kafka-Example-2024",
        "ddm set-admin --endpoint https://x --project-id p --instance-id i --name 1root --generate",
    ] {
        let run = run(&mut repass(words));
        assert_eq!(run.code, Some(2), "{words}: {}", run.stderr);
        assert!(!run.transcript().contains("Kafka-Example"), "{words}");
        told += &format!("$ repass {words}\n{}{}\n", run.stdout, run.stderr);
    }
    let words = "dms reset-password --endpoint https://x --project-id p --instance-id i --generate";
    for token in [None, Some("two\nlines")] {
        let mut command = repass(words);
        match token {
            None => command.env_remove("OS_TOKEN"),
            Some(token) => command.env("OS_TOKEN", token),
        };
        let run = run(&mut command);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
        told += &format!("$ repass {words} # token: {token:?}\n{}\n", run.stderr);
    }
    insta::assert_snapshot!(told);
}

#[test]
fn generated_passwords_are_accepted_everywhere() {
    let made = run(&mut repass("generate --length 8 --count 20"));
    let passwords: Vec<_> = made.stdout.lines().collect();
    assert_eq!((made.code, passwords.len()), (Some(0), 20));
    for policy in ["ddm-account", "ddm-admin", "dcs", "dms"] {
        let run = check(&format!("--policy {policy}"), passwords[0].as_bytes());
        assert_eq!(run.code, Some(0), "{policy}: {}", run.stdout);
    }
    assert_eq!(run(&mut repass("generate")).stdout.trim_end().len(), 32);
    let long = run(&mut repass("generate --length 64"));
    assert_eq!(long.stdout.trim_end().len(), 64);
    assert_eq!(
        long.stderr,
        "note: 64 characters are accepted by dcs only\n"
    );
}

#[test]
fn the_demo_drives_the_five_endpoints_and_a_lock() {
    let demo = run(&mut repass("demo"));
    assert_eq!(demo.code, Some(0), "{}", demo.stderr);
    let (first, rest) = demo.stdout.split_once('\n').unwrap();
    assert!(first.starts_with("The five endpoints, on an emulator at http://127.0.0.1:"));
    insta::assert_snapshot!(rest);
}

#[test]
fn an_emulator_says_in_one_line_what_a_script_needs() {
    let emulator = Emulator::start();
    let mut started = emulator.started.clone();
    let url = started["url"].take();
    assert!(url.as_str().unwrap().starts_with("http://127.0.0.1:"));
    insta::assert_json_snapshot!(started);
}

#[cfg(unix)]
#[test]
fn an_emulator_says_what_a_person_needs_until_it_is_ended() {
    use std::io::{BufRead, BufReader, Read};
    repass::default_signals();
    let mut emulator = std::process::Command::new(assert_cmd::cargo::cargo_bin("repass"))
        .args(["emulate", "--listen", "127.0.0.1:0"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(emulator.stderr.take().unwrap());
    let mut said = String::new();
    stderr.read_line(&mut said).unwrap();
    repass::send("-TERM", &emulator.id().to_string());
    let mut told = String::new();
    let mut stdout = emulator.stdout.take().unwrap();
    stdout.read_to_string(&mut told).unwrap();
    assert_eq!(emulator.wait().unwrap().code(), Some(0));
    assert!(told.lines().all(|line| line.len() <= 80), "{told}");
    let (url, rest) = told.split_once('\n').unwrap();
    let (page, rest) = rest.split_once('\n').unwrap();
    let url = url.strip_prefix("URL              ").unwrap();
    assert!(url.starts_with("http://127.0.0.1:"));
    assert_eq!(page, format!("Page             {url}/"));
    insta::assert_snapshot!(format!("{said}{rest}"));
}

#[test]
fn an_emulator_for_all_the_network_says_so_and_where_it_is_here() {
    use std::io::{BufRead, BufReader, Read, Write};
    let mut emulator = std::process::Command::new(assert_cmd::cargo::cargo_bin("repass"))
        .args(["emulate", "--listen", "0.0.0.0:0", "--output", "json"])
        .args(["--allow-host", "emulator"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let [mut started, mut warning] = [String::new(), String::new()];
    let stdout = emulator.stdout.as_mut().unwrap();
    BufReader::new(stdout).read_line(&mut started).unwrap();
    let stderr = emulator.stderr.as_mut().unwrap();
    BufReader::new(stderr).read_line(&mut warning).unwrap();
    let answers = |host: &str| {
        let json: serde_json::Value = serde_json::from_str(&started).unwrap();
        let address = json["url"].as_str().unwrap().replace("http://", "");
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        write!(
            stream,
            "GET / HTTP/1.1\r\nhost: {host}\r\naccept: text/html\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).map(str::to_owned)
    };
    assert_eq!(answers("emulator").as_deref(), Some("200"));
    assert_eq!(answers("example").as_deref(), Some("421"));
    emulator.kill().unwrap();
    emulator.wait().unwrap();
    assert!(
        started.starts_with(r#"{"url":"http://127.0.0.1:"#),
        "{started}"
    );
    assert!(warning.starts_with("warning: everyone"), "{warning}");
}

#[test]
fn an_address_that_is_taken_is_told() {
    let emulator = Emulator::start();
    let address = emulator.started["url"]
        .as_str()
        .unwrap()
        .replace("http://", "");
    let second = run(&mut repass(&format!("emulate --listen {address}")));
    assert_eq!((second.code, second.stdout.as_str()), (Some(1), ""));
    assert!(
        second.stderr.contains("next: name another address"),
        "{}",
        second.stderr
    );
    let by_name = address.replace("127.0.0.1", "localhost");
    let third = run(&mut repass(&format!("emulate --listen {by_name}")));
    let line = format!("error: {} cannot be listened on", without_ports(&address));
    assert!(third.stderr.starts_with(&line), "{}", third.stderr);
}

#[test]
fn a_fleet_of_ones_own_is_emulated() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fleet.yaml");
    let id = "3c9d4f16-8c3a-4e57-b1d0-9f6e7a5c3b28";
    let text = format!("projects: [{{id: p, name: n}}]\ninstances: [{{service: dcs, id: {id}}}]\n");
    std::fs::write(&file, text).unwrap();
    let emulator = Emulator::start_with(&["--fleet", file.to_str().unwrap()]);
    let started = &emulator.started;
    assert_eq!(started["project_id"], "p");
    assert_eq!(started["instances"][0]["id"], id);
    assert_eq!(started.get("token"), None);
}

#[test]
fn every_mistake_in_a_fleet_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fleet.yaml");
    let mut told = String::new();
    for (text, words) in [
        (
            "projects: [{id: p, name: n}]\ninstances:\n  - {service: ecs, id: i}\n  \
             - {service: dms, id: i, password: S3cret}\n",
            "",
        ),
        (
            "projects: [{id: p, name: n}]\nfaults: [{fault: latency}]\n",
            "--output json",
        ),
        ("projects:\n\t- id: p\n", ""),
    ] {
        std::fs::write(&file, text).unwrap();
        let words = format!("emulate --listen 127.0.0.1:0 {words} --fleet");
        let run = run(repass(&words).arg(&file));
        assert_eq!(run.code, Some(2));
        let transcript = run
            .transcript()
            .replace(file.to_str().unwrap(), "fleet.yaml");
        assert!(!transcript.contains("S3cret"));
        told += &format!("$ repass {words} fleet.yaml\n{transcript}\n");
    }
    insta::assert_snapshot!(told);
}

#[test]
fn the_licences_travel_with_the_binary() {
    for words in ["licenses", "licences", "licenses --output json"] {
        let run = run(&mut repass(words));
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{words}");
        for part in [
            "| progenitor-client ",
            "Mozilla Public License Version 2.0",
            "| webpki-root-certs ",
            "Community Data License Agreement",
            "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION",
            "SmartBear Software",
        ] {
            assert!(run.stdout.contains(part), "{words}: {part}");
        }
    }
}
