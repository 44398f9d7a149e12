//! No secret is printed or logged, whatever goes wrong: every verb with `--verbose`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the server that repeats everything is part of the tests"
)]

mod repass;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use repass::{Emulator, bare, folder, run};
use repass_emulator::Fleet;
use serde_json::{Value, json};

/// The old and the new password, the token, the secret key, the security token, the password of
/// the user and the token that IAM issues.
type Secrets = [&'static str; 7];

/// With characters that other encodings write otherwise, or that could be taken for a number.
const SECRETS: [Secrets; 3] = [
    [
        "Redis-Example-2023",
        "Redis-Example-2024",
        "MIIa-token-2024",
        "secret-key-2024",
        "security-token-2024",
        "Iam-Example-2024",
        "MIIa-issued-2024",
    ],
    [
        r#"Old"0\\quote-2023"#,
        r#"Aa1"\\quote-2024"#,
        r#""tok\en"/+%2B==""#,
        r#""key"\\+/%41"#,
        r#"'s\t"%22+/="#,
        r#"I'm: "{pass}\n" #2024"#,
        r#"is"s\ued/+%2B=="#,
    ],
    [
        "6543210987654321",
        "1234567890123456",
        "9988776655443322",
        "7766554433221100",
        "5544332211009988",
        "3322110099887766",
        "1100998877665544",
    ],
];

/// How it could be written, in words of ours and of others.
fn spellings(secret: &str) -> Vec<String> {
    let json = json!(secret).to_string();
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    // Without what fills up the last group.
    let base64 = [STANDARD.encode(secret), URL_SAFE.encode(secret)];
    let base64 = base64.map(|text| text.trim_end_matches('=').to_owned());
    let mut spellings = vec![
        secret.to_owned(),
        json[1..json.len() - 1].to_owned(),
        format!("{secret:?}").trim_matches('"').to_owned(),
        percent.to_lowercase(),
        percent,
    ];
    spellings.extend(base64);
    spellings
}

#[track_caller]
fn assert_shows_none(shown: &str, secrets: &[&str], what: &str) {
    for secret in secrets {
        for spelling in spellings(secret) {
            assert!(!shown.contains(&spelling), "{what}: {spelling} in {shown}");
        }
    }
}

/// A server that answers with this status, and with all that it was sent in every field. It issues
/// a token to whoever asks, and knows the project `known`.
fn echo(status: u16, issued: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            answer(&mut stream.unwrap(), status, issued);
        }
    });
    url
}

fn answer(stream: &mut TcpStream, status: u16, issued: &str) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap() == 0 {
            return;
        }
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.parse().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    let echo = format!("{head}{}", String::from_utf8_lossy(&body));
    let (status, header, body) = if head.starts_with("POST /v3/auth/tokens") {
        let header = format!("x-subject-token: {issued}\r\n");
        let body = json!({"token": {"issued_at": echo, "user": {"name": echo}}});
        (201, header, body)
    } else if head.starts_with("GET /v3/projects") {
        let project = json!({"name": "known", "id": "p", "description": echo});
        (200, String::new(), json!({"projects": [project]}))
    } else {
        let one_line = echo.replace(['\r', '\n'], " ");
        let body = json!({
            "error_code": echo, "error_msg": echo, "errCode": echo, "externalMessage": echo,
            "request_id": echo, "job_id": echo, "message": echo, "ext_message": echo,
            "success": true, "result": "success", "code": "1",
        });
        (status, format!("x-request-id: {one_line}\r\n"), body)
    };
    let body = body.to_string();
    let length = body.len();
    let _ = write!(
        stream,
        "HTTP/1.1 {status} \r\n{header}connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
}

