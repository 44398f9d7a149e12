//! Settings: where each comes from, which one counts, and what is said about a mistake.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "reading what was printed is part of the tests"
)]

mod repass;

use repass::{Emulator, bare, folder, run};
use serde_json::{Value, json};

const NEW: &str = "Example~Aa-2024";

/// Each setting: its name, its option, its variables in their order, its fields in theirs.
const SETTINGS: &[(&str, &str, &[&str], &[&str])] = &[
    (
        "region",
        "--region",
        &[
            "HUAWEICLOUD_SDK_REGION",
            "HUAWEICLOUD_REGION",
            "HW_REGION_NAME",
            "OS_REGION_NAME",
            "OS_REGION",
        ],
        &["region_name"],
    ),
    (
        "ddm-endpoint",
        "--endpoint",
        &["OS_DDM_ENDPOINT_OVERRIDE", "OS_DDM_ENDPOINT"],
        &["ddm_endpoint_override", "ddm_endpoint"],
    ),
    (
        "dcs-endpoint",
        "--endpoint",
        &["OS_DCS_ENDPOINT_OVERRIDE", "OS_DCS_ENDPOINT"],
        &["dcs_endpoint_override", "dcs_endpoint"],
    ),
    (
        "dms-endpoint",
        "--endpoint",
        &["OS_DMS_ENDPOINT_OVERRIDE", "OS_DMS_ENDPOINT"],
        &["dms_endpoint_override", "dms_endpoint"],
    ),
    (
        "iam-endpoint",
        "--iam-endpoint",
        &["HUAWEICLOUD_SDK_IAM_ENDPOINT", "HW_AUTH_URL", "OS_AUTH_URL"],
        &["auth.auth_url", "auth_url"],
    ),
    ("ca-certificates", "", &["OS_CACERT"], &["cacert"]),
    (
        "project-id",
        "--project-id",
        &[
            "HUAWEICLOUD_SDK_PROJECT_ID",
            "HW_PROJECT_ID",
            "OS_PROJECT_ID",
            "OS_TENANT_ID",
        ],
        &[
            "auth.project_id",
            "project_id",
            "auth.tenant_id",
            "tenant_id",
        ],
    ),
    (
        "project-name",
        "--project-name",
        &["HW_PROJECT_NAME", "OS_PROJECT_NAME", "OS_TENANT_NAME"],
        &[
            "auth.project_name",
            "project_name",
            "auth.tenant_name",
            "tenant_name",
        ],
    ),
    (
        "auth-type",
        "",
        &["OS_AUTH_TYPE", "OS_AUTH_PLUGIN"],
        &["auth_type", "auth_plugin"],
    ),
    (
        "token",
        "",
        &["OS_TOKEN", "OS_AUTH_TOKEN"],
        &["auth.token", "token", "auth.auth_token", "auth_token"],
    ),
    (
        "access-key",
        "",
        &[
            "HUAWEICLOUD_SDK_AK",
            "HW_ACCESS_KEY",
            "OS_ACCESS_KEY",
            "OS_AK",
        ],
        &["auth.access_key", "access_key", "auth.ak", "ak"],
    ),
    (
        "secret-key",
        "",
        &[
            "HUAWEICLOUD_SDK_SK",
            "HW_SECRET_KEY",
            "OS_SECRET_KEY",
            "OS_SK",
        ],
        &["auth.secret_key", "secret_key", "auth.sk", "sk"],
    ),
    (
        "security-token",
        "",
        &[
            "HUAWEICLOUD_SDK_SECURITY_TOKEN",
            "HW_SECURITY_TOKEN",
            "OS_SECURITY_TOKEN",
        ],
        &["auth.security_token", "security_token"],
    ),
    (
        "username",
        "",
        &["HW_USER_NAME", "OS_USERNAME", "OS_USER_NAME"],
        &["auth.username", "username", "auth.user_name", "user_name"],
    ),
    (
        "password",
        "",
        &["HW_USER_PASSWORD", "OS_PASSWORD"],
        &["auth.password", "password"],
    ),
    (
        "domain",
        "",
        &[
            "HW_DOMAIN_NAME",
            "OS_USER_DOMAIN_NAME",
            "OS_DOMAIN_NAME",
            "OS_DEFAULT_DOMAIN_NAME",
            "OS_DEFAULT_DOMAIN",
        ],
        &[
            "auth.user_domain_name",
            "user_domain_name",
            "auth.domain_name",
            "domain_name",
            "auth.default_domain_name",
            "default_domain_name",
            "auth.default_domain",
            "default_domain",
        ],
    ),
];

