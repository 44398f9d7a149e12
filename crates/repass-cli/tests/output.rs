//! What `--output json` prints, against the schema that `repass schema` prints.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "reading what was printed is part of the tests"
)]

mod repass;

use std::io::{Read, Write};
use std::net::TcpListener;

use jsonschema::Validator;
use repass::{Emulator, Run, bare, repass, run, without_ports};
use serde_json::Value;

const NEW: &str = "Example~Aa-2024";

fn schema(name: &str) -> Value {
    let run = run(&mut bare(&format!("schema {name}")));
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{name}");
    serde_json::from_str(&run.stdout).unwrap()
}

fn validator(name: &str) -> Validator {
    jsonschema::draft202012::new(&schema(name)).unwrap()
}

/// What was printed, each line valid, and no variation of it.
fn printed(name: &str, run: &Run) -> Vec<Value> {
    let schema = validator(name);
    let lines: Vec<Value> = (run.stdout.lines())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(!lines.is_empty(), "{name}: {}", run.stderr);
    for line in &lines {
        assert!(schema.is_valid(line), "{name}: {line}");
        for (_, wrong) in variations(line) {
            assert!(!schema.is_valid(&wrong), "{name}: {wrong}");
        }
    }
    lines
}

/// The document with a field too many in each of its objects, with a field of it that is null, and
/// with each other value an object.
fn variations(document: &Value) -> Vec<(String, Value)> {
    let mut pointers = vec![String::new()];
    let mut next = 0;
    while let Some(pointer) = pointers.get(next).cloned() {
        next += 1;
        let keys: Vec<String> = match document.pointer(&pointer).unwrap() {
            Value::Object(object) => object.keys().cloned().collect(),
            Value::Array(array) => (0..array.len()).map(|index| index.to_string()).collect(),
            _ => Vec::new(),
        };
        pointers.extend(keys.iter().map(|key| format!("{pointer}/{key}")));
    }
    let mut variations = Vec::new();
    for pointer in pointers {
        let [mut null, mut other] = [document.clone(), document.clone()];
        *null.pointer_mut(&pointer).unwrap() = Value::Null;
        match other.pointer_mut(&pointer).unwrap() {
            Value::Object(object) => drop(object.insert("another".to_owned(), 1.into())),
            value => *value = Value::Object(serde_json::Map::new()),
        }
        variations.extend([(format!("{pointer} null"), null), (pointer, other)]);
    }
    variations
}

fn call(words: &str, input: &str) -> Run {
    run(repass(&format!("{words} --output json")).write_stdin(input))
}

#[test]
fn every_schema_is_one_and_stands_in_the_whole() {
    let all: Value = serde_json::from_str(&run(&mut bare("schema")).stdout).unwrap();
    for (name, schema_in_all) in all.as_object().unwrap() {
        assert_eq!(*schema_in_all, schema(name));
        assert!(
            jsonschema::draft202012::meta::is_valid(schema_in_all),
            "{name}"
        );
    }
}

#[test]
fn generate_check_and_demo_print_what_their_schemas_say() {
    let made = printed("generate", &call("generate --count 2", ""));
    assert_eq!(made[0]["passwords"].as_array().unwrap().len(), 2);
    let long = printed("generate", &call("generate --length 7", ""));
    assert_eq!(long[0]["error"]["kind"], "usage");

    for (password, valid) in [(NEW, true), ("ü", false), ("-", false), ("Admin@123", true)] {
        let run = call("check --policy dms --password-stdin", password);
        assert_eq!(printed("check", &run)[0]["valid"], valid);
    }
    let words = "check --policy ddm-account --username Admin@123 --password-stdin";
    let report = printed("check", &call(words, "Admin@123"));
    assert_eq!(report[0]["violations"].as_array().unwrap().len(), 2);
    let absent = printed(
        "check",
        &call("check --policy dms --password-file /nowhere", ""),
    );
    assert_eq!(absent[0]["error"]["certainty"], "not-sent");

    let demo = printed("demo", &call("demo", ""));
    assert_eq!(demo[0]["endpoints"].as_array().unwrap().len(), 5);
    assert_eq!(demo[0]["not_sent"]["requests"], 0);
}

