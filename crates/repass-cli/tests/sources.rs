//! The hosts that get credentials: the tables of the documentation, whole files, and mixes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "reading what was printed is part of the tests"
)]

mod mixes;
mod recorder;
mod repass;

use std::collections::BTreeMap;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use recorder::Recorder;
use repass::folder;
use serde_json::{Value, json};

const TABLES: &str = include_str!("../src/settings/sources.md");

/// The rows of the table below a heading, each a list of its cells.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let section = TABLES.split("\n# ").find(|part| part.starts_with(heading));
    let rows = section
        .unwrap()
        .lines()
        .filter(|line| line.starts_with('|'));
    let cells = |row: &'static str| {
        let row = row.trim_start_matches('|').trim_end_matches('|');
        row.split('|').map(str::trim).collect()
    };
    rows.skip(2).map(cells).collect()
}

/// The parts of a cell in code, or the cell.
fn code(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// A column of the first table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    Options,
    Sdk,
    Terraform,
    OpenStack,
    Cloud,
}

const COLUMNS: [Column; 5] = [
    Column::Options,
    Column::Sdk,
    Column::Terraform,
    Column::OpenStack,
    Column::Cloud,
];

/// Settings of one source: options, variables, or fields with dots.
type Fields = BTreeMap<String, Value>;

fn fields(pairs: &[(&str, &str)]) -> Fields {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect()
}

impl Column {
    /// All that a call needs, from this source as far as it can give it.
    fn base(self) -> Fields {
        fields(match self {
            Self::Options => &[("--region", "eu-de"), ("--project-id", "p")],
            Self::Sdk => &[
                ("HUAWEICLOUD_SDK_REGION", "cn-north-4"),
                ("HUAWEICLOUD_SDK_PROJECT_ID", "p"),
                ("HUAWEICLOUD_SDK_AK", "key-base"),
                ("HUAWEICLOUD_SDK_SK", "secret"),
            ],
            Self::Terraform => &[
                ("HW_REGION_NAME", "cn-north-4"),
                ("HW_PROJECT_ID", "p"),
                ("HW_ACCESS_KEY", "key-base"),
                ("HW_SECRET_KEY", "secret"),
            ],
            Self::OpenStack => &[
                ("OS_REGION_NAME", "eu-de"),
                ("OS_PROJECT_ID", "p"),
                ("OS_TOKEN", "token-base"),
            ],
            Self::Cloud => &[
                ("region_name", "eu-de"),
                ("auth.project_id", "p"),
                ("auth.token", "token-base"),
            ],
        })
    }

    /// The name of OpenStack's field here.
    fn name(self, field: &str) -> Option<String> {
        match self {
            Self::OpenStack => {
                let field = field.trim_start_matches("auth.");
                Some(format!("OS_{}", field.to_uppercase()))
            }
            Self::Cloud => Some(field.to_owned()),
            _ => None,
        }
    }
}

/// The trial of a cell: fields to set, fields to leave out of the base, and the requests to expect.
struct Try {
    set: Fields,
    unset: Vec<String>,
    requests: &'static [&'static str],
}

fn one(name: &str, value: &str, requests: &'static [&'static str]) -> Option<Try> {
    let set = fields(&[(name, value)]);
    let unset = Vec::new();
    Some(Try {
        set,
        unset,
        requests,
    })
}

/// A field of OpenStack's, as a variable or as a field.
fn field(
    column: Column,
    name: &str,
    value: &str,
    requests: &'static [&'static str],
) -> Option<Try> {
    one(&column.name(name)?, value, requests)
}

impl Try {
    fn and(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.set.insert(name.into(), value.into());
        self
    }

    fn without(mut self, name: impl Into<String>) -> Self {
        self.unset.push(name.into());
        self
    }
}

const OTC: &[&str] = &["dcs.eu-de.otc.t-systems.com: project p, token token-base"];
const HUAWEI: &[&str] = &["dcs.cn-north-4.myhuaweicloud.com: project p, access-key key-base"];
const NL: &[&str] = &["dcs.eu-nl.otc.t-systems.com: project p, token token-base"];
const HERE: &[&str] = &["here: project p, token token-base"];
const BY_NAME: &[&str] = &[
    "iam.eu-de.otc.t-systems.com: find project named, token token-base",
    "dcs.eu-de.otc.t-systems.com: project id-of-named, token token-base",
];
const BY_USER: &[&str] = &[
    "iam.eu-de.otc.t-systems.com: log in, user u of domain d with password password-u",
    "dcs.eu-de.otc.t-systems.com: project p, token of-u",
];
const HUAWEIS_USER: &[&str] = &[
    "iam.cn-north-4.myhuaweicloud.com: log in, user u of domain d with password password-u",
    "dcs.cn-north-4.myhuaweicloud.com: project p, token of-u",
];
const REFUSED: &[&str] = &[];

