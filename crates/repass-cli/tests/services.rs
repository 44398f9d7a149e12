//! The five service verbs against an emulator in another process, and against servers that fail.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the failing server is part of the tests"
)]

mod repass;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use repass::{Emulator, bare, repass, run, without_ports};
#[cfg(unix)]
use repass::{SIGNALS, default_signals, pipe, send};

const NEW: &str = "Example~Aa-2024";

/// The request ids count; everything else of a transcript is the same each time.
fn told(transcripts: &str) -> String {
    transcripts
        .replace("00000000-0000-4000-8000-000000000001", "JOB")
        .replace("0000000000000000000000000000", "")
}

#[test]
fn every_verb_sets_a_password_and_says_so() {
    let emulator = Emulator::start();
    let [ddm, dcs, dms] = ["ddm", "dcs", "dms"].map(|service| emulator.target(service));
    let old = emulator.instance("dcs")["password"].as_str().unwrap();
    let both = format!("{old}\n{NEW}\n");
    let mut transcripts = String::new();
    for (verb, options, target, input) in [
        ("ddm reset-password", "--username ddmtest", &ddm, NEW),
        ("ddm set-admin", "--name root", &ddm, NEW),
        ("dcs change-password", "", &dcs, &both[..]),
        ("dcs reset-password", "", &dcs, "Example~Bb-2024"),
        ("dms reset-password", "", &dms, NEW),
    ] {
        let words = format!("{verb} {options} {target} --password-stdin");
        let run = run(repass(&words).write_stdin(input));
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (Some(0), ""),
            "{verb}: {}",
            run.stderr
        );
        transcripts += &format!("$ repass {verb} {options}\n{}", run.stderr);
    }
    let free = run(&mut repass(&format!(
        "dcs reset-password --password-free {dcs}"
    )));
    assert_eq!(free.code, Some(0), "{}", free.stderr);
    insta::assert_snapshot!(told(&transcripts));
}

#[test]
fn every_verb_works_with_every_kind_of_credentials() {
    let emulator = Emulator::start();
    let text = |pointer| emulator.started.pointer(pointer).unwrap().as_str().unwrap();
    let kinds = [
        vec![("OS_TOKEN", text("/token"))],
        vec![
            ("HUAWEICLOUD_SDK_AK", text("/access_key")),
            ("HUAWEICLOUD_SDK_SK", text("/secret_key")),
        ],
        vec![
            ("OS_USERNAME", text("/user/name")),
            ("OS_PASSWORD", text("/user/password")),
            ("OS_USER_DOMAIN_NAME", text("/user/domain")),
        ],
    ];
    let mut old = emulator.instance("dcs")["password"]
        .as_str()
        .unwrap()
        .to_owned();
    for (index, kind) in kinds.into_iter().enumerate() {
        let new = format!("Example~Aa-{index}");
        let both = format!("{old}\n{new}");
        old = format!("Example~Bb-{index}");
        for (verb, input) in [
            ("ddm reset-password --username ddmtest", &new),
            ("ddm set-admin --name root", &new),
            ("dcs change-password", &both),
            ("dcs reset-password", &old),
            ("dms reset-password", &new),
        ] {
            let target = emulator.target(&verb[..3]);
            let mut command = bare(&format!("{verb} {target} --password-stdin"));
            let run = run(command.envs(kind.iter().copied()).write_stdin(&**input));
            assert_eq!(run.code, Some(0), "{verb} {kind:?}: {}", run.stderr);
        }
    }
}

#[test]
fn a_refusal_is_one_line_and_what_to_do_next() {
    let emulator = Emulator::start();
    let [ddm, dcs, dms] = ["ddm", "dcs", "dms"].map(|service| emulator.target(service));
    let nowhere = dms.replace(&emulator.id("dms"), "00000000-0000-4000-8000-000000000000");
    let wrong = format!("Wrong-Old-1\n{NEW}\n");
    let mut transcripts = String::new();
    for (words, input, code) in [
        (format!("dcs change-password {dcs}"), &wrong[..], 1),
        (
            format!("dcs change-password {dcs}"),
            "Wrong-Old-1\nshort\n",
            3,
        ),
        (
            format!("dcs change-password {dcs}"),
            "Same-Old-1\nSame-Old-1\n",
            3,
        ),
        (format!("dcs change-password {dcs}"), "only-one-line", 2),
        (
            format!("ddm reset-password --username nobody {ddm}"),
            NEW,
            1,
        ),
        (
            format!("ddm reset-password --username admin_Aa {ddm}"),
            "aA_nimda",
            3,
        ),
        (
            format!("ddm set-admin --name root {ddm}"),
            "only-three-classes-1",
            3,
        ),
        (format!("dms reset-password {nowhere}"), NEW, 1),
        (format!("dms reset-password {dms}"), "-kafka", 3),
    ] {
        let run = run(repass(&format!("{words} --password-stdin")).write_stdin(input));
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (Some(code), ""),
            "{words}: {}",
            run.stderr
        );
        let verb = words.split(" --").next().unwrap();
        transcripts += &format!("$ repass {verb}\n{}\n", run.transcript());
    }
    let mut other_token = repass(&format!("dms reset-password {dms} --password-stdin"));
    let unauthorized = run(other_token.env("OS_TOKEN", "expired").write_stdin(NEW));
    assert_eq!(unauthorized.code, Some(1));
    transcripts += &format!(
        "$ OS_TOKEN=expired repass dms\n{}",
        unauthorized.transcript()
    );
    insta::assert_snapshot!(told(&transcripts));
}