#[test]
fn emulate_prints_what_its_schema_says() {
    let started = &Emulator::start().started;
    let schema = validator("emulate");
    assert!(schema.is_valid(started), "{started}");
    for (pointer, wrong) in variations(started) {
        // The emulator's own types may get further fields, and some of theirs are null.
        let place = started.pointer(&pointer);
        if place.is_some_and(|place| !place.is_object() || pointer.is_empty()) {
            assert!(!schema.is_valid(&wrong), "{pointer}: {wrong}");
        }
    }
    let url = started["url"].as_str().unwrap();
    let words = format!("emulate --listen {}", url.replace("http://", ""));
    let taken = printed("emulate", &call(&words, ""));
    assert_eq!(taken[0]["error"]["kind"], "local");
}

#[test]
fn config_prints_what_its_schema_says() {
    let ready = printed("config", &call("config --region eu-de", ""));
    assert_eq!(ready[0]["ready"], true);
    let missing = run(&mut bare("config --output json"));
    assert_eq!(printed("config", &missing)[0]["ready"], false);
    let mistake = call("config --cloud none", "");
    assert_eq!(printed("config", &mistake)[0]["error"]["kind"], "usage");
}

/// The outcome of a call: its exit code and what it printed, without the ids and the words.
fn told(words: &str, run: &Run) -> String {
    let mut told = format!("$ repass {words}\nexit code {}\n", run.code.unwrap());
    for mut line in printed("call", run) {
        if let Some(error) = line.get_mut("error").and_then(Value::as_object_mut) {
            let message = without_ports(error["message"].as_str().unwrap());
            assert!(run.stderr.contains(&message));
            error.remove("message");
            error.remove("next");
        }
        for object in ["", "/error"] {
            for id in ["request_id", "job_id"] {
                if let Some(id) = line.pointer_mut(&format!("{object}/{id}")) {
                    *id = "…".into();
                }
            }
        }
        if let Some(host) = line.get_mut("host") {
            *host = without_ports(host.as_str().unwrap()).into();
        }
        if let Some(password) = line.get_mut("password") {
            assert_eq!(password.as_str().unwrap().len(), 32);
            *password = "…".into();
        }
        told += &format!("{line}\n");
    }
    told + "\n"
}

#[test]
fn a_call_prints_what_its_schema_says() {
    let emulator = Emulator::start();
    let [ddm, dcs, dms] = ["ddm", "dcs", "dms"].map(|service| emulator.target(service));
    let old = emulator.instance("dcs")["password"].as_str().unwrap();
    let instances = emulator.started["instances"].as_array().unwrap();
    let without_ssl = instances.iter().find(|each| each["ssl"] == false).unwrap();
    let without_ssl = dms.replace(&emulator.id("dms"), without_ssl["id"].as_str().unwrap());
    let nowhere = dms.replace(&emulator.id("dms"), "00000000-0000-4000-8000-000000000000");
    let (right, wrong) = (format!("{old}\n{NEW}"), format!("Wrong-Old-1\n{NEW}"));
    let mut transcript = String::new();
    let mut runs = vec![
        ("ddm reset-password --username ddmtest", &ddm, NEW),
        ("ddm set-admin --name root", &ddm, NEW),
        ("dcs change-password", &dcs, &*right),
        ("dcs reset-password", &dcs, "Example~Bb-2024"),
        ("dms reset-password", &dms, NEW),
        ("dms reset-password", &dms, "-kafka"),
        ("dms reset-password", &without_ssl, NEW),
        ("dms reset-password", &nowhere, NEW),
        ("ddm reset-password --username nobody", &ddm, NEW),
        ("ddm reset-password --username admin_Aa", &ddm, "aA_nimda"),
        ("dcs change-password", &dcs, "one line"),
    ];
    runs.extend([("dcs change-password", &dcs, &*wrong); 6]);
    for (verb, target, input) in runs {
        let run = call(&format!("{verb} {target} --password-stdin"), input);
        transcript += &told(verb, &run);
    }
    for (words, target) in [
        ("dcs reset-password --generate", &dcs),
        ("dcs reset-password --password-free", &dcs),
        ("dms reset-password --generate --region", &dms),
        ("dms reset-password", &dms),
        (
            "dms reset-password --generate --endpoint nowhere",
            &String::new(),
        ),
    ] {
        let run = call(&format!("{words} {target}"), "");
        transcript += &told(words, &run);
    }
    let words = format!("dms reset-password {dms} --password-stdin --output json");
    let run = run(repass(&words).env("OS_TOKEN", "expired").write_stdin(NEW));
    transcript += &told("dms reset-password # with another token", &run);
    insta::assert_snapshot!(transcript);
}