/// What `repass config` says of a setting: its value and where it comes from.
fn config(command: &mut assert_cmd::Command, name: &str) -> (Option<String>, Option<String>) {
    let run = run(command.args(["--output", "json"]));
    let config: Value = serde_json::from_str(&run.stdout).unwrap();
    let settings = config["settings"].as_array().unwrap();
    let setting = settings.iter().find(|each| each["name"] == name).unwrap();
    let text = |field| {
        setting
            .get(field)
            .map(|text| text.as_str().unwrap().to_owned())
    };
    (text("value"), text("from"))
}

/// A text that the setting accepts, and that says where it came from.
fn value(name: &str, place: &str) -> String {
    let place = place.to_lowercase().replace(['_', '.'], "-");
    let place = place.trim_start_matches('-').to_owned();
    match name.ends_with("-endpoint") {
        true => format!("https://{place}.example"),
        false => place,
    }
}

/// One cloud that has this field only.
fn cloud_with(field: &str, value: &str) -> String {
    let field = field.replace("auth.", "auth:\n      ");
    format!("clouds:\n  one:\n    {field}: \"{value}\"\n")
}

#[test]
fn an_option_counts_before_a_variable_and_a_variable_before_the_file() {
    for (name, option, variables, fields) in SETTINGS {
        let is_shown = !["token", "secret-key", "security-token", "password"].contains(name);
        let said = |place: &str, from: &str| {
            let shown = is_shown.then(|| value(name, place));
            (shown, Some(from.to_owned()))
        };
        // From the weakest place to the strongest; each is added to those before it.
        let mut environment = Vec::new();
        for field in fields.iter().rev() {
            let file = folder(&[("clouds.yaml", &cloud_with(field, &value(name, field)))]);
            let mut command = bare("config");
            command.current_dir(file.path()).env("OS_CLOUD", "one");
            let line = if field.starts_with("auth.") { 4 } else { 3 };
            let from = format!("clouds.yaml, line {line}, field clouds.one.{field}");
            assert_eq!(config(&mut command, name), said(field, &from), "{name}");
        }
        let field = fields[0];
        let file = folder(&[("clouds.yaml", &cloud_with(field, &value(name, field)))]);
        let command = |environment: &[(&str, String)]| {
            let mut command = bare("config");
            command.current_dir(file.path()).env("OS_CLOUD", "one");
            command.envs(environment.iter().map(|(name, value)| (*name, value)));
            command
        };
        for variable in variables.iter().rev() {
            environment.push((*variable, value(name, variable)));
            let shown = config(&mut command(&environment), name);
            assert_eq!(shown, said(variable, variable), "{name}");
        }
        if !option.is_empty() {
            let mut command = command(&environment);
            command.args([*option, &value(name, option)]);
            assert_eq!(config(&mut command, name), said(option, option), "{name}");
        }
        // An empty variable is none.
        let empty: Vec<_> = variables
            .iter()
            .map(|name| (*name, String::new()))
            .collect();
        let (_, from) = config(&mut command(&empty), name);
        assert!(from.unwrap().starts_with("clouds.yaml"), "{name}");
    }
}

#[test]
fn every_setting_is_tested() {
    let run = run(&mut bare("config --output json"));
    let config: Value = serde_json::from_str(&run.stdout).unwrap();
    let names = config["settings"].as_array().unwrap().iter();
    let names: Vec<_> = names
        .map(|setting| setting["name"].as_str().unwrap())
        .collect();
    let tested: Vec<_> = SETTINGS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(names[0], "cloud");
    assert_eq!(names[1..], tested);
}