/// The verbs, and what stands on standard input.
fn verbs([old, new, ..]: &Secrets) -> [(&'static str, String); 5] {
    [
        ("ddm reset-password --username u", (*new).to_owned()),
        ("ddm set-admin --name root", (*new).to_owned()),
        ("dcs change-password", format!("{old}\n{new}")),
        ("dcs reset-password", (*new).to_owned()),
        ("dms reset-password", (*new).to_owned()),
    ]
}

/// The variables of each kind of credentials.
fn credentials(secrets: &Secrets) -> [Vec<(&'static str, &'static str)>; 3] {
    let [_, _, token, secret_key, security_token, password, _] = *secrets;
    [
        vec![("OS_TOKEN", token)],
        vec![
            ("HUAWEICLOUD_SDK_AK", "AK"),
            ("HUAWEICLOUD_SDK_SK", secret_key),
            ("HUAWEICLOUD_SDK_SECURITY_TOKEN", security_token),
        ],
        vec![
            ("OS_USERNAME", "alice"),
            ("OS_PASSWORD", password),
            ("OS_DOMAIN_NAME", "domain"),
        ],
    ]
}

/// The files of a cloud that holds every secret; the kind of credentials is the first one.
fn files(secrets: &Secrets, url: &str) -> tempfile::TempDir {
    let [_, _, token, secret_key, security_token, password, _] = *secrets;
    let clouds = json!({"clouds": {"one": {
        "dcs_endpoint_override": url, "dms_endpoint_override": url, "ddm_endpoint_override": url,
        "auth": {"project_name": "known", "ak": "AK", "username": "alice", "domain_name": "d"},
    }}});
    let secure = json!({"clouds": {"one": {"auth": {
        "token": token, "sk": secret_key, "security_token": security_token, "password": password,
    }}}});
    folder(&[
        ("clouds.yaml", &clouds.to_string()),
        ("secure.yaml", &secure.to_string()),
    ])
}

#[test]
fn a_call_shows_no_secret() {
    for secrets in &SECRETS {
        let issued = secrets[6];
        for status in [200, 400, 401, 500] {
            let url = echo(status, issued);
            let files = files(secrets, &url);
            let target = format!("--endpoint {url} --project-name known --instance-id i");
            for (index, (verb, input)) in verbs(secrets).into_iter().enumerate() {
                for (kind, variables) in credentials(secrets).into_iter().enumerate() {
                    let json = ["", "--output json"][(index + kind) % 2];
                    let words = format!("{verb} {target} --password-stdin --verbose {json}");
                    let mut command = bare(&words);
                    command.envs(variables.iter().copied()).write_stdin(&*input);
                    assert_shows_none(&run(&mut command).transcript(), secrets, &words);
                }
                let words =
                    format!("{verb} --instance-id i --cloud one --password-stdin --verbose");
                let mut command = bare(&words);
                command.current_dir(files.path()).write_stdin(&*input);
                let shown = run(&mut command).transcript();
                assert_shows_none(&shown, secrets, &words);
            }
        }
    }
}

/// That the server above is reached, and would show a secret.
#[test]
fn the_calls_are_made_and_logged() {
    let secrets = &SECRETS[0];
    for (status, code) in [(204, 0), (400, 1), (500, 4)] {
        let target = format!(
            "--endpoint {} --project-name known",
            echo(status, secrets[6])
        );
        for variables in credentials(secrets) {
            let words = format!("dms reset-password {target} --instance-id i --password-stdin");
            let mut command = bare(&format!("{words} --verbose"));
            let run = run(command.envs(variables).write_stdin(secrets[1]));
            assert_eq!(run.code, Some(code), "{}", run.stderr);
            assert!(
                run.stderr.contains("call{operation=DMS password reset"),
                "{}",
                run.stderr
            );
            assert!(
                run.stderr.contains(&format!("status={status}")),
                "{}",
                run.stderr
            );
        }
    }
}

#[test]
fn a_wrong_command_or_configuration_shows_no_secret() {
    for secrets in &SECRETS {
        let files = files(secrets, "https://host");
        for words in ["config", "config --output json", "config --cloud one"] {
            let mut command = bare(&format!("{words} --verbose"));
            let all = credentials(secrets).into_iter().flatten();
            let shown = run(command.envs(all).current_dir(files.path())).transcript();
            assert_shows_none(&shown, secrets, words);
        }
        for secret in secrets {
            let mut shown = String::new();
            // Where no secret belongs.
            let url = format!("https://alice:{secret}@host");
            for arguments in [
                &["check", "--policy", "dms", secret][..],
                &["check", "--policy", "dms", &format!("--password={secret}")],
                &["check", "--policy", "dms", "--password-stdin", secret],
                &[
                    "check",
                    "--policy",
                    "dms",
                    &format!("--password-stdin={secret}"),
                ],
                &["generate", secret],
                &[secret],
                &["help", secret],
                &["dms", secret],
                &["completions", secret],
                &["demo", "--", secret],
                &["demo", &format!("--{secret}")],
                &["check", "--policy", secret],
                &["check", "--policy", "dms", "--password-file", secret],
                &[
                    "dcs",
                    "change-password",
                    "--instance-id",
                    "i",
                    "--old-password-file",
                    secret,
                    "--region",
                    "eu-de",
                ],
                &["generate", "--length", secret],
                &["emulate", "--listen", secret],
                &[
                    "dms",
                    "reset-password",
                    "--instance-id",
                    "i",
                    "--generate",
                    secret,
                ],
                &[
                    "dms",
                    "reset-password",
                    "--instance-id",
                    "i",
                    "--endpoint",
                    &url,
                ],
                &["config", "--endpoint", &url],
                &["config", "--iam-endpoint", &url, "--output", "json"],
            ] {
                for output in ["table", "json"] {
                    let mut command = bare("--verbose --output");
                    let run = run(command.arg(output).args(arguments).env("OS_TOKEN", "t"));
                    assert_eq!(run.code, Some(2), "{}", run.stderr);
                    shown += &run.transcript();
                }
            }
            for text in [
                format!("clouds:\n  one:\n    auth: [{secret}]\n"),
                format!("clouds:\n  one:\n    auth: {secret}\n"),
                format!("clouds:\n  one:\n    auth:\n      password: [{secret}]\n"),
                format!("clouds:\n  one:\n    auth:\n      token: {{{secret}: 1}}\n"),
                format!("clouds:\n  one:\n\tauth: {secret}\n"),
                format!("clouds:\n  one:\n    auth: '{secret}\n"),
                format!("clouds:\n  one:\n    auth: \"{secret}\n"),
                format!("clouds: &{secret}\n  one: *nobody\n"),
                format!("clouds:\n  one: *{secret}\n"),
                format!("clouds:\n  one: !{secret}\n    auth: \"\\q{secret}\"\n"),
                format!("{secret}\n---\n{secret}\n"),
            ] {
                for name in ["clouds.yaml", "secure.yaml"] {
                    let files = folder(&[(name, &text)]);
                    let mut command = bare("config --cloud one --verbose");
                    let run = run(command.current_dir(files.path()));
                    assert_eq!(run.code, Some(2), "{text}: {}", run.stderr);
                    shown += &run.transcript();
                }
            }
            let mut check = bare("check --policy ddm-admin --password-stdin --verbose");
            shown += &run(check.write_stdin(format!("ü{secret}"))).transcript();
            let mut check = bare("check --policy dms --password-stdin --verbose --output json");
            shown += &run(check.write_stdin(format!("-{secret}"))).transcript();
            assert_shows_none(&shown, &[secret], "a mistake");
        }
    }
}

/// The variables and the fields of the files, as the help lists them.
fn places() -> (Vec<String>, Vec<String>) {
    let help = run(&mut bare("config --help")).stdout;
    let list = help.split("Settings, and").nth(1).unwrap();
    let list = list.split("\nFiles, ").next().unwrap();
    let lines = list.lines().filter(|line| line.starts_with("      "));
    let words = lines.flat_map(|line| line.split([' ', ',']).map(str::to_owned));
    let words = words.filter(|word| word.contains(['_', '.']) && word != "clouds.yaml");
    let is_variable = |word: &String| word.chars().all(|c| c == '_' || c.is_ascii_uppercase());
    let (mut variables, mut fields): (Vec<_>, Vec<_>) = words.partition(is_variable);
    variables.extend(["OS_CLIENT_CONFIG_FILE", "OS_CLIENT_SECURE_FILE"].map(str::to_owned));
    fields.extend(["auth.token", "auth.ak", "auth.username"].map(str::to_owned));
    assert!(
        variables.len() > 20 && fields.len() > 15,
        "{variables:?} {fields:?}"
    );
    (variables, fields)
}

/// A cloud with a secret in this field, and the rest of it right.
fn with(field: &str, secret: &str, url: &str) -> String {
    let auth = json!({"token": "emulator-token", "project_id": "p"});
    let mut one = json!({"dms_endpoint_override": url, "auth": auth});
    match field.strip_prefix("auth.") {
        Some(below) => one["auth"][below] = secret.into(),
        None => one[field] = secret.into(),
    }
    json!({"clouds": {"one": one}}).to_string()
}

/// All that was told but for the values of settings: `repass config` shows those that are to be no
/// secrets.
fn without_values(run: &repass::Run) -> String {
    let Ok(mut config) = serde_json::from_str::<Value>(&run.stdout) else {
        return run.transcript();
    };
    for setting in config["settings"].as_array_mut().into_iter().flatten() {
        setting.as_object_mut().unwrap().remove("value");
    }
    format!("{config}{}", run.stderr)
}

#[test]
fn a_secret_in_the_wrong_place_is_in_no_error_and_no_log() {
    let emulator = Emulator::start();
    let url = emulator.started["url"].as_str().unwrap();
    let (variables, fields) = places();
    let verb = "dms reset-password --instance-id i --generate --verbose";
    let verbs = ["config --output json --verbose", verb];
    for secret in SECRETS.map(|secrets| secrets[5]) {
        for words in verbs {
            for variable in &variables {
                for others in [
                    &[][..],
                    &["OS_TOKEN"],
                    &["OS_USERNAME", "OS_PASSWORD", "OS_DOMAIN_NAME"],
                    &["OS_ACCESS_KEY", "OS_SECRET_KEY"],
                ] {
                    let mut command = bare(words);
                    // Without an id IAM is asked for a project of that name; the client says which
                    // one it does not know, for a name is no secret.
                    command.env("OS_PROJECT_ID", "p");
                    command.env("OS_DMS_ENDPOINT_OVERRIDE", url);
                    command.envs(others.iter().map(|name| (name, "emulator-token")));
                    if variable.starts_with("OS_CLIENT") {
                        command.env("OS_CLOUD", "one");
                    }
                    let shown = without_values(&run(command.env(variable, secret)));
                    assert_shows_none(&shown, &[secret], &format!("{words} {variable}"));
                }
            }
            for field in &fields {
                for name in ["clouds.yaml", "secure.yaml"] {
                    let files = folder(&[(name, &with(field, secret, url))]);
                    let mut command = bare(&format!("{words} --cloud one"));
                    let shown = without_values(&run(command.current_dir(files.path())));
                    assert_shows_none(&shown, &[secret], &format!("{words} {field}"));
                }
            }
        }
    }
}

#[test]
fn a_generated_password_is_printed_once_and_not_logged() {
    let emulator = Emulator::start();
    for verb in ["dcs reset-password", "dms reset-password"] {
        for output in ["table", "json"] {
            let target = emulator.target(&verb[..3]);
            let words = format!("{verb} {target} --generate --verbose --output {output}");
            let run = run(&mut repass::repass(&words));
            assert_eq!(run.code, Some(0), "{}", run.stderr);
            let line = run.stdout.lines().next().unwrap();
            let password = line
                .trim_start_matches(r#"{"password":""#)
                .trim_end_matches("\"}");
            assert_eq!(password.len(), 32, "{line}");
            assert_eq!(run.stdout.matches(password).count(), 1);
            assert_shows_none(&run.stderr, &[password, "emulator-token"], &words);
        }
    }
    let made = run(&mut bare("generate --verbose"));
    assert_shows_none(&made.stderr, &[made.stdout.trim_end()], "generate");
}

#[test]
fn the_emulator_and_the_demo_log_no_secret() {
    let demo = run(&mut bare("demo --verbose"));
    assert!(
        demo.stderr.contains("call{operation=DCS password change"),
        "{}",
        demo.stderr
    );
    let known = [
        "Redis-Example-2023",
        "emulator-token",
        "emulator-secret-key",
    ];
    assert_shows_none(&demo.transcript(), &known, "demo");

    let mut process = Command::new(assert_cmd::cargo::cargo_bin("repass"))
        .args([
            "emulate",
            "--listen",
            "127.0.0.1:0",
            "--output",
            "json",
            "--verbose",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let stdout = process.stdout.as_mut().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    let started: Value = serde_json::from_str(&line).unwrap();
    let text = |pointer| started.pointer(pointer).unwrap().as_str().unwrap();
    let url = text("/url");
    let target = format!("--endpoint {url} --project-name {}", text("/project_name"));
    let instance = Fleet::DMS_ID;
    let words = format!("dms reset-password {target} --instance-id {instance} --password-stdin");
    let secrets = [
        text("/user/password"),
        text("/secret_key"),
        text("/token"),
        SECRETS[0][1],
    ];
    for variables in [
        &[("OS_TOKEN", secrets[2])][..],
        &[
            ("OS_ACCESS_KEY", text("/access_key")),
            ("OS_SECRET_KEY", secrets[1]),
        ],
        &[
            ("OS_USERNAME", text("/user/name")),
            ("OS_PASSWORD", secrets[0]),
            ("OS_DOMAIN_NAME", text("/user/domain")),
        ],
    ] {
        let run = run(bare(&words)
            .envs(variables.iter().copied())
            .write_stdin(secrets[3]));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
    }
    process.kill().unwrap();
    let output = process.wait_with_output().unwrap();
    let logged = String::from_utf8(output.stderr).unwrap();
    assert!(
        logged.contains(r#"/v3/auth/tokens" status=201"#),
        "{logged}"
    );
    assert_shows_none(&logged, &secrets, "emulate");
}