/// A server that takes connections and answers each request with this.
fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 1024];
            // A body is JSON and ends with a brace.
            while !request.ends_with(b"}") {
                let read = stream.read(&mut buffer).unwrap();
                request.extend_from_slice(&buffer[..read]);
            }
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

#[test]
fn a_call_whose_outcome_is_not_known_prints_what_its_schema_says() {
    let mut transcript = String::new();
    for answer in [
        "",
        "HTTP/1.1 500 \r\nx-request-id: id\r\ncontent-length: 44\r\n\r\n\
         {\"error_code\":\"DCS.5000\",\"error_msg\":\"oops\"}",
        "HTTP/1.1 200 \r\ncontent-length: 2\r\n\r\n{}",
        "HTTP/1.1 200 \r\ncontent-length: 3\r\n\r\nno!",
        "HTTP/1.1 302 \r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 403 \r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 409 \r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 418 \r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 429 \r\nretry-after: 99\r\ncontent-length: 0\r\n\r\n",
    ] {
        let target = format!(
            "--endpoint {} --project-id p --instance-id i",
            answering(answer)
        );
        let run = call(
            &format!("dcs change-password {target} --password-stdin"),
            "a\nExample~1",
        );
        transcript += &told("dcs change-password", &run);
    }
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let target = format!("--endpoint http://{closed} --project-id p --instance-id i");
    let run = call(
        &format!("dms reset-password {target} --password-stdin"),
        NEW,
    );
    transcript += &told("dms reset-password # not there", &run);
    let target = format!("--endpoint http://{closed} --project-name p --instance-id i");
    let run = call(
        &format!("dms reset-password {target} --password-stdin"),
        NEW,
    );
    transcript += &told("dms reset-password # IAM is not there", &run);
    insta::assert_snapshot!(transcript);
}

#[test]
fn completions_are_scripts() {
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&mut bare(&format!("completions {shell}")));
        assert_eq!((script.code, script.stderr.as_str()), (Some(0), ""));
        assert!(script.stdout.contains("password-stdin"), "{shell}");
        assert!(script.stdout.contains("eu-west-101"), "{shell}");
        if shell == "bash" {
            let mut bash = assert_cmd::Command::new("bash");
            bash.arg("-n").write_stdin(script.stdout).assert().success();
        }
    }
}

/// A pipe whose reader has gone: `| head` is no mistake.
#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_panic() {
    let emulator = Emulator::start();
    let target = emulator.target("dms");
    for (words, code) in [
        ("completions bash".to_owned(), 0),
        ("schema".to_owned(), 0),
        ("config --region eu-de".to_owned(), 0),
        ("config --output json".to_owned(), 2),
        ("generate --count 3".to_owned(), 0),
        ("demo".to_owned(), 0),
        ("--help".to_owned(), 0),
        ("generate --length 1 --output json".to_owned(), 2),
        // What cannot be handed over is not sent.
        (format!("dms reset-password {target} --generate"), 1),
        (
            format!("dms reset-password {target} --generate --output json"),
            1,
        ),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let process = std::process::Command::new(assert_cmd::cargo::cargo_bin("repass"))
            .args(words.split_whitespace())
            .env_clear()
            .env("OS_TOKEN", "emulator-token")
            .stdout(writer.try_clone().unwrap())
            .stderr(writer)
            .status()
            .unwrap();
        assert_eq!(process.code(), Some(code), "{words}");
    }
}

#[cfg(unix)]
#[test]
fn passwords_that_nobody_gets_are_a_failure() {
    let program = assert_cmd::cargo::cargo_bin("repass");
    for output in ["table", "json"] {
        let line = format!("{} generate --output {output} >&-", program.display());
        let lost = run(assert_cmd::Command::new("sh").args(["-c", &line]));
        assert_eq!(lost.code, Some(1), "{}", lost.stderr);
        let told = "error: standard output cannot be written: it is closed";
        assert!(lost.stderr.starts_with(told), "{}", lost.stderr);
    }
}

/// A device on which nothing can be written.
#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_a_failure() {
    for words in ["--help", "--version", "help dms", "schema", "generate"] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
        let output = std::process::Command::new(assert_cmd::cargo::cargo_bin("repass"))
            .args(words.split_whitespace())
            .env_clear()
            .stdout(full.unwrap())
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{words}: {told}");
        assert!(told.starts_with("error: standard output cannot be written"));
    }
}