/// The requests with the base alone.
fn unchanged(column: Column) -> &'static [&'static str] {
    match column {
        Column::Sdk | Column::Terraform => HUAWEI,
        _ => OTC,
    }
}

/// The user of this source instead of the base's credentials.
fn user(column: Column, requests: &'static [&'static str]) -> Option<Try> {
    let [name, password, domain] = match column {
        Column::Terraform => {
            ["HW_USER_NAME", "HW_USER_PASSWORD", "HW_DOMAIN_NAME"].map(str::to_owned)
        }
        _ => {
            let fields = ["auth.username", "auth.password", "auth.user_domain_name"];
            let names: Option<Vec<_>> = fields.iter().map(|one| column.name(one)).collect();
            names?.try_into().unwrap()
        }
    };
    let user = one(&name, "u", requests)?;
    let user = user.and(password, "password-u").and(domain, "d");
    Some(match column {
        Column::Terraform => user.without("HW_ACCESS_KEY").without("HW_SECRET_KEY"),
        _ => user.without(column.name("auth.token")?),
    })
}

/// The trial of a row's setting in a column, or `None` if the source has no such setting.
fn try_of(row: &str, column: Column, recorder: &Recorder) -> Option<Try> {
    use Column::{Cloud, OpenStack, Options, Sdk, Terraform};
    let here = recorder.url.as_str();
    let is_openstacks = matches!(column, OpenStack | Cloud);
    match (row, column) {
        ("region", Options) => one("--region", "eu-nl", NL),
        ("region", Sdk) => one(
            "HUAWEICLOUD_SDK_REGION",
            "cn-east-3",
            &["dcs.cn-east-3.myhuaweicloud.com: project p, access-key key-base"],
        ),
        ("region", Terraform) => one(
            "HW_REGION_NAME",
            "cn-east-3",
            &["dcs.cn-east-3.myhuaweicloud.com: project p, access-key key-base"],
        ),
        ("region", _) => field(column, "region_name", "eu-nl", NL),
        ("list of regions", Cloud) => {
            let regions =
                json!([{"name": "eu-nl", "values": {"auth": {"project_id": "nl"}}}, "eu-de"]);
            let requests: &[_] = &["dcs.eu-nl.otc.t-systems.com: project nl, token token-base"];
            let list = one("interface", "public", requests)?.and("regions", regions);
            Some(list.without("region_name"))
        }
        ("profile of a vendor", Cloud) => Some(one("profile", "otc", OTC)?.without("region_name")),
        ("endpoint of a service", Options) => {
            Some(one("--endpoint", here, HERE)?.without("--region"))
        }
        ("endpoint of a service", Sdk) => {
            one("HUAWEICLOUD_SDK_REGION_DCS_CN_NORTH_4", here, REFUSED)
        }
        ("endpoint of a service", _) => field(column, "dcs_endpoint_override", here, HERE),
        ("endpoint with a version and a place for the project", Options) => {
            let url = format!("{here}/v1.0/%(project_id)s");
            Some(one("--endpoint", &url, HERE)?.without("--region"))
        }
        ("endpoint with a version and a place for the project", _) => {
            let url = format!("{here}/v1.0/$(tenant_id)s");
            field(column, "dcs_endpoint_override", &url, HERE)
        }
        ("endpoint with any other template", Options) => {
            one("--endpoint", &format!("{here}/%(user_id)s"), REFUSED)
        }
        ("endpoint with any other template", _) => {
            let url = format!("{here}/v1.0/$(user_id)s");
            field(column, "dcs_endpoint_override", &url, REFUSED)
        }
        ("endpoint of IAM", Options) => {
            let url = "https://iam.eu-de.otc.t-systems.com/v3";
            Some(one("--iam-endpoint", url, OTC)?.without("--region"))
        }
        ("endpoint of IAM", Sdk) => {
            let url = "https://iam.cn-north-4.myhuaweicloud.com";
            let iam = one("HUAWEICLOUD_SDK_IAM_ENDPOINT", url, HUAWEI)?;
            Some(iam.without("HUAWEICLOUD_SDK_REGION"))
        }
        ("endpoint of IAM", Terraform) => {
            let url = "https://iam.cn-north-4.myhuaweicloud.com:443/v3";
            Some(one("HW_AUTH_URL", url, HUAWEI)?.without("HW_REGION_NAME"))
        }
        ("endpoint of IAM", _) => {
            let url = "https://iam.eu-de.otc.t-systems.com:443/v3/";
            let iam = field(column, "auth.auth_url", url, OTC)?;
            Some(iam.without(column.name("region_name")?))
        }
        ("endpoint of IAM with another path than `/v3`", _) => {
            let name = match column {
                Options => "--iam-endpoint".to_owned(),
                Sdk => "HUAWEICLOUD_SDK_IAM_ENDPOINT".to_owned(),
                Terraform => "HW_AUTH_URL".to_owned(),
                _ => column.name("auth.auth_url")?,
            };
            one(&name, "https://iam.eu-de.otc.t-systems.com/v2.0", REFUSED)
        }
        ("endpoint of another service", Sdk) => {
            one("HUAWEICLOUD_SDK_REGION_ECS_CN_NORTH_4", here, HUAWEI)
        }
        ("endpoint of another service", _) => field(column, "compute_endpoint_override", here, OTC),
        ("id of a project", Options) => one(
            "--project-id",
            "other",
            &["dcs.eu-de.otc.t-systems.com: project other, token token-base"],
        ),
        ("id of a project", Sdk) => one(
            "HUAWEICLOUD_SDK_PROJECT_ID",
            "other",
            &["dcs.cn-north-4.myhuaweicloud.com: project other, access-key key-base"],
        ),
        ("id of a project", Terraform) => one(
            "HW_PROJECT_ID",
            "other",
            &["dcs.cn-north-4.myhuaweicloud.com: project other, access-key key-base"],
        ),
        ("id of a project", _) => field(
            column,
            "auth.project_id",
            "other",
            &["dcs.eu-de.otc.t-systems.com: project other, token token-base"],
        ),
        ("name of a project", Options) => {
            Some(one("--project-name", "named", BY_NAME)?.without("--project-id"))
        }
        ("name of a project", Terraform) => {
            let requests: &[_] = &[
                "iam.cn-north-4.myhuaweicloud.com: find project named, access-key key-base",
                "dcs.cn-north-4.myhuaweicloud.com: project id-of-named, access-key key-base",
            ];
            Some(one("HW_PROJECT_NAME", "named", requests)?.without("HW_PROJECT_ID"))
        }
        ("name of a project", _) => {
            let name = field(column, "auth.project_name", "named", BY_NAME)?;
            Some(name.without(column.name("auth.project_id")?))
        }
        ("tenant, the old name of a project", _) => {
            let name = field(column, "auth.tenant_name", "named", BY_NAME)?;
            Some(name.without(column.name("auth.project_id")?))
        }
        ("domain of a project, the user's" | "domain of a project, another one", _) => {
            let (domain, requests): (_, &[_]) = if row.ends_with("another one") {
                ("other", REFUSED)
            } else {
                let requests = &[
                    "iam.eu-de.otc.t-systems.com: log in, user u of domain d with password password-u",
                    "dcs.eu-de.otc.t-systems.com: project id-of-named, token of-u",
                ];
                ("d", requests)
            };
            let user = user(column, requests).filter(|_| is_openstacks)?;
            let user = user.without(column.name("auth.project_id")?);
            let user = user.and(column.name("auth.project_name")?, "named");
            Some(user.and(column.name("auth.project_domain_name")?, domain))
        }
        ("token", Options) => one("--token", "t", REFUSED),
        ("token", _) => field(
            column,
            "auth.token",
            "token-other",
            &["dcs.eu-de.otc.t-systems.com: project p, token token-other"],
        ),
        ("access key", Options) => one("--access-key", "t", REFUSED),
        ("access key", Sdk) => one(
            "HUAWEICLOUD_SDK_AK",
            "key-other",
            &["dcs.cn-north-4.myhuaweicloud.com: project p, access-key key-other"],
        ),
        ("access key", Terraform) => one(
            "HW_ACCESS_KEY",
            "key-other",
            &["dcs.cn-north-4.myhuaweicloud.com: project p, access-key key-other"],
        ),
        ("access key" | "security token", OpenStack | Cloud) => {
            let requests: &[_] = if row == "access key" {
                &["dcs.eu-de.otc.t-systems.com: project p, access-key key-other"]
            } else {
                &["dcs.eu-de.otc.t-systems.com: project p, access-key key-other with token s"]
            };
            let key = field(column, "auth.access_key", "key-other", requests)?;
            let key = key.and(column.name("auth.secret_key")?, "secret");
            let key = key.without(column.name("auth.token")?);
            Some(match row {
                "access key" => key,
                _ => key.and(column.name("auth.security_token")?, "s"),
            })
        }
        ("security token", Options) => one("--security-token", "t", REFUSED),
        ("security token", Sdk) => one(
            "HUAWEICLOUD_SDK_SECURITY_TOKEN",
            "s",
            &["dcs.cn-north-4.myhuaweicloud.com: project p, access-key key-base with token s"],
        ),
        ("security token", Terraform) => one(
            "HW_SECURITY_TOKEN",
            "s",
            &["dcs.cn-north-4.myhuaweicloud.com: project p, access-key key-base with token s"],
        ),
        ("user", Options) => one("--username", "u", REFUSED),
        ("user", Terraform) => user(column, HUAWEIS_USER),
        ("user", _) => user(column, BY_USER),
        ("user by id", Terraform) => {
            let user = user(column, REFUSED)?.without("HW_USER_NAME");
            Some(user.and("HW_USER_ID", "u"))
        }
        ("user by id", _) => {
            let user = user(column, REFUSED)?.without(column.name("auth.username")?);
            Some(user.and(column.name("auth.user_id")?, "u"))
        }
        ("id of a domain beside its name", Terraform) => {
            Some(user(column, HUAWEIS_USER)?.and("HW_DOMAIN_ID", "id"))
        }
        ("id of a domain beside its name", _) => {
            Some(user(column, BY_USER)?.and(column.name("auth.user_domain_id")?, "id"))
        }
        ("kind of credentials: password or token", _) => {
            // A token would count without it.
            let user = user(column, BY_USER).filter(|_| is_openstacks)?;
            let user = user.and(column.name("auth.token")?, "token-other");
            let mut user = user.and(column.name("auth_type")?, "v3password");
            user.unset.clear();
            Some(user)
        }
        ("any other kind of credentials", _) => {
            field(column, "auth_type", "v3applicationcredential", REFUSED)
        }
        ("application credential", _) => {
            field(column, "auth.application_credential_id", "id", REFUSED)
        }
        ("passcode", _) => field(column, "auth.passcode", "123456", REFUSED),
        ("trust", _) => field(column, "auth.trust_id", "id", REFUSED),
        ("identity provider", Sdk) => one("HUAWEICLOUD_SDK_IDP_ID", "id", REFUSED),
        ("identity provider", _) => field(column, "auth.identity_provider", "id", REFUSED),
        ("agency", Terraform) => one("HW_ASSUME_ROLE_AGENCY_NAME", "a", REFUSED),
        ("agency", _) => field(column, "auth.agency_name", "a", REFUSED),
        ("file of credentials", Sdk) => one("HUAWEICLOUD_SDK_CREDENTIALS_FILE", "f", REFUSED),
        ("file of credentials", Terraform) => one("HW_SHARED_CONFIG_FILE", "f", REFUSED),
        // The other authority signs nothing, so that no request arrives.
        ("authorities to trust", _) => field(column, "cacert", &recorder.authority(), OTC),
        ("no check of certificates", Terraform) => one("HW_INSECURE", "true", REFUSED),
        ("no check of certificates", _) => field(column, "verify", "false", REFUSED),
        ("certificate of the client", _) => field(column, "cert", "file.pem", REFUSED),
        ("public interface, version 3 of IAM", _) => {
            let public = field(column, "interface", "public", OTC)?;
            Some(public.and(column.name("identity_api_version")?, "3"))
        }
        ("another interface", _) => field(column, "interface", "internal", REFUSED),
        ("another version of IAM", _) => field(column, "identity_api_version", "2.0", REFUSED),
        ("another cloud than Huawei's", Terraform) => one("HW_CLOUD", "cloud.example", REFUSED),
        ("time limits and retries", Sdk) => one("HUAWEICLOUD_HTTP_TIMEOUT", "9", HUAWEI),
        ("time limits and retries", Terraform) => one("HW_MAX_RETRIES", "9", HUAWEI),
        ("time limits and retries", _) => field(column, "api_timeout", "9", OTC),
        ("options of other services and tools", Sdk) => {
            one("HUAWEICLOUD_SDK_DOMAIN_ID", "id", HUAWEI)
        }
        ("options of other services and tools", Terraform) => {
            one("HW_ENTERPRISE_PROJECT_ID", "id", HUAWEI)
        }
        ("options of other services and tools", _) => field(column, "image_api_version", "2", OTC),
        ("a value with a carriage return at its end", Sdk) => {
            one("HUAWEICLOUD_SDK_AK", "key\r", REFUSED)
        }
        ("a value with a carriage return at its end", Terraform) => {
            one("HW_REGION_NAME", "cn-north-4\r", REFUSED)
        }
        ("a value with a carriage return at its end", _) => {
            field(column, "auth.token", "token\r", REFUSED)
        }
        ("a name that repass does not know", Sdk) => one("HUAWEICLOUD_SDK_X", "x", REFUSED),
        ("a name that repass does not know", Terraform) => one("HW_X", "x", REFUSED),
        ("a name that repass does not know", _) => field(column, "surprise", "x", REFUSED),
        _ => None,
    }
}

