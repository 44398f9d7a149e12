//! Every row of `src/states.md`, over HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "reading the table is part of the tests"
)]

mod http;

use std::collections::HashMap;
use std::time::Duration;

use http::{Answer, path, send_with};
use repass_emulator::{
    Account, Clock, DcsResetDuringLock, DdmAdminSuccess, DdmErrors, Emulator, Fleet, Instance,
    Kind, Options, Project, State,
};
use serde_json::{Value, json};

const TABLE: &str = include_str!("../src/states.md");

/// An operation: its column, and its request.
struct Operation {
    column: &'static str,
    method: &'static str,
    path: String,
    body: Value,
    /// What is sent in place of the body.
    bytes: Option<&'static str>,
    token: Option<&'static str>,
}

fn operation(column: &'static str) -> Operation {
    let account = "users/ddmtest/password";
    let (method, path, body) = match column {
        "DDM account reset" => (
            "post",
            path("v2", Fleet::DDM_ID, account),
            json!({"password": "Account-Example-2024"}),
        ),
        "DDM administrator" => (
            "put",
            path("v3", Fleet::DDM_ID, "admin-user"),
            json!({"name": "root", "password": "Admin-Example-2024"}),
        ),
        "DCS change" => (
            "put",
            path("v2", Fleet::DCS_ID, "password"),
            json!({"old_password": Fleet::DCS_PASSWORD, "new_password": "Redis-Example-2024"}),
        ),
        "DCS reset" => (
            "post",
            path("v2", Fleet::DCS_ID, "password/reset"),
            json!({"new_password": "Redis-Example-2024"}),
        ),
        "DMS reset" => (
            "post",
            path("v2", Fleet::DMS_ID, "password"),
            json!({"new_password": "Kafka-Example-2024"}),
        ),
        other => panic!("the table has a column of nothing: {other}"),
    };
    Operation {
        column,
        method,
        path,
        body,
        bytes: None,
        token: Some(Fleet::TOKEN),
    }
}

/// What is emulated, what is done first, and what is asked then.
struct Scene {
    fleet: Fleet,
    before: Vec<Before>,
    operation: Operation,
}