/// What is set of an access key or a user, and where: only what was set together counts.
#[test]
fn what_completes_a_key_or_a_user_comes_from_where_that_one_does() {
    let whole_key = "{ak: AK, sk: SK, security_token: T}";
    let whole_user = "{username: u, password: p, domain_name: d}";
    let mut told = String::new();
    for (clouds, secure, environment) in [
        (whole_key, "{}", &[][..]),
        ("{ak: AK}", "{sk: SK, security_token: T}", &[]),
        (whole_key, "{}", &["OS_SECRET_KEY", "OS_SECURITY_TOKEN"]),
        (whole_key, "{}", &["OS_ACCESS_KEY"]),
        (whole_key, "{}", &["OS_ACCESS_KEY", "OS_SECRET_KEY"]),
        ("{ak: AK, sk: SK}", "{}", &["OS_SECURITY_TOKEN"]),
        ("{ak: AK}", "{}", &["OS_SECRET_KEY"]),
        (
            "{}",
            "{}",
            &["OS_ACCESS_KEY", "OS_SECRET_KEY", "OS_SECURITY_TOKEN"],
        ),
        (
            "{}",
            "{}",
            &["HUAWEICLOUD_SDK_AK", "OS_SECRET_KEY", "OS_SECURITY_TOKEN"],
        ),
        (
            "{}",
            "{}",
            &[
                "HUAWEICLOUD_SDK_AK",
                "HUAWEICLOUD_SDK_SK",
                "OS_ACCESS_KEY",
                "OS_SECURITY_TOKEN",
            ],
        ),
        ("{}", "{}", &["OS_ACCESS_KEY", "HUAWEICLOUD_SDK_SK"]),
        (whole_user, "{}", &["OS_USERNAME"]),
        (whole_user, "{}", &["OS_USERNAME", "OS_PASSWORD"]),
        (whole_user, "{}", &["OS_PASSWORD", "OS_DOMAIN_NAME"]),
        ("{username: u, domain_name: d}", "{password: p}", &[]),
        ("{username: u, domain_name: d}", "{}", &["OS_PASSWORD"]),
        ("{username: u, domain_name: d}", "{}", &[]),
        ("{username: u, password: p}", "{}", &["OS_DOMAIN_NAME"]),
        ("{}", "{}", &["OS_PASSWORD"]),
    ] {
        let text = |auth| format!("clouds:\n  one:\n    auth: {auth}\n");
        let file = folder(&[
            ("clouds.yaml", &text(clouds)),
            ("secure.yaml", &text(secure)),
        ]);
        let mut command = bare("config --cloud one --region eu-de --output json");
        command
            .current_dir(file.path())
            .envs(environment.iter().map(|name| (*name, "value")));
        let config: Value = serde_json::from_str(&run(&mut command).stdout).unwrap();
        told += &format!("# {clouds} {secure} {}\n", environment.join(" "));
        for setting in config["settings"].as_array().unwrap() {
            let name = setting["name"].as_str().unwrap();
            if COMPLETED.contains(&name) {
                for (key, what) in [("from", "from"), ("not_used", "not used:")] {
                    if let Some(place) = setting.get(key) {
                        told += &format!("{name} {what} {}\n", place.as_str().unwrap());
                    }
                }
            }
        }
        for problem in config["problems"].as_array().unwrap() {
            told += &format!("error: {}\nnext: {}\n", problem["message"], problem["next"]);
        }
        told += "\n";
    }
    insta::assert_snapshot!(told);
}

/// The settings of an access key and of a user.
const COMPLETED: &[&str] = &[
    "access-key",
    "secret-key",
    "security-token",
    "username",
    "password",
    "domain",
];

/// Where the endpoints come from, and which they are.
fn endpoints(words: &str, environment: &[(&str, &str)], cloud: &str) -> String {
    let file = folder(&[("clouds.yaml", &format!("clouds: {{one: {cloud}}}"))]);
    let mut command = bare(&format!("config --cloud one --output json {words}"));
    command
        .current_dir(file.path())
        .env("OS_TOKEN", "t")
        .envs(environment.iter().copied());
    let config: Value = serde_json::from_str(&run(&mut command).stdout).unwrap();
    let names: Vec<_> = environment.iter().map(|(name, _)| *name).collect();
    let mut told = format!("# {words} {} {cloud}\n", names.join(" "));
    for setting in config["settings"].as_array().unwrap() {
        let name = setting["name"].as_str().unwrap();
        // DMS is as DCS.
        if [
            "ddm-endpoint",
            "dcs-endpoint",
            "iam-endpoint",
            "project-name",
        ]
        .contains(&name)
        {
            told += &format!("{name}: ");
            for key in ["value", "from", "not_used"] {
                if let Some(text) = setting.get(key) {
                    let what = match key {
                        "value" => "",
                        "from" => " from ",
                        _ => " not used: ",
                    };
                    told += &format!("{what}{}", text.as_str().unwrap());
                }
            }
            told += "\n";
        }
    }
    for problem in config["problems"].as_array().unwrap() {
        let message = problem["message"].as_str().unwrap();
        let (start, end) = match message.split_once(" but ae-ad-1") {
            Some((start, list)) => (start, list.split("eu-nl").nth(1).unwrap_or_default()),
            None => (message, ""),
        };
        told += &format!("error: {start} …{end}\n");
    }
    told + "\n"
}