/// The text of clouds.yaml with one cloud of these fields.
fn clouds(fields: &Fields) -> String {
    let mut cloud = json!({});
    for (name, value) in fields {
        match name.strip_prefix("auth.") {
            Some(name) => cloud["auth"][name] = value.clone(),
            None => cloud[name] = value.clone(),
        }
    }
    json!({"clouds": {"c": cloud}}).to_string()
}

#[test]
fn each_setting_of_each_source_does_what_the_table_says() {
    let recorder = Recorder::start();
    let mut tried = 0;
    for row in table("Setting by source") {
        let [setting, cells @ ..] = row.as_slice() else {
            panic!("{row:?}");
        };
        for (column, cell) in COLUMNS.into_iter().zip(cells) {
            let place = format!("{setting}, {column:?}: {cell}");
            let Some(what) = try_of(setting, column, &recorder) else {
                assert_eq!(*cell, "–", "{place}");
                continue;
            };
            tried += 1;
            let requests = match *cell {
                "refused" => REFUSED,
                "harmless" if what.requests.len() == 1 => unchanged(column),
                "harmless" | "in force" => what.requests,
                _ => panic!("{place}"),
            };
            assert_eq!(requests, what.requests, "{place}");
            let mut fields = column.base();
            fields.extend(what.set);
            for name in &what.unset {
                fields.remove(name);
            }
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let mut options = String::new();
            let mut variables = Vec::new();
            let mut cloud = String::new();
            match column {
                Column::Options => {
                    for (name, value) in &fields {
                        options += &format!(" {name} {}", text(value));
                    }
                    variables.push(("OS_TOKEN".to_owned(), "token-base".to_owned()));
                }
                Column::Cloud => {
                    options = "--cloud c".to_owned();
                    cloud = clouds(&fields);
                }
                _ => variables.extend(
                    fields
                        .iter()
                        .map(|(name, value)| (name.clone(), text(value))),
                ),
            }
            let folder = folder(&[("clouds.yaml", &cloud)]);
            let (run, recorded) = recorder.call(&options, &variables, folder.path());
            let recorded: Vec<_> = recorded.iter().map(ToString::to_string).collect();
            assert_eq!(recorded, requests, "{place}: {}", run.transcript());
            let code = if requests.is_empty() { 2 } else { 1 };
            assert_eq!(run.code, Some(code), "{place}: {}", run.transcript());
            if code == 2 {
                let names_it = match column {
                    Column::Cloud => run.stderr.contains("clouds.yaml, line 1"),
                    _ => fields.keys().any(|name| run.stderr.contains(name.as_str())),
                };
                assert!(names_it, "{place}: {}", run.stderr);
            }
        }
    }
    assert!(tried > 110, "{tried}");
}