/// Something that is done before the request.
enum Before {
    /// This many changes with a wrong old password.
    Wrong(usize),
    /// The operation in this column, with the password that the instance has already.
    Do(&'static str),
    Wait(u64),
}

/// A state by its name in the table, and how it comes about.
type Setup = (&'static str, fn(&mut Scene));

const SETUPS: &[Setup] = &[
    ("running", |_| {}),
    ("no token", |scene| scene.operation.token = None),
    ("no body", |scene| scene.operation.bytes = Some("")),
    ("a body that is no JSON", |scene| {
        scene.operation.bytes = Some("{")
    }),
    ("an id that is no UUID", |scene| scene.replace_id("no-uuid")),
    ("no such instance", |scene| {
        scene.replace_id("00000000-0000-4000-8000-000000000000");
    }),
    ("an instance of another project", |scene| {
        scene.add_project();
        scene.each(|instance| instance.project_id = "another".to_owned());
    }),
    ("an instance of another service, stopped", |scene| {
        scene.each(|instance| instance.state = State::Stopped);
        let other = match scene.operation.column {
            "DMS reset" => Fleet::DCS_ID,
            _ => Fleet::DMS_ID,
        };
        scene.replace_id(other);
    }),
    ("a project that the token is not for", |scene| {
        scene.add_project();
        scene.operation.path = scene.operation.path.replace(Fleet::PROJECT_ID, "another");
    }),
    ("stopped", |scene| {
        scene.each(|instance| instance.state = State::Stopped);
    }),
    ("a change runs", |scene| {
        scene.each(|instance| instance.change_seconds = 60);
        scene.before = vec![Before::Do("DCS change"), Before::Wait(59)];
    }),
    ("a reset runs", |scene| {
        let reset = scene.reset();
        scene.before = vec![Before::Do(reset), Before::Wait(59)];
    }),
    ("the reset has ended", |scene| {
        let reset = scene.reset();
        scene.before = vec![Before::Do(reset), Before::Wait(61)];
    }),
    ("no such account", |scene| {
        scene.operation.path = scene.operation.path.replace("ddmtest", "nobody");
    }),
    ("a password that breaks the rules", |scene| {
        scene.password("short")
    }),
    ("a weak password", |scene| scene.password("Admin@123")),
    ("the administrator is there", |scene| {
        scene.administrator("root")
    }),
    ("another administrator is there", |scene| {
        scene.administrator("first")
    }),
    ("a wrong old password", |scene| scene.wrong()),
    ("the fifth wrong old password", |scene| {
        scene.before = vec![Before::Wrong(4)];
        scene.wrong();
    }),
    ("locked", |scene| scene.before = vec![Before::Wrong(5)]),
    ("locked for two minutes by now", |scene| {
        scene.before = vec![Before::Wrong(5), Before::Wait(121)];
    }),
    ("the lock has ended", |scene| {
        scene.before = vec![Before::Wrong(5), Before::Wait(301)];
    }),
    ("password-free", |scene| {
        scene.each(|instance| {
            if let Kind::Dcs(dcs) = &mut instance.kind {
                dcs.password = None;
            }
        });
    }),
    ("a reset to password-free", |scene| {
        if scene.operation.column == "DCS reset" {
            scene.operation.body = json!({"no_password_access": true});
        }
    }),
    ("SSL is off", |scene| {
        let path = &mut scene.operation.path;
        *path = path.replace(Fleet::DMS_ID, Fleet::DMS_WITHOUT_SSL_ID);
    }),
];

impl Scene {
    fn each(&mut self, change: impl Fn(&mut Instance)) {
        self.fleet.instances.iter_mut().for_each(change);
    }

    fn add_project(&mut self) {
        self.fleet.projects.push(Project {
            id: "another".to_owned(),
            name: "another".to_owned(),
            token: None,
        });
    }

    fn replace_id(&mut self, id: &str) {
        for known in [Fleet::DDM_ID, Fleet::DCS_ID, Fleet::DMS_ID] {
            self.operation.path = self.operation.path.replace(known, id);
        }
    }

    fn password(&mut self, password: &str) {
        for field in ["password", "new_password"] {
            if let Some(value) = self.operation.body.get_mut(field) {
                *value = json!(password);
            }
        }
    }

    fn wrong(&mut self) {
        self.operation.body["old_password"] = json!("Wrong");
    }

    /// Lets each change take a minute, and gives the reset of the service.
    fn reset(&mut self) -> &'static str {
        self.each(|instance| {
            instance.change_seconds = 60;
            // What the reset sets is the old password of a change that follows.
            if let Kind::Dcs(dcs) = &mut instance.kind {
                dcs.password = Some("Redis-Example-2022".into());
            }
        });
        if let Some(old) = self.operation.body.get_mut("old_password") {
            *old = json!("Redis-Example-2024");
            self.password("Redis-Example-2025");
        }
        match self.operation.column {
            "DCS change" => "DCS reset",
            other => other,
        }
    }

    fn administrator(&mut self, name: &str) {
        self.each(|instance| {
            if let Kind::Ddm(ddm) = &mut instance.kind {
                ddm.administrator = Some(Account {
                    username: name.to_owned(),
                    password: "Admin-Example-2023".into(),
                });
            }
        });
    }

    async fn play(self) -> Answer {
        let clock = Clock::default();
        let options = Options {
            clock: clock.clone(),
            ..Options::default()
        };
        let emulator = Emulator::start_with(self.fleet, options).await.unwrap();
        for before in self.before {
            match before {
                Before::Wrong(times) => {
                    let mut wrong = operation("DCS change");
                    wrong.body["old_password"] = json!("Wrong");
                    for _ in 0..times {
                        ask(&emulator, &wrong).await;
                    }
                }
                Before::Do(column) => {
                    let (status, _) = ask(&emulator, &operation(column)).await;
                    assert!(status < 300);
                }
                Before::Wait(seconds) => clock.advance(Duration::from_secs(seconds)),
            }
        }
        ask(&emulator, &self.operation).await
    }
}

async fn ask(emulator: &Emulator, operation: &Operation) -> Answer {
    let body = operation.body.to_string();
    let body = operation.bytes.unwrap_or(&body);
    send_with(
        emulator,
        operation.method,
        &operation.path,
        body,
        operation.token,
    )
    .await
}

/// An answer as a cell of the table has it.
fn told((status, body): &Answer) -> String {
    let text = |field: &str| body[field].as_str();
    let mut told = status.to_string();
    for field in ["errCode", "error_code", "result"] {
        told += &text(field)
            .map(|text| format!(" `{text}`"))
            .unwrap_or_default();
    }
    match (text("result"), text("lock_time")) {
        (Some("passwordFailed"), lock) => {
            told += &format!(", tries {}", text("retry_times_left").unwrap());
            told += &lock
                .map(|lock| format!(", lock {lock}"))
                .unwrap_or_default();
        }
        (Some("locked"), _) => told += &format!(", left {}", text("lock_time_left").unwrap()),
        _ => {}
    }
    if let Some(code) = text("code") {
        told += &format!(" code `{code}`");
    }
    if body["success"] == true {
        told += " `success` true";
    }
    if body["job_id"].is_string() {
        told += " with a job id";
    }
    told
}

fn cells(row: &'static str) -> Vec<&'static str> {
    let row = row.trim_start_matches("| ").trim_end_matches(" |");
    row.split(" | ").collect()
}

#[tokio::test]
async fn every_row_is_what_the_emulator_answers() {
    let mut rows = TABLE.lines().filter(|line| line.starts_with("| "));
    let columns = cells(rows.next().unwrap());
    let operations = &columns[1..columns.len() - 1];
    assert_eq!(operations.len(), 5);
    let rows: Vec<_> = (rows.skip(1).map(cells))
        .take_while(|row| row.len() == columns.len())
        .collect();
    let running: HashMap<_, _> = operations
        .iter()
        .zip(rows[0][1..].iter().copied())
        .collect();
    let mut walked = Vec::new();
    for row in rows {
        let state = row[0];
        let setup = SETUPS.iter().find(|(name, _)| *name == state);
        let (_, setup) = setup.unwrap_or_else(|| panic!("no setup for the row {state}"));
        for (column, cell) in operations.iter().zip(&row[1..]) {
            let expected = match *cell {
                // The state is none of this operation's, and changes nothing for it.
                "–" => running[column],
                cell => cell,
            };
            let mut scene = Scene {
                fleet: Fleet::built_in(),
                before: Vec::new(),
                operation: operation(column),
            };
            setup(&mut scene);
            assert_eq!(told(&scene.play().await), expected, "{state}, {column}");
        }
        assert!(row[row.len() - 1].len() > 5, "{state} has no source");
        walked.push(state);
    }
    let setups: Vec<_> = SETUPS.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        walked, setups,
        "each state is a row, once, in the same order"
    );
}

#[tokio::test]
async fn settings_decide_where_documents_disagree() {
    let admin = || operation("DDM administrator");
    let bad = || {
        let mut bad = operation("DDM account reset");
        bad.body["password"] = json!("short");
        bad
    };
    let reset = || operation("DCS reset");
    type Set = fn(&mut Fleet);
    let rows: [(&str, &str, Set, Operation, &str); 8] = [
        (
            "ddm_errors",
            "err_code",
            |_| {},
            bad(),
            r#"400 externalMessage errCode"#,
        ),
        (
            "ddm_errors",
            "error_code",
            |fleet| fleet.settings.ddm_errors = DdmErrors::ErrorCode,
            bad(),
            "400 error_code error_msg",
        ),
        (
            "ddm_admin_success",
            "ok",
            |_| {},
            admin(),
            "200 instance_id job_id",
        ),
        (
            "ddm_admin_success",
            "ok_empty",
            |fleet| fleet.settings.ddm_admin_success = DdmAdminSuccess::OkEmpty,
            admin(),
            "200",
        ),
        (
            "ddm_admin_success",
            "accepted",
            |fleet| fleet.settings.ddm_admin_success = DdmAdminSuccess::Accepted,
            admin(),
            "202 job_id",
        ),
        (
            "ddm_admin_success",
            "accepted_empty",
            |fleet| fleet.settings.ddm_admin_success = DdmAdminSuccess::AcceptedEmpty,
            admin(),
            "202",
        ),
        ("dcs_reset_during_lock", "works", |_| {}, reset(), "1"),
        (
            "dcs_reset_during_lock",
            "refused",
            |fleet| fleet.settings.dcs_reset_during_lock = DcsResetDuringLock::Refused,
            reset(),
            "3",
        ),
    ];
    for (setting, value, set, operation, expected) in rows {
        assert!(TABLE.contains(&format!("`{setting}`")) && TABLE.contains(&format!("`{value}`")));
        let mut fleet = Fleet::built_in();
        set(&mut fleet);
        // The file has the same names.
        let written = serde_json::to_value(fleet.settings).unwrap();
        assert_eq!(written[setting], value);
        let scene = Scene {
            fleet,
            before: vec![Before::Wrong(5)],
            operation,
        };
        let (status, body) = scene.play().await;
        let mut told = status.to_string();
        for (name, _) in body.as_object().into_iter().flatten() {
            told += &format!(" {name}");
        }
        if let Some(code) = body["code"].as_str() {
            told = code.to_owned();
        }
        let mut words: Vec<_> = told.split(' ').collect();
        let mut expected: Vec<_> = expected.split(' ').collect();
        words.sort_unstable();
        expected.sort_unstable();
        assert_eq!(words, expected, "{setting}: {value}");
    }
}

/// The table, the file of the contract and the code have the same kinds of faults.
#[tokio::test]
async fn every_kind_of_fault_is_a_row() {
    let contract: Value =
        serde_saphyr::from_str(include_str!("../../../openapi/emulator.yaml")).unwrap();
    let kinds = &contract["components"]["schemas"]["Fault"]["properties"]["fault"];
    let kinds: Vec<_> = (kinds["x-extensible-enum"].as_array().unwrap().iter())
        .map(|kind| kind.as_str().unwrap())
        .collect();
    let rows = TABLE
        .lines()
        .skip_while(|line| !line.starts_with("| fault |"))
        .skip(2);
    let emulator = Emulator::start(Fleet::built_in()).await.unwrap();
    let mut in_table = Vec::new();
    for row in rows.take_while(|line| line.starts_with("| ")).map(cells) {
        let kind = row[0].trim_matches('`');
        in_table.push(kind);
        let mut fault = json!({ "fault": kind });
        let fields = row
            .get(2)
            .copied()
            .unwrap_or_default()
            .trim_end_matches('|')
            .trim();
        for field in fields.split(", ").filter(|field| !field.is_empty()) {
            let field = field.trim_matches('`');
            fault[field] = match field {
                "when" => "after".into(),
                "status" => 500.into(),
                "headers" => json!({}),
                "code" | "message" | "body" => "text".into(),
                _ => 1.into(),
            };
        }
        let fault = fault.to_string();
        let (status, answer) =
            send_with(&emulator, "post", "/_emulator/faults", &fault, None).await;
        assert_eq!(status, 201, "{fault}: {answer}");
    }
    assert_eq!(in_table, kinds);
    // A kind that is none names those that the code has.
    let none = r#"{"fault":"none"}"#;
    let (_, answer) = send_with(&emulator, "post", "/_emulator/faults", none, None).await;
    let known = kinds
        .iter()
        .map(|kind| format!("`{kind}`"))
        .collect::<Vec<_>>()
        .join(", ");
    assert!(
        answer["error_msg"].as_str().unwrap().contains(&known),
        "{answer}"
    );
}