#[test]
fn what_follows_from_a_setting_counts_as_much_as_the_setting() {
    const HERE: &str = "http://127.0.0.1:8080";
    const OTC: &str = "https://iam.eu-de.otc.t-systems.com/v3";
    let override_ = "{region_name: eu-de, dcs_endpoint_override: 'https://dcs.private.example', \
                     auth: {project_name: eu-de_test}}";
    let here = "{dcs_endpoint_override: 'http://127.0.0.1:1', auth: {auth_url: 'https://host'}}";
    let at_home = &format!("--endpoint {HERE}");
    let told = [
        endpoints("", &[], override_),
        endpoints("--region eu-nl", &[], override_),
        endpoints("--region nowhere", &[], override_),
        endpoints("", &[("OS_REGION_NAME", "eu-nl")], override_),
        endpoints(
            "--region eu-nl --endpoint https://host",
            &[("OS_AUTH_URL", OTC)],
            "{}",
        ),
        endpoints("--region cn-north-4", &[("OS_AUTH_URL", OTC)], "{}"),
        endpoints(
            "--iam-endpoint https://host",
            &[("OS_REGION_NAME", "cn-north-4")],
            "{}",
        ),
        endpoints(
            "",
            &[("OS_REGION_NAME", "cn-north-4"), ("OS_AUTH_URL", OTC)],
            "{}",
        ),
        endpoints(at_home, &[("OS_REGION_NAME", "eu-de")], "{}"),
        endpoints(at_home, &[("OS_AUTH_URL", OTC)], "{}"),
        endpoints(&format!("--region eu-de {at_home}"), &[], "{}"),
        endpoints(&format!("{at_home} --iam-endpoint {OTC}"), &[], "{}"),
        endpoints("", &[], here),
        endpoints("", &[("OS_DCS_ENDPOINT_OVERRIDE", HERE)], here),
        endpoints("", &[("OS_REGION_NAME", "eu-de")], here),
        // One service on this machine is not all of them.
        endpoints(
            "",
            &[
                ("OS_REGION_NAME", "eu-de"),
                ("OS_DCS_ENDPOINT_OVERRIDE", HERE),
            ],
            "{}",
        ),
    ]
    .concat();
    insta::assert_snapshot!(told);
}

#[test]
fn the_option_names_the_cloud_before_the_variable() {
    let file = folder(&[(
        "clouds.yaml",
        "clouds: {one: {region_name: eu-de}, two: {region_name: eu-nl}}",
    )]);
    let mut command = bare("config --cloud two --output json");
    command.current_dir(file.path()).env("OS_CLOUD", "one");
    assert!(run(&mut command).stdout.contains("dcs.eu-nl.otc"));
}

const GOOD: &str = r#"
common: &common
  region_name: eu-de
  auth: &auth
    auth_url: https://iam.eu-de.otc.t-systems.com/v3/
    user_domain_name: OTC-EU-DE-0001