#[test]
fn sources_beside_each_other_do_what_the_table_says() {
    let recorder = Recorder::start();
    for row in table("Sources beside each other") {
        let [options, variables, cloud, result] = row.as_slice() else {
            panic!("{row:?}");
        };
        let with_here = |text: &str| text.replace("HERE", &recorder.url);
        let mut options = with_here(&code(options).concat());
        let variables = with_here(&code(variables).concat());
        let mut variables: Vec<_> = variables
            .split_whitespace()
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut cloud = with_here(&code(cloud).concat());
        if !cloud.is_empty() {
            cloud = cloud.replace("auth: {t", "auth: {project_id: p, t");
            cloud = cloud.replace("auth: {u", "auth: {project_id: p, u");
            cloud = cloud.replace(
                "project_id: p, token: token-c, project_id",
                "token: token-c, project_id",
            );
        } else {
            variables.push(("OS_PROJECT_ID".to_owned(), "p".to_owned()));
        }
        if !cloud.is_empty() {
            options += " --cloud c";
        }
        let folder = folder(&[("clouds.yaml", &format!("clouds: {{c: {cloud}}}"))]);
        let (run, recorded) = recorder.call(&options, &variables, folder.path());
        let recorded: Vec<_> = recorded.iter().map(ToString::to_string).collect();
        if result.starts_with("refused") {
            assert_eq!(run.code, Some(2), "{row:?}: {}", run.transcript());
            for part in code(result) {
                assert!(run.stderr.contains(part), "{row:?}: {}", run.stderr);
            }
        } else {
            assert_eq!(recorded, code(result), "{row:?}: {}", run.transcript());
            assert_eq!(run.code, Some(1), "{row:?}: {}", run.transcript());
        }
    }
}