#[test]
fn a_generated_password_is_handed_over_and_set() {
    let emulator = Emulator::start();
    let dcs = emulator.target("dcs");
    let made = run(&mut repass(&format!("dcs reset-password {dcs} --generate")));
    assert_eq!(
        (made.code, made.stdout.trim_end().len()),
        (Some(0), 32),
        "{}",
        made.stderr
    );
    let change = format!("{}\n{NEW}", made.stdout.trim_end());
    let changed =
        run(repass(&format!("dcs change-password {dcs} --password-stdin")).write_stdin(change));
    assert_eq!(changed.code, Some(0), "{}", changed.stderr);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    let words = format!("dcs reset-password {dcs} --generate={}", file.display());
    let kept = run(&mut repass(&words));
    assert_eq!(
        (kept.code, kept.stdout.as_str()),
        (Some(0), ""),
        "{}",
        kept.stderr
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap().trim_end().len(), 32);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    let before = std::fs::read_to_string(&file).unwrap();
    let again = run(&mut repass(&words));
    assert_eq!(
        again.code,
        Some(1),
        "a file that is there is not overwritten"
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    // And nothing was sent: the password in the file is still the one that is set.
    let change = format!("{}\n{NEW}", before.trim_end());
    let changed =
        run(repass(&format!("dcs change-password {dcs} --password-stdin")).write_stdin(change));
    assert_eq!(changed.code, Some(0), "{}", changed.stderr);
}

/// What a folder holds, hidden files among it.
fn names(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

/// A disk that is full is here a limit on the size of files.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_no_file_and_does_not_block_the_next_run() {
    let emulator = Emulator::start();
    let folder = tempfile::tempdir().unwrap();
    let program = assert_cmd::cargo::cargo_bin("repass");
    let mut told = String::new();
    for (verb, service) in [
        ("ddm reset-password --username ddmtest", "ddm"),
        ("ddm set-admin --name root", "ddm"),
        ("dcs reset-password", "dcs"),
        ("dms reset-password", "dms"),
    ] {
        for output in ["table", "json"] {
            let file = folder.path().join("password");
            let target = emulator.target(service);
            let file_option = format!("--generate={}", file.display());
            let words = format!("{verb} {target} {file_option} --output {output}");
            let line = format!(
                "trap '' XFSZ; ulimit -f 0; exec {} {words}",
                program.display()
            );
            let mut shell = assert_cmd::Command::new("sh");
            shell.args(["-c", &line]).env_clear();
            let full = run(shell.env("OS_TOKEN", "emulator-token"));
            assert_eq!(full.code, Some(1), "{}", full.stderr);
            assert_eq!(names(folder.path()), Vec::<String>::new());
            told = full
                .stderr
                .replace(folder.path().to_str().unwrap(), "FOLDER");

            let next = run(&mut repass(&words));
            assert_eq!(next.code, Some(0), "{}", next.stderr);
            assert_eq!(names(folder.path()), ["password"]);
            std::fs::remove_file(&file).unwrap();
        }
    }
    insta::assert_snapshot!(told, @r"
    error: the password cannot be kept in FOLDER/password: File too large (os error 27)
    next: nothing was sent; make space on the disk, or name a file on another one
    ");
}

#[cfg(unix)]
#[test]
fn a_generated_password_replaces_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    std::fs::write(path.join("file"), "kept").unwrap();
    std::fs::create_dir(path.join("folder")).unwrap();
    // What it names may be anywhere.
    std::os::unix::fs::symlink(path.join("elsewhere"), path.join("link")).unwrap();
    let before = names(path).len();
    let mut told = String::new();
    for name in [
        "file",
        "folder",
        "link",
        "missing/file",
        "file/below",
        "..",
        "new/",
    ] {
        let target = "--endpoint http://127.0.0.1:1 --project-id p --instance-id i";
        let mut command = repass(&format!("dms reset-password {target} --generate={name}"));
        let refused = run(command.current_dir(path));
        assert_eq!(refused.code, Some(1), "{name}: {}", refused.stderr);
        assert_eq!(names(path).len(), before, "{name}");
        told += &refused.stderr;
    }
    assert_eq!(std::fs::read_to_string(path.join("file")).unwrap(), "kept");
    insta::assert_snapshot!(told, @r"
    error: the password cannot be kept in file: File exists (os error 17)
    next: nothing was sent; name a file that does not exist
    error: the password cannot be kept in folder: File exists (os error 17)
    next: nothing was sent; name a file that does not exist
    error: the password cannot be kept in link: File exists (os error 17)
    next: nothing was sent; name a file that does not exist
    error: the password cannot be kept in missing/file: entity not found
    next: nothing was sent; name a file in a folder that you can write to
    error: the password cannot be kept in file/below: not a directory
    next: nothing was sent; name a file in a folder that you can write to
    error: the password cannot be kept in ..: File exists (os error 17)
    next: nothing was sent; name a file that does not exist
    error: the password cannot be kept in new/: Not a directory (os error 20)
    next: nothing was sent; name a file in a folder that you can write to
    ");
}

#[test]
fn a_generated_password_is_kept_in_the_current_folder() {
    let emulator = Emulator::start();
    let folder = tempfile::tempdir().unwrap();
    let words = format!(
        "dms reset-password {} --generate=password",
        emulator.target("dms")
    );
    let kept = run(repass(&words).current_dir(folder.path()));
    assert_eq!(kept.code, Some(0), "{}", kept.stderr);
    let password = std::fs::read_to_string(folder.path().join("password")).unwrap();
    assert_eq!(password.len(), 33);
    assert_eq!(names(folder.path()), ["password"]);
}

#[test]
fn an_old_password_can_come_from_a_file() {
    let emulator = Emulator::start();
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = ["old", "new"].map(|name| folder.path().join(name));
    std::fs::write(&old, emulator.instance("dcs")["password"].as_str().unwrap()).unwrap();
    std::fs::write(&new, NEW).unwrap();
    let run = run(&mut repass(&format!(
        "dcs change-password {} --old-password-file {} --password-file {}",
        emulator.target("dcs"),
        old.display(),
        new.display()
    )));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn a_password_that_nobody_would_get_is_not_sent() {
    let emulator = Emulator::start();
    let dcs = emulator.target("dcs");
    let program = assert_cmd::cargo::cargo_bin("repass");
    let words = format!("{} dcs reset-password {dcs} --generate", program.display());
    for nowhere in [">&-", ">/dev/null", "1</dev/zero", ">/dev/full"] {
        for output in ["table", "json"] {
            let mut shell = assert_cmd::Command::new("sh");
            shell.args(["-c", &format!("{words} --output {output} {nowhere}")]);
            let lost = run(shell.env_clear().env("OS_TOKEN", "emulator-token"));
            assert_eq!(lost.code, Some(1), "{nowhere}: {}", lost.stderr);
            assert!(lost.stderr.contains("--generate=FILE"), "{}", lost.stderr);
        }
    }
    // The password is still the one that the emulator began with.
    let old = emulator.instance("dcs")["password"].as_str().unwrap();
    let words = format!("dcs change-password {dcs} --password-stdin");
    let changed = run(repass(&words).write_stdin(format!("{old}\n{NEW}")));
    assert_eq!(changed.code, Some(0), "{}", changed.stderr);
}

#[test]
fn an_old_password_that_can_be_none_is_not_sent() {
    let emulator = Emulator::start();
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old");
    let new = folder.path().join("new");
    std::fs::write(&new, NEW).unwrap();
    let words = format!("dcs change-password {}", emulator.target("dcs"));
    let files = format!("{words} --password-file {}", new.display());
    let mut told = String::new();
    for text in ["", "\n", "Wrong-Old-1\nand more\n", "\u{feff}Wrong-Old-1"] {
        std::fs::write(&old, text).unwrap();
        let refused = run(&mut repass(&format!(
            "{files} --old-password-file {}",
            old.display()
        )));
        told += &format!("{text:?} in a file: {}", refused.transcript());
    }
    let words = format!("{words} --password-stdin");
    let refused = run(repass(&words).write_stdin(format!("\n{NEW}")));
    told += &format!("on standard input: {}", refused.transcript());
    told += &run(&mut repass(&files)).transcript();
    insta::assert_snapshot!(told);
    let wrong = run(repass(&words).write_stdin(format!("Wrong-Old-1\n{NEW}")));
    assert!(wrong.stderr.contains("4 tries left"), "{}", wrong.stderr);
}

/// Control characters, line separators, and what changes the direction of writing.
fn steering() -> String {
    let ranges = [
        '\0'..='\u{1f}',
        '\u{7f}'..='\u{9f}',
        '\u{2028}'..='\u{202e}',
    ];
    let isolates = '\u{2066}'..='\u{2069}';
    let marks = ['\u{61c}', '\u{200e}', '\u{200f}'];
    let ranges = ranges.into_iter().chain([isolates]).flatten();
    ranges.chain(marks).collect()
}

/// A server that answers with this status and the words in every field.
fn saying(status: u16, words: &str) -> String {
    let body = serde_json::json!({
        "error_code": words,
        "error_msg": words,
        "request_id": words,
        "job_id": words,
        "instance_id": words,
    });
    let body = match status {
        200..300 => serde_json::json!({"job_id": words, "instance_id": words}),
        _ => body,
    }
    .to_string();
    let length = body.len();
    answering_server(move |stream| {
        let head = format!("HTTP/1.1 {status} \r\nconnection: close\r\ncontent-length");
        write!(stream, "{head}: {length}\r\n\r\n{body}").unwrap();
    })
}

#[test]
fn what_a_service_says_does_not_steer_the_terminal() {
    let steering = steering();
    let words = format!("red \u{1b}[31m\r\nnext: \u{202e}gnihton {steering}");
    for (status, code, verb) in [
        (400, 1, "ddm set-admin --name root"),
        (400, 1, "dcs reset-password"),
        (500, 4, "dms reset-password"),
        (200, 0, "ddm set-admin --name root"),
    ] {
        for output in ["table", "json"] {
            let url = saying(status, &words);
            let target = format!("--endpoint {url} --project-id p --instance-id i");
            let options = format!("--password-stdin --verbose --output {output}");
            let run = run(repass(&format!("{verb} {target} {options}")).write_stdin(NEW));
            assert_eq!(run.code, Some(code), "{}", run.stderr);
            let shown = run.transcript();
            let shown = shown
                .lines()
                .filter(|line| line.contains(|c| steering.contains(c)));
            assert_eq!(shown.collect::<Vec<_>>(), Vec::<&str>::new(), "{verb}");
            if output == "json" {
                // It still says what the service said.
                let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
                let said = match status {
                    200 => &json["job_id"],
                    _ => &json["error"]["service_message"],
                };
                assert_eq!(said, &words);
            }
        }
    }
    let url = saying(
        400,
        "red \u{1b}[31m\r\nnext: \u{9b}0m\u{202e}gnihton\u{200f}\u{7}",
    );
    let words = format!("dms reset-password --endpoint {url} --project-id p --instance-id i");
    let words = format!("{words} --password-stdin --verbose --output json");
    let refused = run(repass(&words).write_stdin(NEW));
    let lines = refused
        .stderr
        .lines()
        .filter(|line| !line.contains("repass_client::"));
    let lines: Vec<_> = lines.chain(refused.stdout.lines()).collect();
    insta::assert_snapshot!(without_ports(&lines.join("\n")), @r#"
    error: DMS i at 127.0.0.1:PORT: password reset refused: red \u{1b}[31m\r\nnext: \u{9b}0m\u{202e}gnihton\u{200f}\u{7} (status 400, code red \u{1b}[31m\r\nnext: \u{9b}0m\u{202e}gnihton\u{200f}\u{7}, request id red \u{1b}[31m\r\nnext: \u{9b}0m\u{202e}gnihton\u{200f}\u{7})
    next: nothing changed; look the code up in the vendor's pages
    {"operation":"dms-reset-password","instance_id":"i","host":"127.0.0.1:PORT","error":{"certainty":"refused","kind":"other","message":"DMS i at 127.0.0.1:PORT: password reset refused: red \u001b[31m\r\nnext: \u009b0m\u202egnihton\u200f\u0007 (status 400, code red \u001b[31m\r\nnext: \u009b0m\u202egnihton\u200f\u0007, request id red \u001b[31m\r\nnext: \u009b0m\u202egnihton\u200f\u0007)","next":"nothing changed; look the code up in the vendor's pages","status":400,"code":"red \u001b[31m\r\nnext: \u009b0m\u202egnihton\u200f\u0007","service_message":"red \u001b[31m\r\nnext: \u009b0m\u202egnihton\u200f\u0007","request_id":"red \u001b[31m\r\nnext: \u009b0m\u202egnihton\u200f\u0007"}}
    "#);
}

/// The steps of a call, without the times; and nothing of the libraries below.
#[test]
fn a_verbose_call_tells_its_steps() {
    let emulator = Emulator::start();
    let text = |pointer| emulator.started.pointer(pointer).unwrap().as_str().unwrap();
    let (url, name) = (text("/url"), text("/project_name"));
    let key = [
        ("OS_ACCESS_KEY", text("/access_key")),
        ("OS_SECRET_KEY", text("/secret_key")),
    ];
    let user = [
        ("OS_USERNAME", text("/user/name")),
        ("OS_PASSWORD", text("/user/password")),
        ("OS_DOMAIN_NAME", text("/user/domain")),
    ];
    let mut steps = String::new();
    for variables in [&key[..], &user] {
        let words = format!("dms reset-password --endpoint {url} --project-name {name} --verbose");
        let mut command = bare(&format!(
            "{words} --instance-id {} --password-stdin",
            emulator.id("dms")
        ));
        let run = run(command.envs(variables.iter().copied()).write_stdin(NEW));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        for line in run.stderr.lines() {
            let step = line.split("}: repass_client::").nth(1).unwrap_or(line);
            if !step.contains("close time") {
                steps += &format!("{}\n", step.replace(url, "URL"));
            }
        }
    }
    insta::assert_snapshot!(told(&steps), @r#"
    exchange: sending method="GET" host="http://127.0.0.1:PORT" path="/v3/projects"
    exchange: answered status=200
    session: looked up the project
    exchange: sending method="POST" host="http://127.0.0.1:PORT" path="…/instances/6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57/password"
    exchange: answered status=204
    client: done
    DMS 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57 at 127.0.0.1:PORT: password reset (status 204, request id 0002)
    exchange: sending method="POST" host="http://127.0.0.1:PORT" path="/v3/auth/tokens"
    exchange: answered status=201
    session: logged in
    exchange: sending method="POST" host="http://127.0.0.1:PORT" path="…/instances/6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57/password"
    exchange: answered status=204
    client: done
    DMS 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57 at 127.0.0.1:PORT: password reset (status 204, request id 0004)
    "#);
}

/// A server that takes one request, does what it is told, and cuts the connection.
fn failing_server(then: impl FnOnce() + Send + 'static) -> String {
    answering_server(|_| then())
}

fn answering_server(answer: impl FnOnce(&mut TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut buffer = [0; 1024];
        // A body is JSON and ends with a brace.
        while !request.ends_with(b"}") {
            let read = stream.read(&mut buffer).unwrap();
            request.extend_from_slice(&buffer[..read]);
        }
        answer(&mut stream);
        let _ = stream.flush();
    });
    url
}

#[test]
fn a_generated_password_survives_a_lost_answer() {
    // The server is gone when the reset is sent again.
    let url = failing_server(|| {});
    let words = format!("dms reset-password --endpoint {url} --project-id p --instance-id i");
    let lost = run(&mut repass(&format!("{words} --generate")));
    assert_eq!((lost.code, lost.stdout.trim_end().len()), (Some(4), 32));
    insta::assert_snapshot!(lost.stderr, @"
    error: DMS i at 127.0.0.1:PORT: unknown whether the password reset took effect: the last attempt changed nothing, but an earlier one may have: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)
    next: run the command again with the same password: a reset that is repeated has the same effect; keep the old password until it has succeeded
    ");
}

#[test]
fn an_answer_that_is_none_and_one_that_says_when_are_told() {
    let mut told = String::new();
    for answer in [
        "SSH-2.0-OpenSSH_9.6\r\n",
        "HTTP/1.1 429 \r\nretry-after: 99\r\ncontent-length: 0\r\n\r\n",
    ] {
        let url = answering_server(move |stream| write!(stream, "{answer}").unwrap());
        let target = format!("--endpoint {url} --project-id p --instance-id i");
        let words = format!("dcs change-password {target} --password-stdin");
        told += &run(repass(&words).write_stdin(format!("old\n{NEW}"))).transcript();
    }
    insta::assert_snapshot!(told, @"
    exit code 4
    error: DCS i at 127.0.0.1:PORT: unknown whether the password change took effect: the connection was lost before a complete answer: error sending request: client error (SendRequest): invalid HTTP version parsed
    next: try the new password on the instance first, then the old one; keep both until one works
    exit code 1
    error: DCS i at 127.0.0.1:PORT: password change refused: too many requests, wait 99 s (status 429)
    next: nothing changed; wait 99 s and try again
    ");
}

#[test]
fn a_service_that_is_not_there_changed_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let words =
        format!("dms reset-password --endpoint http://{address} --project-id p --instance-id i");
    let absent = run(repass(&format!("{words} --password-stdin")).write_stdin(NEW));
    assert_eq!(absent.code, Some(1), "{}", absent.stderr);
    assert!(
        absent
            .stderr
            .contains("password reset not sent: could not connect"),
        "{}",
        absent.stderr
    );
}

/// The exit code speaks of the password, and it was set.
#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_still_one() {
    let emulator = Emulator::start();
    let target = emulator.target("dms");
    let program = assert_cmd::cargo::cargo_bin("repass");
    let words = format!("dms reset-password {target} --password-stdin --output json");
    let line = format!("{} {words} >/dev/full", program.display());
    let mut shell = assert_cmd::Command::new("sh");
    shell.args(["-c", &line]).env_clear();
    let set = run(shell.env("OS_TOKEN", "emulator-token").write_stdin(NEW));
    assert_eq!(set.code, Some(0), "{}", set.stderr);
    insta::assert_snapshot!(told(&set.stderr), @"
    DMS 6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57 at 127.0.0.1:PORT: password reset (status 204, request id 0001)
    note: standard output cannot be written: No space left on device (os error 28); do not run it again for that
    ");
}

/// A service verb that is sent this signal when the server has its first request, and what it
/// printed after the password.
#[cfg(unix)]
fn interrupted(
    signal: &str,
    options: &str,
    variables: &[(&str, &str)],
) -> (Option<i32>, String, String) {
    let (received, wait) = std::sync::mpsc::channel();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    default_signals();
    let url = failing_server(move || {
        received.send(()).unwrap();
        let _ = ended.recv();
    });
    let words = format!("dms reset-password --endpoint {url} --instance-id i {options}");
    let process = Command::new(assert_cmd::cargo::cargo_bin("repass"))
        .args(words.split_whitespace())
        .args(["--generate", "--output", "json"])
        .env_clear()
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It would be a failure, not an end, to wait for a request that never comes.
    wait.recv_timeout(Duration::from_secs(60)).unwrap();
    send(signal, &process.id().to_string());
    let output = process.wait_with_output().unwrap();
    drop(end);
    let stdout = String::from_utf8(output.stdout).unwrap();
    let (password, failed) = stdout.split_once('\n').unwrap();
    assert!(password.starts_with(r#"{"password":""#), "{password}");
    let stderr = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), failed.to_owned(), stderr)
}

#[cfg(unix)]
#[test]
fn an_interrupted_call_is_unknown() {
    for signal in SIGNALS {
        let (code, stdout, stderr) =
            interrupted(signal, "--project-id p", &[("OS_TOKEN", "token")]);
        assert_eq!(code, Some(4), "{signal}: {stderr}");
        assert!(
            stdout.contains(r#"{"certainty":"unknown","kind":"interrupted""#),
            "{stdout}"
        );
        assert!(stderr.contains("interrupted after it was sent"), "{stderr}");
    }
}

#[cfg(unix)]
#[test]
fn a_call_that_is_interrupted_during_its_login_was_not_sent() {
    let user = [
        ("OS_USERNAME", "alice"),
        ("OS_PASSWORD", "Iam-Example-2024"),
        ("OS_DOMAIN_NAME", "domain"),
    ];
    for project in ["--project-id p", "--project-name p"] {
        let (code, stdout, stderr) = interrupted("-INT", project, &user);
        assert_eq!(code, Some(1), "{stderr}");
        assert!(
            stdout.contains(r#"{"certainty":"not-sent","kind":"interrupted""#),
            "{stdout}"
        );
        assert!(
            stderr.starts_with("error: interrupted: nothing was sent\n"),
            "{stderr}"
        );
    }
}

/// Tests that send signals do not depend on how they are started.
#[cfg(target_os = "linux")]
#[test]
fn the_signals_of_these_tests_are_received_under_nohup() {
    let tests = std::env::current_exe().unwrap();
    let names = "an_interrupted_call_is_unknown a_loop_ends_with_the_call_that_is_interrupted";
    let line = format!(
        "trap '' HUP INT QUIT TERM; exec {} {names}",
        tests.display()
    );
    let output = Command::new("sh").args(["-c", &line]).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("test result: ok. 2 passed"), "{printed}");
}

/// While standard input or a file is read, the command ends as it does later.
#[cfg(unix)]
#[test]
fn a_command_that_is_interrupted_while_it_reads_sent_nothing() {
    default_signals();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    pipe(&file);
    let target = format!(
        "--endpoint http://{} --project-id p --instance-id i",
        listener.local_addr().unwrap()
    );
    for (index, verb) in [
        "ddm reset-password --username u",
        "ddm set-admin --name root",
        "dcs change-password",
        "dcs reset-password",
        "dms reset-password",
    ]
    .into_iter()
    .enumerate()
    {
        for (way, output) in [("--password-file", "table"), ("--password-stdin", "json")] {
            let program = assert_cmd::cargo::cargo_bin("repass");
            let program = program.display();
            let line = match (way, verb) {
                ("--password-stdin", _) => format!("exec {program} {verb} {target} {way} < $0"),
                (_, "dcs change-password") => {
                    format!("exec {program} {verb} {target} --old-password-file $0")
                }
                _ => format!("exec {program} {verb} {target} {way} $0"),
            };
            let mut process = Command::new("sh")
                .args(["-c", &format!("{line} --output {output}")])
                .arg(&file)
                .env_clear()
                .env("OS_TOKEN", "token")
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            // It opens when it is read.
            let pipe = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
            if way == "--password-stdin" {
                // The shell opened it, before the command began. Once it is read, it is empty.
                let mut pipe = &pipe;
                pipe.write_all(b"half a line").unwrap();
                while rustix::io::ioctl_fionread(pipe).unwrap() > 0 {
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
            send(SIGNALS[index % SIGNALS.len()], &process.id().to_string());
            // Nothing more is written, and nothing is closed.
            let code = process.wait().unwrap().code();
            let output = process.wait_with_output().unwrap();
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert_eq!(code, Some(1), "{verb} {way}: {stderr}");
            let told = "error: interrupted: nothing was sent\n";
            assert!(stderr.starts_with(told), "{verb} {way}: {stderr}");
            let stdout = String::from_utf8(output.stdout).unwrap();
            let json = r#"{"certainty":"not-sent","kind":"interrupted""#;
            assert_eq!(stdout.contains(json), way == "--password-stdin");
            drop(pipe);
        }
    }
    assert!(listener.accept().is_err(), "something was sent");
}

/// What `nohup` starts goes on without its terminal, and what a script starts in the background
/// without Ctrl-C.
#[cfg(target_os = "linux")]
#[test]
fn a_call_goes_on_where_a_signal_is_ignored() {
    for signal in SIGNALS {
        let (received, wait) = std::sync::mpsc::channel();
        let (answer, answered) = std::sync::mpsc::channel::<()>();
        let url = answering_server(move |stream| {
            received.send(()).unwrap();
            let _ = answered.recv();
            write!(stream, "HTTP/1.1 204 \r\n\r\n").unwrap();
        });
        let program = assert_cmd::cargo::cargo_bin("repass");
        let words = format!("dms reset-password --endpoint {url} --project-id p --instance-id i");
        let name = signal.trim_start_matches('-');
        let line = format!(
            "trap '' {name}; exec {} {words} --generate",
            program.display()
        );
        let process = Command::new("sh")
            .args(["-c", &line])
            .env_clear()
            .env("OS_TOKEN", "token")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait.recv_timeout(Duration::from_secs(60)).unwrap();
        send(signal, &process.id().to_string());
        // Time for it to be taken for an interruption.
        std::thread::sleep(Duration::from_millis(100));
        answer.send(()).unwrap();
        let output = process.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{signal}");
    }
}

/// The exit code is kept, so the shell goes on: `|| break` is what ends the loop.
#[cfg(unix)]
#[test]
fn a_loop_ends_with_the_call_that_is_interrupted() {
    let (received, wait) = std::sync::mpsc::channel();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    default_signals();
    let url = failing_server(move || {
        received.send(()).unwrap();
        let _ = ended.recv();
    });
    let program = assert_cmd::cargo::cargo_bin("repass");
    let words = format!("dms reset-password --endpoint {url} --project-id p --generate");
    let call = format!("{} {words} --instance-id", program.display());
    // The whole group is sent the signal, as Ctrl-C does it.
    let line =
        format!("trap : INT; for id in 1 2; do echo \"call $id\" >&2; {call} $id || break; done");
    let process = std::os::unix::process::CommandExt::process_group(&mut Command::new("sh"), 0)
        .args(["-c", &line])
        .env_clear()
        .env("OS_TOKEN", "token")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait.recv_timeout(Duration::from_secs(60)).unwrap();
    let group = format!("-{}", process.id());
    let mut kill = Command::new("kill");
    assert!(
        kill.args(["-INT", "--", &group])
            .status()
            .unwrap()
            .success()
    );
    let output = process.wait_with_output().unwrap();
    drop(end);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("call 1\nerror: DMS password reset"),
        "{stderr}"
    );
    assert!(!stderr.contains("call 2"), "{stderr}");
}

/// A proxy that answers each request with this status and nothing else.
fn proxy(status: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answer = format!("HTTP/1.1 {status} \r\nconnection: close\r\n\r\n");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 1024];
            while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                let read = stream.read(&mut buffer).unwrap();
                request.extend_from_slice(&buffer[..read]);
            }
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

#[test]
fn what_the_network_settings_keep_from_being_sent_is_told() {
    let (requires, refuses) = (proxy("407"), proxy("403"));
    let user = [
        ("OS_USERNAME", "alice"),
        ("OS_PASSWORD", "Iam-Example-2024"),
        ("OS_DOMAIN_NAME", "domain"),
    ];
    let mut told = String::new();
    for (credentials, name, value) in [
        (
            &[("OS_TOKEN", "token")][..],
            "HTTPS_PROXY",
            "http://proxy:port".to_owned(),
        ),
        (&user, "HTTPS_PROXY", "http://proxy:port".to_owned()),
        (
            &[("OS_TOKEN", "token")],
            "ALL_PROXY",
            "ftp://user:Proxy-Secret@proxy".to_owned(),
        ),
        (
            &[("OS_TOKEN", "token")],
            "https_proxy",
            format!("http://user:Proxy-Secret@{requires}"),
        ),
        (&user, "https_proxy", requires.clone()),
        (
            &[("OS_TOKEN", "token")],
            "all_proxy",
            format!("http://user:Proxy-Secret@{refuses}"),
        ),
        (
            &[("OS_TOKEN", "token")],
            "SSL_CERT_FILE",
            "/nowhere".to_owned(),
        ),
        (&user, "SSL_CERT_DIR", "/nowhere".to_owned()),
    ] {
        for output in ["table", "json"] {
            let words = "dms reset-password --region eu-de --project-id p --instance-id i";
            let words = format!("{words} --password-stdin --verbose --output {output}");
            let mut command = bare(&words);
            command.envs(credentials.iter().copied()).env(name, &value);
            let run = run(command.write_stdin(NEW));
            assert_eq!(run.code, Some(1), "{}", run.stderr);
            assert!(!run.transcript().contains("Proxy-Secret"), "{name}");
            let lines = run.stderr.lines().chain(run.stdout.lines());
            let lines = lines.filter(|line| !line.contains("repass_client::"));
            if output == "table" {
                told += &format!("# {name}={}\n", value.split(':').next().unwrap());
                told += &lines.map(|line| format!("{line}\n")).collect::<String>();
            } else {
                let kind = &serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap();
                let kind = kind["error"]["kind"].as_str().unwrap();
                assert!(["connect", "login"].contains(&kind), "{}", run.stdout);
            }
        }
    }
    insta::assert_snapshot!(told, @"
    # HTTPS_PROXY=http
    error: DMS i at dms.eu-de.otc.t-systems.com: password reset not sent: HTTPS_PROXY does not hold the URL of a proxy, such as http://proxy.example.com:3128 (the value is hidden, because it may hold a password)
    next: nothing changed; correct the network settings, and try again
    # HTTPS_PROXY=http
    error: DMS i at dms.eu-de.otc.t-systems.com: password reset not sent: HTTPS_PROXY does not hold the URL of a proxy, such as http://proxy.example.com:3128 (the value is hidden, because it may hold a password)
    next: nothing changed; correct the network settings, and try again
    # ALL_PROXY=ftp
    error: DMS i at dms.eu-de.otc.t-systems.com: password reset not sent: ALL_PROXY holds a proxy URL with the scheme ftp; use http, https or socks5h
    next: nothing changed; correct the network settings, and try again
    # https_proxy=http
    error: DMS i at dms.eu-de.otc.t-systems.com: password reset not sent: the proxy in https_proxy requires credentials, or did not accept those in its URL (407); write them as in http://USER:PASSWORD@proxy.example.com:3128
    next: nothing changed; correct the network settings, and try again
    # https_proxy=127.0.0.1
    error: DMS i at dms.eu-de.otc.t-systems.com: password reset not sent: the proxy in https_proxy requires credentials, or did not accept those in its URL (407); write them as in http://USER:PASSWORD@proxy.example.com:3128
    next: nothing changed; correct the network settings, and try again
    # all_proxy=http
    error: DMS i at dms.eu-de.otc.t-systems.com: password reset not sent: the proxy in all_proxy refused to connect to the host
    next: nothing changed; correct the network settings, and try again
    # SSL_CERT_FILE=/nowhere
    error: DMS i at dms.eu-de.otc.t-systems.com: password reset not sent: no CA certificates were found where SSL_CERT_FILE points; name a PEM file or a folder of PEM files, or unset it to use the system's certificates
    next: nothing changed; correct the network settings, and try again
    # SSL_CERT_DIR=/nowhere
    error: DMS i at dms.eu-de.otc.t-systems.com: password reset not sent: no CA certificates were found where SSL_CERT_DIR points; name a PEM file or a folder of PEM files, or unset it to use the system's certificates
    next: nothing changed; correct the network settings, and try again
    ");
}