clouds:
  otc:
    <<: *common
    interface: public
    identity_api_version: 3
    auth:
      <<: *auth
      username: alice
      project_id: 87654321
  other:
    auth: [this, is, nobody's, concern]
"#;
const SECURE: &str = "clouds:\n  otc:\n    auth:\n      password: 'Iam-Example-2024'\n";

#[test]
fn what_is_in_force_is_shown_with_its_source() {
    let file = folder(&[("clouds.yaml", GOOD), ("secure.yaml", SECURE)]);
    let mut told = String::new();
    for (words, token) in [
        ("config --cloud otc", ""),
        ("config --cloud otc --output json", ""),
        ("config --cloud otc --project-name eu-de_test", "a-token"),
        ("config --region eu-west-101", "a-token"),
        ("config --region eu-nl", "a-token"),
        ("config --region nowhere", ""),
        ("config --region \u{1b}[31m", ""),
        (
            "config --endpoint http://127.0.0.1:8080 --project-id p",
            "a-token",
        ),
        (
            "config --endpoint http://10.0.0.1 --project-id p --allow-http",
            "a-token",
        ),
        (
            "config --endpoint http://10.0.0.1 --project-id p",
            "a-token",
        ),
        (
            "config --endpoint https://alice:Secret-2024@host --project-id p",
            "a-token",
        ),
        ("config --endpoint https://host --project-name p", "a-token"),
        ("config", ""),
        ("config --output json", ""),
    ] {
        let run = run(bare(words).current_dir(file.path()).env("OS_TOKEN", token));
        let shown = run.transcript();
        if !words.contains("json") {
            for line in shown.lines() {
                assert!(line.chars().count() <= 80, "{line}");
            }
        }
        for secret in ["Iam-Example-2024", "a-token", "Secret-2024"] {
            assert!(!shown.contains(secret), "{words}: {shown}");
        }
        let token = if token.is_empty() {
            ""
        } else {
            "OS_TOKEN=… "
        };
        told += &format!(
            "$ {token}repass {}\n{shown}\n",
            words.replace("Secret-2024", "…").replace('\u{1b}', "ESC")
        );
    }
    insta::assert_snapshot!(told);
}

/// As openstacksdk takes it, wherever it stands; a zero before it could make it octal there.
#[test]
fn a_whole_number_is_the_text_that_it_is_written_as() {
    let text = "\u{feff}common: &id 123456789012345678901234567890 # ü\r\nü: \"ü\"\r\nclouds:\r\n  \
                one:\r\n    region_name: 815\r\n    auth: {project_id: *id, project_name: ~}\r\n";
    let file = folder(&[("clouds.yaml", text)]);
    let config = |name| {
        let mut command = bare("config --cloud one");
        config(command.current_dir(file.path()), name)
    };
    let (id, _) = config("project-id");
    assert_eq!(id.as_deref(), Some("123456789012345678901234567890"));
    let (region, _) = config("region");
    assert_eq!(region.as_deref(), Some("815"));
}

/// The secrets in the broken files below. None of them may be shown.
const SECRETS: [&str; 3] = ["Hidden-Example", "4711", "p@ss: word"];

/// Broken in each way that a file can be, with a secret where it hurts.
const BROKEN: &[(&str, &str)] = &[
    (
        "password is a list",
        "clouds:\n  one:\n    auth:\n      password: [Hidden-Example]\n",
    ),
    (
        "password is a map",
        "clouds:\n  one:\n    auth:\n      password:\n        Hidden-Example: 4711\n",
    ),
    (
        "password is a number with a zero",
        "clouds:\n  one:\n    auth:\n      password: 04711\n",
    ),
    (
        "password is a flag",
        "clouds:\n  one:\n    auth:\n      password: yes\n",
    ),
    (
        "password is a fraction",
        "clouds:\n  one:\n    auth:\n      password: 47.11\n",
    ),
    (
        "auth is a text",
        "clouds:\n  one:\n    auth: Hidden-Example\n",
    ),
    ("the cloud is a text", "clouds:\n  one: Hidden-Example\n"),
    ("clouds is a list", "clouds:\n  - Hidden-Example\n"),
    ("the file is a text", "Hidden-Example\n"),
    ("the file is empty", ""),
    ("no clouds", "Hidden-Example: 4711\n"),
    (
        "a tab",
        "clouds:\n  one:\n\tauth:\n\t  password: Hidden-Example\n",
    ),
    (
        "an open quote",
        "clouds:\n  one:\n    auth:\n      password: \"Hidden-Example\n",
    ),
    (
        "a colon in a value",
        "clouds:\n  one:\n    auth:\n      password: p@ss: word\n",
    ),
    (
        "a field twice",
        "clouds:\n  one:\n    auth:\n      password: Hidden-Example\n      password: '4711'\n",
    ),
    (
        "another field twice",
        "clouds:\n  one:\n    Hidden-Example: 1\n    Hidden-Example: 2\n",
    ),
    (
        "a merge with a text",
        "a: &a Hidden-Example\nclouds:\n  one:\n    <<: *a\n",
    ),
    (
        "an unknown anchor",
        "clouds:\n  one:\n    <<: *Hidden-Example\n",
    ),
    (
        "a strange tag",
        "clouds:\n  one:\n    auth:\n      password: !!int Hidden-Example\n",
    ),
    (
        "two documents",
        "clouds: {one: {}}\n---\nclouds: {one: Hidden-Example}\n",
    ),
    (
        "a bad escape",
        "clouds:\n  one:\n    auth:\n      password: \"Hidden-Example\\q\"\n",
    ),
    ("an alias of itself", "clouds: &a\n  one: *a\n"),
    (
        "a control character",
        "clouds:\n  one: Hidden-Example\x07\n",
    ),
];

#[test]
fn a_mistake_in_a_file_is_told_as_file_line_and_field() {
    let mut told = String::new();
    for (what, text) in BROKEN {
        for (file, other) in [
            ("clouds.yaml", "secure.yaml"),
            ("secure.yaml", "clouds.yaml"),
        ] {
            let folder = folder(&[(file, text), (other, "clouds:\n  two: {}\n")]);
            let run = run(bare("config --cloud one").current_dir(folder.path()));
            let shown = run.transcript();
            assert_eq!(run.code, Some(2), "{what}: {shown}");
            for secret in SECRETS {
                assert!(!shown.contains(secret), "{what}: {shown}");
            }
            if file == "clouds.yaml" {
                told += &format!("# {what}\n{shown}\n");
            }
        }
    }
    insta::assert_snapshot!(told);
}

/// A field with a value that cannot be, beside those that a call needs.
#[test]
fn a_value_that_cannot_be_is_told_as_file_line_and_field() {
    let mut told = String::new();
    for (field, value) in [
        ("region_name", "Hidden-Example"),
        ("dms_endpoint_override", "Hidden-Example"),
        ("dms_endpoint_override", "http://Hidden-Example"),
        ("auth.auth_url", "https://u:Hidden-Example@host"),
        ("auth.project_id", "Hidden/Example"),
        ("auth.project_name", "Hidden\\tExample"),
        ("auth.token", "Hidden Example"),
        ("auth.ak", "Hidden Example"),
        ("auth.sk", "Hidden Example"),
        ("auth.security_token", "Hidden Example"),
    ] {
        let mut one = json!({
            "region_name": "eu-de",
            "auth": {"ak": "AK", "sk": "SK"},
        });
        let path = format!("/{}", field.replace('.', "/"));
        let (parent, key) = path.rsplit_once('/').unwrap();
        one.pointer_mut(parent).unwrap()[key] = value.replace("\\t", "\t").into();
        // The name of a project needs IAM.
        let id = if field == "auth.auth_url" { "" } else { "p" };
        let project = if field.contains("project") { "" } else { id };
        let text = json!({"clouds": {"one": one}}).to_string();
        let text = text.replace("\"auth\"", "\n\"auth\"");
        let file = folder(&[("clouds.yaml", &text)]);
        let mut command = bare("dms reset-password --instance-id i --generate --cloud one");
        command
            .env("OS_PROJECT_ID", project)
            .current_dir(file.path());
        let run = run(&mut command);
        assert_eq!(run.code, Some(2), "{field}: {}", run.stderr);
        assert!(!run.transcript().contains("Hidden"), "{}", run.stderr);
        told += &format!("# {field}\n{}\n", run.stderr);
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_file_that_cannot_be_read_is_told() {
    let mut told = String::new();
    let one = "clouds:\n  one:\n    region_name: eu-de\n";
    let huge = format!("{one}# {}\n", "Hidden-Example ".repeat(100_000));
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..12 {
        let items = vec![format!("*a{}", n - 1); 10].join(", ");
        bomb += &format!("a{n}: &a{n} [{items}]\n");
    }
    let deep = "[".repeat(5000);
    let mut told_of = |what: &str, command: &mut assert_cmd::Command| {
        let run = run(command);
        assert_eq!(run.code, Some(2), "{what}: {}", run.stdout);
        assert!(
            !run.stderr.contains("Hidden-Example"),
            "{what}: {}",
            run.stderr
        );
        told += &format!("# {what}\n{}\n", run.stderr);
    };
    for (what, text) in [("huge", &huge), ("many aliases", &bomb), ("deep", &deep)] {
        let folder = folder(&[("clouds.yaml", text)]);
        let mut command = bare("config");
        command.current_dir(folder.path()).env("OS_CLOUD", "one");
        told_of(what, &mut command);
    }
    let empty = folder(&[("clouds.yaml/inside", "")]);
    let mut command = bare("config");
    command.current_dir(empty.path()).env("OS_CLOUD", "one");
    told_of("a folder", &mut command);

    let latin = folder(&[]);
    std::fs::write(
        latin.path().join("clouds.yaml"),
        b"clouds: {one: Hidden-Example\xe4}",
    )
    .unwrap();
    let mut command = bare("config");
    command.current_dir(latin.path()).env("OS_CLOUD", "one");
    told_of("not UTF-8", &mut command);

    let good = folder(&[("clouds.yaml", one)]);
    let in_good = || {
        let mut command = bare("config");
        command.current_dir(good.path()).env("OS_CLOUD", "one");
        command
    };
    told_of(
        "a named file that is not there",
        in_good().env("OS_CLIENT_CONFIG_FILE", "gone.yaml"),
    );
    told_of(
        "a named secure file that is not there",
        in_good().env("OS_CLIENT_SECURE_FILE", "gone.yaml"),
    );
    told_of("another cloud", in_good().env("OS_CLOUD", "two"));
    let nothing = folder(&[]);
    told_of(
        "no file",
        in_good().current_dir(nothing.path()).env("HOME", "home"),
    );
    insta::assert_snapshot!(told);
}

#[test]
fn files_are_found_where_openstack_finds_them() {
    let text = |region: &str| format!("clouds: {{one: {{region_name: {region}}}}}");
    let files = folder(&[
        ("here/clouds.yaml", &text("eu-de")),
        ("here-yml/clouds.yml", &text("eu-nl")),
        ("home/.config/openstack/clouds.yaml", &text("cn-north-1")),
        ("xdg/openstack/clouds.yaml", &text("cn-north-4")),
        ("named.yaml", &text("cn-south-1")),
        ("secrets.yaml", &text("cn-east-3")),
        ("empty/nothing", ""),
    ]);
    let at = |folder: &str| files.path().join(folder);
    let command = |folder: &str| {
        let mut command = bare("config");
        command
            .current_dir(at(folder))
            .env("HOME", at("home"))
            .env("OS_CLOUD", "one");
        command
    };
    for (folder, variable, path, region) in [
        ("here", "OS_TOKEN", "", "eu-de"),
        ("here-yml", "OS_TOKEN", "", "eu-nl"),
        ("empty", "OS_TOKEN", "", "cn-north-1"),
        ("empty", "XDG_CONFIG_HOME", "xdg", "cn-north-4"),
        ("here", "OS_CLIENT_CONFIG_FILE", "named.yaml", "cn-south-1"),
        ("here", "OS_CLIENT_SECURE_FILE", "secrets.yaml", "cn-east-3"),
    ] {
        let (value, _) = config(command(folder).env(variable, at(path)), "region");
        assert_eq!(value.as_deref(), Some(region));
    }
    // Without a name for a cloud no file is read, not even a broken one.
    let broken = folder(&[("clouds.yaml", "\t")]);
    let run = run(bare("config --region eu-de")
        .current_dir(broken.path())
        .env("OS_TOKEN", "t"));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_named_and_not_shown() {
    use std::os::unix::ffi::OsStrExt;
    let value = std::ffi::OsStr::from_bytes(b"Hidden-Example\xff");
    for variable in SETTINGS.iter().flat_map(|(_, _, variables, _)| *variables) {
        let run = run(bare("config").env(variable, value));
        let line = format!("error: {variable} is not UTF-8\n");
        assert!(run.stderr.starts_with(&line), "{}", run.stderr);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
        assert!(!run.stderr.contains("Hidden"), "{}", run.stderr);
    }
}

#[test]
fn what_is_missing_is_told_with_the_ways_to_set_it() {
    let mut told = String::new();
    let words = "dms reset-password --instance-id i --generate";
    for (options, environment) in [
        ("", &[][..]),
        ("--region eu-de", &[]),
        ("--region nowhere", &[]),
        ("--endpoint https://host", &[]),
        ("--region eu-de", &[("HUAWEICLOUD_SDK_AK", "ak")]),
        ("--region eu-de", &[("OS_USERNAME", "alice")]),
        (
            "--region eu-de",
            &[("OS_USERNAME", "alice"), ("OS_PASSWORD", "Hidden-Example")],
        ),
        ("--region eu-de", &[("OS_TOKEN", "Hidden Example")]),
        (
            "--region eu-de",
            &[("OS_PROJECT_ID", "a/b"), ("OS_TOKEN", "t")],
        ),
        (
            "--region eu-de",
            &[("OS_ACCESS_KEY", "AK"), ("OS_SECRET_KEY", "Hidden Example")],
        ),
        (
            "--endpoint https://host",
            &[("OS_REGION_NAME", "Hidden-Example"), ("OS_TOKEN", "t")],
        ),
        ("", &[("OS_REGION_NAME", "Hidden-Example")]),
        (
            "--endpoint https://host --project-name p",
            &[("OS_TOKEN", "t")],
        ),
        (
            "",
            &[
                ("OS_REGION_NAME", "eu-de"),
                ("OS_AUTH_URL", "https://u:Hidden-Example@host"),
                ("OS_TOKEN", "t"),
            ],
        ),
        (
            "--project-id p",
            &[
                ("OS_DMS_ENDPOINT_OVERRIDE", "http://10.0.0.1"),
                ("OS_TOKEN", "t"),
            ],
        ),
    ] {
        let mut command = bare(&format!("{words} {options}"));
        let run = run(command.envs(environment.iter().copied()));
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (Some(2), ""),
            "{}",
            run.stderr
        );
        assert!(!run.stderr.contains("Hidden"), "{}", run.stderr);
        let names: Vec<_> = environment.iter().map(|(name, _)| *name).collect();
        told += &format!("# {options} {}\n{}\n", names.join(" "), run.stderr);
    }
    let nl = run(&mut bare(&format!(
        "ddm set-admin --name root --region eu-nl {}",
        &words[19..]
    )));
    told += &format!("# ddm in eu-nl\n{}", nl.stderr);
    let words = "ddm reset-password --username u --instance-id i --generate --region eu-de";
    let otc = run(bare(words).env("OS_TOKEN", "t"));
    assert_eq!((otc.code, otc.stdout.as_str()), (Some(2), ""));
    told += &format!("# ddm reset-password in eu-de\n{}", otc.stderr);
    insta::assert_snapshot!(told);
}

#[test]
fn the_stronger_source_decides_the_kind_of_credentials() {
    let all =
        "clouds: {one: {auth: {token: t, ak: a, sk: s, username: u, password: p, domain_name: d}}}";
    let file = folder(&[("clouds.yaml", all)]);
    for (environment, kind) in [
        (&[][..], "token"),
        (&["HUAWEICLOUD_SDK_AK"], "access-key"),
        (&["OS_USERNAME"], "user"),
        (&["OS_USERNAME", "OS_ACCESS_KEY"], "access-key"),
        (&["OS_USERNAME", "OS_ACCESS_KEY", "OS_AUTH_TOKEN"], "token"),
        (&["HUAWEICLOUD_SDK_SK", "OS_PASSWORD"], "token"),
    ] {
        let mut command = bare("config --cloud one --output json");
        command.current_dir(file.path());
        let run = run(command.envs(environment.iter().map(|name| (*name, "value"))));
        let config: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(config["credentials"], kind, "{environment:?}");
    }
}

/// Resets the password of a Kafka instance with these settings.
fn reset(emulator: &Emulator, options: &str, settings: &[(&str, &str)]) -> repass::Run {
    let id = emulator.id("dms");
    let words = format!("dms reset-password --instance-id {id} --password-stdin {options}");
    run(bare(&words).envs(settings.iter().copied()).write_stdin(NEW))
}

#[test]
fn every_kind_of_credentials_works() {
    let emulator = Emulator::start();
    let text = |field: &str| emulator.started[field].as_str().unwrap();
    let (url, project) = (text("url"), text("project_id"));
    let (token, ak, sk) = (text("token"), text("access_key"), text("secret_key"));
    let target = format!("--endpoint {url} --project-id {project}");
    for settings in [
        &[("OS_TOKEN", token)][..],
        &[("OS_AUTH_TOKEN", token)],
        &[("HUAWEICLOUD_SDK_AK", ak), ("HUAWEICLOUD_SDK_SK", sk)],
        &[("OS_ACCESS_KEY", ak), ("OS_SECRET_KEY", sk)],
    ] {
        let run = reset(&emulator, &target, settings);
        assert_eq!(run.code, Some(0), "{settings:?}: {}", run.stderr);
    }
    let all = reset(
        &emulator,
        "",
        &[
            ("OS_DMS_ENDPOINT_OVERRIDE", url),
            ("OS_PROJECT_ID", project),
            ("OS_ACCESS_KEY", ak),
            ("OS_SECRET_KEY", sk),
        ],
    );
    assert_eq!(all.code, Some(0), "{}", all.stderr);
    let wrong = reset(
        &emulator,
        &target,
        &[("HUAWEICLOUD_SDK_AK", ak), ("HUAWEICLOUD_SDK_SK", "wrong")],
    );
    assert_eq!(wrong.code, Some(1), "{}", wrong.stderr);
}

#[test]
fn a_cloud_of_the_files_works() {
    let emulator = Emulator::start();
    let text = |field: &str| emulator.started[field].as_str().unwrap();
    let clouds = format!(
        "clouds:\n  emulator:\n    dms_endpoint_override: {}\n    auth:\n      project_id: \
         \"{}\"\n      ak: {}\n",
        text("url"),
        text("project_id"),
        text("access_key")
    );
    let secure = format!(
        "clouds:\n  emulator:\n    auth:\n      sk: {}\n",
        text("secret_key")
    );
    let folder = folder(&[("clouds.yaml", &clouds), ("secure.yaml", &secure)]);
    let clouds = folder.path().join("clouds.yaml");
    let secure = folder.path().join("secure.yaml");
    let run = reset(
        &emulator,
        "--cloud emulator",
        &[
            ("OS_CLIENT_CONFIG_FILE", clouds.to_str().unwrap()),
            ("OS_CLIENT_SECURE_FILE", secure.to_str().unwrap()),
        ],
    );
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

#[test]
fn a_user_logs_in() {
    let emulator = Emulator::start();
    let text = |field: &str| emulator.started[field].as_str().unwrap();
    let user = |field: &str| emulator.started["user"][field].as_str().unwrap();
    let settings = [
        ("OS_USERNAME", user("name")),
        ("OS_PASSWORD", user("password")),
        ("OS_USER_DOMAIN_NAME", user("domain")),
    ];
    let url = text("url");
    for project in ["project_id", "project_name"] {
        let option = project.replace('_', "-");
        let target = format!("--endpoint {url} --{option} {}", text(project));
        let run = reset(&emulator, &target, &settings);
        assert_eq!(run.code, Some(0), "{project}: {}", run.stderr);
    }
    // Not with the user of another cloud.
    let target = format!("--endpoint {url} --project-id {}", text("project_id"));
    let otc = "https://iam.eu-de.otc.t-systems.com/v3";
    let elsewhere = [("OS_REGION_NAME", "eu-de"), ("OS_AUTH_URL", otc)];
    let settings_too = [&settings[..], &elsewhere].concat();
    let run = reset(&emulator, &target, &settings_too);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    let wrong = [settings[0], ("OS_PASSWORD", "wrong"), settings[2]];
    let refused = reset(&emulator, &target, &wrong);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
}