/// The mixes of the property in `src/settings/properties.rs`, with the binary and real requests.
#[test]
fn credentials_stay_with_their_operator() {
    let recorder = Recorder::start();
    let mut runner = TestRunner::deterministic();
    let (mut tried, mut called) = (0, 0);
    while called < 24 {
        let mix = mixes::mixes().new_tree(&mut runner).unwrap().current();
        let files = mix.files(&recorder.url);
        let files: Vec<_> = files
            .iter()
            .map(|(name, text)| (*name, text.as_str()))
            .collect();
        let folder = folder(&files);
        let variables = mix.variables(&recorder.url);
        let options = mix.options(&recorder.url);
        let (run, requests) = recorder.call(&options, &variables, folder.path());
        for request in &requests {
            let told = format!("{request}: {options} {variables:?} {files:?}");
            // A token that a login gave is of the user, `of-user-os`.
            let credentials = match request.credentials.split_once(" with password ") {
                Some((user, password)) => {
                    let name = user.split(' ').nth(1).unwrap();
                    assert!(mix.may_get(&request.host, name), "{told}");
                    format!("{name} {password}")
                }
                None => request.credentials.clone(),
            };
            assert!(mix.may_get(&request.host, &credentials), "{told}");
        }
        assert!(
            requests.is_empty() == (run.code == Some(2)),
            "{}",
            run.transcript()
        );
        tried += 1;
        called += usize::from(!requests.is_empty());
        assert!(tried < 1000, "{called}");
    }
}

#[test]
fn only_the_named_authorities_are_trusted() {
    let recorder = Recorder::start();
    let folder = folder(&[]);
    let run = |file: String| {
        let variables = [("OS_TOKEN", "token-os".to_owned()), ("OS_CACERT", file)];
        let mut command = recorder.command(
            "dcs reset-password --instance-id i --generate --region eu-de --project-id p",
            folder.path(),
        );
        repass::run(command.envs(variables).env_remove("SSL_CERT_FILE"))
    };
    let trusted = run(recorder.authority());
    assert_eq!(
        (trusted.code, recorder.take().len()),
        (Some(1), 1),
        "{}",
        trusted.stderr
    );
    let other = run(recorder.other_authority());
    assert_eq!(
        (other.code, recorder.take().len()),
        (Some(1), 0),
        "{}",
        other.stderr
    );
    for file in ["nowhere.pem".to_owned(), "/dev/null".to_owned()] {
        let run = run(file);
        assert_eq!(
            (run.code, recorder.take().len()),
            (Some(2), 0),
            "{}",
            run.stderr
        );
        assert!(
            run.stderr.starts_with("error: OS_CACERT: "),
            "{}",
            run.stderr
        );
    }
}

/// A kind of file, the files with their names, and the options.
type Example = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
);

/// Whole files as people have them.
const FILES: &[Example] = &[
    (
        "a sample of the vendor: no region, a port, and a key for storage outside of auth",
        &[(
            "clouds.yaml",
            "clouds:
  otc:
    auth:
      username: 'USER_NAME'
      password: 'PASS-WORD'
      project_name: 'eu-de'
      auth_url: 'https://iam.eu-de.otc.t-systems.com:443/v3'
      user_domain_name: 'OTC00000000001000000xxx'
    interface: 'public'
    identity_api_version: 3 # !Important
    ak: 'AK_VALUE' # AK/SK pair for access to OBS
    sk: 'SK_VALUE'
",
        )],
        "",
    ),
    (
        "a sample of the vendor: the domain by its id",
        &[(
            "clouds.yaml",
            "clouds:
  otc:
    region_name: eu-de
    auth:
      username: 'USERNAME2'
      password: 'PASSWORD2'
      project_id: 'PROJECT-ID2'
      user_domain_id: 'DOMAIN-ID2'
      auth_url: 'https://iam.eu-de.otc.t-systems.com:443/v3'
",
        )],
        "",
    ),
    (
        "a sample of the vendor: the password apart",
        &[
            (
                "clouds.yaml",
                "clouds:
  otc:
    auth:
      username: 'USER_NAME'
      project_name: 'eu-de'
      auth_url: 'https://iam.eu-de.otc.t-systems.com:443/v3'
      user_domain_name: 'OTC00000000001000000xxx'
    interface: 'public'
    identity_api_version: 3 # !Important
",
            ),
            (
                "secure.yaml",
                "clouds:
  otc:
    auth:
      password: 'PASS-WORD'
",
            ),
        ],
        "",
    ),
    (
        "the profile of the vendor, and one of its regions",
        &[(
            "clouds.yaml",
            "clouds:
  otc:
    profile: otc
    region_name: eu-nl
    auth:
      token: token-otc
      project_name: eu-nl_team
",
        )],
        "",
    ),
    (
        "the profile of the vendor: its first region",
        &[(
            "clouds.yaml",
            "clouds: {otc: {cloud: otc, auth: {token: token-otc}}}",
        )],
        "",
    ),
    (
        "the profile of the vendor: the region of the option",
        &[(
            "clouds.yaml",
            "clouds: {otc: {profile: otc, auth: {token: token-otc}}}",
        )],
        "--region eu-nl",
    ),
    (
        "a profile of one's own",
        &[
            (
                "clouds.yaml",
                "clouds:
  otc:
    profile: partner
    auth: {username: u, password: password-u, project_id: p}
",
            ),
            (
                "clouds-public.yaml",
                "public-clouds:
  partner:
    region_name: eu-west-0
    dcs_endpoint_override: https://dcs.prod-cloud-ocb.orange-business.com
    auth:
      auth_url: https://iam.{region_name}.prod-cloud-ocb.orange-business.com/v3
      user_domain_name: OCB0000001
",
            ),
        ],
        "",
    ),
    (
        "a profile that repass does not have",
        &[(
            "clouds.yaml",
            "clouds: {otc: {profile: otc-swiss, auth: {token: token-otc, project_id: p}}}",
        )],
        "",
    ),
    (
        "a partner of Huawei, without the endpoints of the services",
        &[(
            "clouds.yaml",
            "clouds:
  otc:
    region_name: eu-west-0
    auth:
      auth_url: https://iam.eu-west-0.prod-cloud-ocb.orange-business.com/v3
      username: u
      password: password-u
      user_domain_name: OCB0000001
      project_name: eu-west-0
",
        )],
        "",
    ),
    (
        "Huawei Cloud with its global IAM, and an access key",
        &[(
            "clouds.yaml",
            "clouds:
  otc:
    region_name: ap-southeast-3
    auth:
      auth_url: https://iam.myhuaweicloud.com/v3
      ak: AK
      sk: SECRET
      project_id: p
",
        )],
        "",
    ),
    (
        "merge keys",
        &[(
            "clouds.yaml",
            "x-auth: &auth
  auth_url: https://iam.eu-de.otc.t-systems.com/v3
  user_domain_name: OTC-1
x-user: &user {username: alice, password: password-a}
x-base: &base
  interface: public
  region_name: eu-nl
clouds:
  otc:
    <<: *base
    region_name: eu-de
    auth:
      <<: [*user, *auth]
      project_id: p
",
        )],
        "",
    ),
    (
        "numbers as ids",
        &[(
            "clouds.yaml",
            "clouds:
  otc:
    region_name: eu-de
    auth:
      token: 12345678901234567890123456789012
      project_id: 12345678901e34567890123456789012
",
        )],
        "",
    ),
    (
        "a number that is not an id",
        &[(
            "clouds.yaml",
            "clouds:
  otc:
    region_name: eu-de
    auth:
      token: token-otc
      project_id: 0123
",
        )],
        "",
    ),
    (
        "lines of Windows",
        &[(
            "clouds.yaml",
            "clouds:\r\n  otc:\r\n    region_name: eu-de\r\n    auth:\r\n      token: token-otc\r\n      \
             project_id: p\r\n",
        )],
        "",
    ),
    (
        "two documents",
        &[(
            "clouds.yaml",
            "clouds: {otc: {region_name: eu-de, auth: {token: token-otc, project_id: p}}}
---
clouds: {otc: {region_name: eu-nl}}
",
        )],
        "",
    ),
    (
        "JSON",
        &[(
            "clouds.json",
            r#"{"clouds": {"otc": {"region-name": "eu-de", "auth": {"auth-token": "token-otc", "project-id": "p"}}}}"#,
        )],
        "",
    ),
    (
        "regions with values",
        &[(
            "clouds.yaml",
            "clouds:
  otc:
    regions:
      - name: eu-de
        values: {auth: {project_id: in-de}}
      - name: eu-nl
        values: {auth: {project_id: in-nl}, dcs_endpoint_override: https://dcs.eu-nl.otc.t-systems.com/v1.0}
    auth:
      auth_url: https://iam.{region_name}.otc.t-systems.com/v3
      token: token-otc
",
        )],
        "--region eu-nl",
    ),
    (
        "the region of the option before that of the variable",
        &[(
            "clouds.yaml",
            "clouds:
  otc:
    regions:
      - name: eu-de
        values: {auth: {project_id: in-de}}
      - name: eu-nl
        values: {auth: {project_id: in-nl}}
    auth: {token: token-otc}
",
        )],
        "--region eu-nl",
    ),
    (
        "a region beside a list that begins with another one",
        &[(
            "clouds.yaml",
            "clouds:
  otc:
    region_name: eu-nl
    regions: [eu-de, eu-nl]
    auth: {token: token-otc, project_id: p}
",
        )],
        "",
    ),
    (
        "project and domain outside of auth",
        &[(
            "clouds.yaml",
            "clouds:
  otc:
    region_name: eu-de
    project_name: eu-de_team
    user_domain_name: OTC-1
    username: alice
    password: password-a
    auth_type: password
",
        )],
        "",
    ),
    (
        "two projects in one cloud",
        &[(
            "clouds.yaml",
            "clouds:
  otc:
    region_name: eu-de
    project_id: one
    auth:
      project_id: two
      token: token-otc
",
        )],
        "",
    ),
    (
        "an application credential",
        &[(
            "clouds.yaml",
            "clouds:
  otc:
    auth_type: v3applicationcredential
    region_name: eu-de
    auth:
      auth_url: https://iam.eu-de.otc.t-systems.com/v3
      application_credential_id: id
      application_credential_secret: secret-a
",
        )],
        "",
    ),
    (
        "no check of certificates",
        &[(
            "clouds.yaml",
            "clouds:
  otc:
    region_name: eu-de
    verify: false
    auth: {token: token-otc, project_id: p}
",
        )],
        "",
    ),
    (
        "the region below auth",
        &[(
            "clouds.yaml",
            "clouds:
  otc:
    auth:
      region_name: eu-de
      auth_url: https://iam.myhuaweicloud.com/v3
      token: token-otc
      project_id: p
",
        )],
        "",
    ),
    (
        "no region",
        &[(
            "clouds.yaml",
            "clouds:
  otc:
    auth:
      auth_url: https://iam.myhuaweicloud.com/v3
      token: token-otc
      project_id: p
",
        )],
        "",
    ),
    (
        "no region and no endpoint",
        &[(
            "clouds.yaml",
            "clouds:
  otc:
    auth: {token: token-otc, project_id: p}
",
        )],
        "",
    ),
    (
        "an emulator",
        &[(
            "clouds.yaml",
            "clouds:
  otc:
    dcs_endpoint_override: HERE
    auth: {username: u, password: password-u, user_domain_name: d, project_name: demo}
",
        )],
        "",
    ),
];

#[test]
fn whole_files_do_what_they_say_or_are_refused() {
    let recorder = Recorder::start();
    let mut told = String::new();
    for (what, files, options) in FILES {
        let files: Vec<_> = files
            .iter()
            .map(|(name, text)| (*name, text.replace("HERE", &recorder.url)))
            .collect();
        let files: Vec<_> = files
            .iter()
            .map(|(name, text)| (*name, text.as_str()))
            .collect();
        let folder = folder(&files);
        let variables = if what.ends_with("that of the variable") {
            vec![("OS_REGION_NAME".to_owned(), "eu-de".to_owned())]
        } else {
            Vec::new()
        };
        let options = format!("--cloud otc {options}");
        let (run, recorded) = recorder.call(&options, &variables, folder.path());
        let shown = if recorded.is_empty() {
            assert_eq!(run.code, Some(2), "{what}: {}", run.transcript());
            run.stderr
        } else {
            assert_eq!(run.code, Some(1), "{what}: {}", run.transcript());
            recorded
                .iter()
                .map(|request| format!("{request}\n"))
                .collect()
        };
        told += &format!("# {what}\n{shown}\n");
    }
    insta::assert_snapshot!(told);
}
