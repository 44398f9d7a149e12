//! Logins against real servers, and against servers that fail in every way.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the steps are part of the tests"
)]

mod servers;

use std::fmt::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use repass_client::Secret;
use repass_rotate::login::{CaCertificates, InvalidCa, Login, LoginResult, TlsOptions};
use serde_json::json;

use self::servers::certificates::{Authority, Identity};
use self::servers::fake::Fake;
use self::servers::kafka::{Fault, Kafka, Seen};
use self::servers::mariadb::MariaDb;
use self::servers::mysql::MySql;
use self::servers::redis::Redis;
use self::servers::{free_port, kafka, mysql};

const PASSWORD: &str = "hunter2-%+/=,~ A";
const WRONG: &str = "hunter3-%+/=,~ A";
/// Long enough for a busy machine. No test waits for it.
const DEADLINE: Duration = Duration::from_secs(30);

/// Logs in, and checks that nothing shows the password.
async fn attempt(url: &str, user: Option<&str>, tls: TlsOptions, password: &str) -> LoginResult {
    let login = Login::parse(url, user, tls).unwrap();
    attempt_within(&login, password, DEADLINE).await
}

async fn attempt_within(login: &Login, password: &str, deadline: Duration) -> LoginResult {
    let result = login.try_password(&Secret::from(password), deadline).await;
    let shown = format!("{login:?} {login} {result:?}");
    assert!(!shown.contains("hunter"), "{shown}");
    result
}

fn system() -> TlsOptions {
    TlsOptions::default()
}

/// Returns the reason of a result that is unknown.
fn unknown(result: LoginResult) -> String {
    match result {
        LoginResult::Unknown(reason) => reason,
        result => panic!("{result:?}"),
    }
}

#[test]
fn addresses_are_parsed_strictly_and_never_repeated() {
    let authority = Authority::new();
    let mut told = String::new();
    for (url, user) in [
        ("redis://127.0.0.1:6379", None),
        ("redis://localhost:6379", None),
        ("redis://[::1]:6379", None),
        ("redis://10.0.0.5:6379", None),
        ("redis://10.0.0.5:6379?tls=off", None),
        ("rediss://10.0.0.5:6379", None),
        ("rediss://10.0.0.5:6379/", Some("app")),
        ("rediss://10.0.0.5:6379?tls=verify-full", None),
        ("rediss://10.0.0.5:6379?tls=off", None),
        ("redis://127.0.0.1:6379?tls=verify-full", None),
        ("rediss://cache.example:6379?tls=verify-ca", None),
        ("mysql://10.0.0.7:3306", Some("orders")),
        ("mysql://10.0.0.7:3306?tls=off", Some("orders")),
        ("mysql://10.0.0.7:3306", None),
        ("mysql://10.0.0.7:3306", Some("")),
        ("mysql://10.0.0.7:3306", Some("hunter\0two")),
        ("kafka://10.0.0.6:9093", Some("app")),
        ("kafka://10.0.0.6:9092?tls=off", Some("app")),
        ("kafka://10.0.0.6:9093?mechanism=SCRAM-SHA-256", Some("app")),
        ("kafka://10.0.0.6:9093?mechanism=GSSAPI", Some("app")),
        ("kafka://10.0.0.6:9092?tls=off&mechanism=PLAIN", Some("app")),
        (
            "kafka://127.0.0.1:9092?tls=off&mechanism=PLAIN",
            Some("app"),
        ),
        ("kafka://10.0.0.6:9093", None),
        ("kafka://10.0.0.6:9093?tls=verify-ca&tls=off", Some("app")),
        ("mysql://10.0.0.7:3306?mechanism=PLAIN", Some("app")),
        ("rediss://10.0.0.5", None),
        ("rediss://10.0.0.5:0x1", None),
        ("rediss://:6379", None),
        ("rediss:6379", None),
        ("rediss://ho st:6379", None),
        ("10.0.0.5:6379", None),
        ("https://10.0.0.5:6379", None),
        ("hunter2", None),
        ("hunter2://10.0.0.5:6379", None),
        ("rediss://:hunter2@10.0.0.5:6379", None),
        ("rediss://hunter2@10.0.0.5:6379", None),
        ("rediss://app:hunter2@10.0.0.5:6379", None),
        ("rediss://app:hunter2#@10.0.0.5:6379", None),
        ("rediss://app:hunter2/@10.0.0.5:6379", None),
        ("rediss://10.0.0.5:6379/hunter2", None),
        ("rediss://10.0.0.5:6379#hunter2", None),
        ("rediss://10.0.0.5:6379?password=hunter2", None),
        ("rediss://10.0.0.5:6379?tls=hunter2", None),
        ("rediss://10.0.0.5:6379?hunter2", None),
    ] {
        let parsed = Login::parse(url, user, system());
        let shown = match &parsed {
            Ok(login) => format!("{login}"),
            Err(error) => format!("error: {error}"),
        };
        assert!(!format!("{shown} {parsed:?}").contains("hunter"), "{shown}");
        writeln!(told, "{url} {user:?}\n    {shown}").unwrap();
    }
    insta::assert_snapshot!(told);
    Login::parse("rediss://h:1?tls=verify-ca", None, authority.trust()).unwrap();
}

#[test]
fn certificate_authorities_are_parsed_strictly() {
    let pem = Authority::new().pem();
    let parse = |pem: &str| CaCertificates::from_pem(pem.as_bytes()).map(|ca| format!("{ca:?}"));
    assert_eq!(parse(&pem), Ok("CaCertificates(1)".to_owned()));
    assert_eq!(
        parse(&format!("a comment\n{pem}{}", Authority::new().pem())),
        Ok("CaCertificates(2)".to_owned())
    );
    assert_eq!(parse(""), Err(InvalidCa::NoCertificate));
    assert_eq!(parse("not PEM"), Err(InvalidCa::NoCertificate));
    let key = Authority::new().local().key;
    assert_eq!(parse(&key), Err(InvalidCa::NoCertificate));
    let empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(
        parse(&format!("{pem}{empty}")),
        Err(InvalidCa::Certificate(2))
    );
    let damaged = pem.replace("-----END CERTIFICATE-----", "-----END");
    assert_eq!(parse(&damaged), Err(InvalidCa::Certificate(1)));
}

#[tokio::test]
async fn redis_tells_right_from_wrong() {
    let identity = Authority::new().local();
    let users = "user app on >hunter2-app ~* +@all\nuser open on nopass ~* +@all";
    let settings = format!("requirepass \"{PASSWORD}\"\n{users}");
    let Some(redis) = Redis::start(&settings, &identity) else {
        return;
    };
    let url = format!("redis://127.0.0.1:{}", redis.port);
    for (user, password, expected) in [
        (None, PASSWORD, LoginResult::Accepted),
        (None, WRONG, LoginResult::Rejected),
        (None, "", LoginResult::Rejected),
        (Some("default"), PASSWORD, LoginResult::Accepted),
        (Some("default"), WRONG, LoginResult::Rejected),
        (Some("app"), "hunter2-app", LoginResult::Accepted),
        (Some("app"), PASSWORD, LoginResult::Rejected),
        (Some("nobody"), PASSWORD, LoginResult::Rejected),
    ] {
        let result = attempt(&url, user, system(), password).await;
        assert_eq!(result, expected, "{user:?} {password}");
    }
}

#[tokio::test]
async fn redis_without_a_password_is_open() {
    let Some(redis) = Redis::start("", &Authority::new().local()) else {
        return;
    };
    let url = format!("redis://127.0.0.1:{}", redis.port);
    for user in [None, Some("default")] {
        let result = attempt(&url, user, system(), PASSWORD).await;
        assert_eq!(result, LoginResult::Open, "{user:?}");
    }
}

#[tokio::test]
async fn redis_that_quotes_the_password_in_an_error_is_not_repeated() {
    let settings = format!("requirepass \"{PASSWORD}\"\nrename-command AUTH LOGIN");
    let Some(redis) = Redis::start(&settings, &Authority::new().local()) else {
        return;
    };
    let url = format!("redis://127.0.0.1:{}", redis.port);
    let result = attempt(&url, None, system(), PASSWORD).await;
    assert_eq!(unknown(result), "the server does not know AUTH");
}

#[tokio::test]
async fn redis_of_older_versions_and_in_other_states_is_understood() {
    let mut told = String::new();
    for answer in [
        "+OK\r\n",
        "-ERR invalid password\r\n",
        "-ERR Client sent AUTH, but no password is set\r\n",
        "-ERR wrong number of arguments for 'auth' command\r\n",
        "-ERR max number of clients reached\r\n",
        "-DENIED Redis is running in protected mode because hunter2\r\n",
        "-LOADING Redis is loading the dataset in memory\r\n",
        "-hunter2\r\n",
        "+OK hunter2\r\n",
        "+OK",
        "$2\r\nOK\r\n",
        "\r\n",
    ] {
        let fake = Fake {
            answer: answer.as_bytes().to_vec(),
            ..Fake::default()
        };
        let fake = fake.start().await;
        let url = format!("redis://127.0.0.1:{}", fake.port);
        let result = attempt(&url, None, system(), PASSWORD).await;
        writeln!(told, "{answer:?}\n    {result:?}").unwrap();
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn redis_is_sent_one_auth_and_nothing_else() {
    for (user, command) in [
        (None, format!("*2\r\n$4\r\nAUTH\r\n$16\r\n{WRONG}\r\n")),
        (
            Some("app"),
            format!("*3\r\n$4\r\nAUTH\r\n$3\r\napp\r\n$16\r\n{WRONG}\r\n"),
        ),
    ] {
        let fake = Fake {
            answer: b"-WRONGPASS \r\n".to_vec(),
            ..Fake::default()
        };
        let fake = fake.start().await;
        let url = format!("redis://127.0.0.1:{}", fake.port);
        let result = attempt(&url, user, system(), WRONG).await;
        assert_eq!(result, LoginResult::Rejected);
        let received = fake.received.lock().unwrap();
        assert_eq!(received.as_slice(), [command.as_bytes()]);
    }
}

#[tokio::test]
async fn mariadb_tells_right_from_wrong() {
    let authority = Authority::new();
    let users = format!(
        "CREATE USER orders IDENTIFIED BY '{PASSWORD}';
         CREATE USER empty IDENTIFIED BY '';
         CREATE USER expired IDENTIFIED BY '{PASSWORD}' PASSWORD EXPIRE;
         CREATE USER locked IDENTIFIED BY '{PASSWORD}' ACCOUNT LOCK;
         CREATE USER elsewhere@'10.1.1.1' IDENTIFIED BY '{PASSWORD}';
         CREATE USER encrypted IDENTIFIED BY '{PASSWORD}' REQUIRE SSL;
         CREATE USER switched
            IDENTIFIED VIA unix_socket OR mysql_native_password USING PASSWORD('{PASSWORD}');
         CREATE USER socket IDENTIFIED VIA unix_socket;"
    )
    .replace('\n', " ")
    .replace("; ", ";\n");
    let Some(mariadb) = MariaDb::start(&users, Some(&authority.local())) else {
        return;
    };
    let with_tls = format!("mysql://127.0.0.1:{}", mariadb.port);
    let without = format!("{with_tls}?tls=off");
    for (url, tls) in [(&with_tls, authority.trust()), (&without, system())] {
        for (user, password, expected) in [
            ("orders", PASSWORD, Some(LoginResult::Accepted)),
            ("orders", WRONG, Some(LoginResult::Rejected)),
            ("orders", "", Some(LoginResult::Rejected)),
            ("empty", PASSWORD, Some(LoginResult::Rejected)),
            ("empty", "", Some(LoginResult::Accepted)),
            ("nobody", PASSWORD, Some(LoginResult::Rejected)),
            ("expired", PASSWORD, Some(LoginResult::Accepted)),
            ("expired", WRONG, Some(LoginResult::Rejected)),
            ("elsewhere", PASSWORD, Some(LoginResult::Rejected)),
            ("switched", PASSWORD, Some(LoginResult::Accepted)),
            ("switched", WRONG, Some(LoginResult::Rejected)),
            ("locked", PASSWORD, None),
        ] {
            let result = attempt(url, Some(user), tls.clone(), password).await;
            match expected {
                Some(expected) => assert_eq!(result, expected, "{url} {user} {password}"),
                None => assert_eq!(unknown(result), "the account is locked (error 4151)"),
            }
        }
    }
    let encrypted = attempt(&with_tls, Some("encrypted"), authority.trust(), PASSWORD).await;
    assert_eq!(encrypted, LoginResult::Accepted);

    let login = Login::parse(&with_tls, Some("nobody"), authority.trust()).unwrap();
    assert_eq!(login.reachable(DEADLINE).await, Ok(()));
}

#[tokio::test]
async fn mariadb_without_tls_is_not_logged_in_to_with_tls() {
    let authority = Authority::new();
    let users = format!("CREATE USER orders IDENTIFIED BY '{PASSWORD}';");
    let Some(mariadb) = MariaDb::start(&users, None) else {
        return;
    };
    let url = format!("mysql://127.0.0.1:{}", mariadb.port);
    let login = Login::parse(&url, Some("orders"), authority.trust()).unwrap();
    let no_tls = "the server does not offer TLS; log in without it with tls=off";
    assert_eq!(
        unknown(attempt_within(&login, PASSWORD, DEADLINE).await),
        no_tls
    );
    assert_eq!(login.reachable(DEADLINE).await, Err(no_tls.to_owned()));
}

fn mysql8(authority: &Authority) -> mysql::Settings {
    mysql::Settings {
        user: "orders",
        password: PASSWORD.to_owned(),
        cached: false,
        switch: false,
        tls: Some(authority.local().config()),
    }
}

#[tokio::test]
async fn mysql_8_tells_right_from_wrong() {
    let authority = Authority::new();
    for cached in [false, true] {
        for switch in [false, true] {
            let settings = mysql::Settings {
                cached,
                switch,
                ..mysql8(&authority)
            };
            let server = MySql::start(settings).await;
            let url = format!("mysql://127.0.0.1:{}", server.port);
            for (user, password, expected) in [
                ("orders", PASSWORD, LoginResult::Accepted),
                ("orders", WRONG, LoginResult::Rejected),
                ("nobody", PASSWORD, LoginResult::Rejected),
            ] {
                let result = attempt(&url, Some(user), authority.trust(), password).await;
                assert_eq!(result, expected, "{user} cached {cached} switch {switch}");
            }
            assert_eq!(*server.logins.lock().unwrap(), 3);
        }
    }
}

#[tokio::test]
async fn mysql_8_is_not_sent_the_password_itself_without_tls() {
    let authority = Authority::new();
    for (cached, expected) in [
        (true, LoginResult::Accepted),
        (
            false,
            LoginResult::Unknown(
                "the server asks for the password itself, which needs TLS".to_owned(),
            ),
        ),
    ] {
        let settings = mysql::Settings {
            cached,
            ..mysql8(&authority)
        };
        let server = MySql::start(settings).await;
        let url = format!("mysql://127.0.0.1:{}?tls=off", server.port);
        let result = attempt(&url, Some("orders"), system(), PASSWORD).await;
        assert_eq!(result, expected);
    }
}

#[tokio::test]
async fn mysql_that_answers_otherwise_shows_nothing() {
    let authority = Authority::new();
    let mut packet = mysql::greeting(&mysql8(&authority), b"0123456789abcdefghij");
    let length = u8::try_from(packet.len()).unwrap();
    packet.splice(..0, [length, 0, 0, 0]);

    let mut told = String::new();
    for (name, answer) in [
        (
            "an error of its own",
            &b"\x18\0\0\x02\xff\xd0\x07#HY000hunter2 is wrong"[..],
        ),
        (
            "a locked account",
            b"\x14\0\0\x02\xff\x2e\x0c#HY000hunter2 is no",
        ),
        ("an unknown method", b"\x09\0\0\x02\xfeed25519\0"),
        ("the old method", b"\x01\0\0\x02\xfe"),
        ("a wrong number", b"\x07\0\0\x03\0\0\0\x02\0\0\0"),
        ("an empty packet", b"\0\0\0\x02"),
        ("a long packet", b"\xff\xff\xff\x02"),
        ("an unknown packet", b"\x01\0\0\x02\x55"),
        ("half a packet", b"\x07\0\0\x02\0"),
    ] {
        // The number of a packet counts from the login, which is the first after the greeting.
        let mut answer = answer.to_vec();
        if name != "a wrong number" {
            answer[3] = 2;
        }
        let fake = Fake {
            greeting: packet.clone(),
            answer,
            ..Fake::default()
        };
        let fake = fake.start().await;
        let url = format!("mysql://127.0.0.1:{}?tls=off", fake.port);
        let result = attempt(&url, Some("orders"), system(), PASSWORD).await;
        writeln!(told, "{name}: {}", unknown(result)).unwrap();
    }
    for (name, greeting) in [
        (
            "too many connections",
            &b"\x17\0\0\0\xff\x10\x04Too many connections"[..],
        ),
        ("a blocked host", b"\x0c\0\0\0\xff\x69\x04hunter2 no"),
        ("a refusal in advance", b"\x0c\0\0\0\xff\x15\x04hunter2 no"),
        ("half a greeting", b"\x05\0\0\0\x0a8.0\0"),
        ("an older protocol", b"\x05\0\0\0\x098.0\0"),
    ] {
        let fake = Fake {
            greeting: greeting.to_vec(),
            ..Fake::default()
        };
        let fake = fake.start().await;
        let url = format!("mysql://127.0.0.1:{}?tls=off", fake.port);
        let result = attempt(&url, Some("orders"), system(), PASSWORD).await;
        writeln!(told, "{name}: {}", unknown(result)).unwrap();
    }
    insta::assert_snapshot!(told);
}

const SCRAM_512: &[&str] = &["SCRAM-SHA-512"];
const SCRAM_256: &[&str] = &["GSSAPI", "PLAIN", "SCRAM-SHA-256"];
const PLAIN: &[&str] = &["OAUTHBEARER", "PLAIN"];

/// A user name that SCRAM has to escape.
const USER: &str = "app,=x";

async fn broker(settings: kafka::Settings) -> (Kafka, String) {
    let encrypted = settings.tls.is_some();
    let broker = Kafka::start(settings).await;
    broker.set_password(USER, PASSWORD);
    let parameter = if encrypted { "" } else { "?tls=off" };
    let url = format!("kafka://127.0.0.1:{}{parameter}", broker.port);
    (broker, url)
}

#[tokio::test]
async fn kafka_tells_right_from_wrong_by_the_strongest_mechanism() {
    let authority = Authority::new();
    let identity = authority.local();
    for (mechanisms, used, connections) in [
        (kafka::Settings::default().mechanisms, "SCRAM-SHA-512", 1),
        (SCRAM_512, "SCRAM-SHA-512", 1),
        // A refused mechanism costs a connection, and no login.
        (SCRAM_256, "SCRAM-SHA-256", 2),
        (PLAIN, "PLAIN", 2),
    ] {
        for tls in [Some(identity.config()), None] {
            let (broker, url) = broker(kafka::Settings {
                mechanisms,
                tls,
                ..kafka::Settings::default()
            })
            .await;
            for (user, password, expected) in [
                (USER, PASSWORD, LoginResult::Accepted),
                (USER, WRONG, LoginResult::Rejected),
                ("nobody", PASSWORD, LoginResult::Rejected),
            ] {
                let result = attempt(&url, Some(user), authority.trust(), password).await;
                assert_eq!(result, expected, "{mechanisms:?} {user}");
            }
            let logins = vec![used.to_owned(); 3];
            let connections = connections * 3;
            assert_eq!(
                broker.seen(),
                Seen {
                    connections,
                    logins
                }
            );
        }
    }
}

#[tokio::test]
async fn kafka_takes_the_mechanism_of_the_address() {
    let (broker, url) = broker(kafka::Settings::default()).await;
    let url = format!("{url}&mechanism=SCRAM-SHA-256");
    let result = attempt(&url, Some(USER), system(), PASSWORD).await;
    assert_eq!(result, LoginResult::Accepted);
    assert_eq!(broker.seen().logins, ["SCRAM-SHA-256"]);

    let (broker, url) = self::broker(kafka::Settings {
        mechanisms: PLAIN,
        ..kafka::Settings::default()
    })
    .await;
    let url = format!("{url}&mechanism=SCRAM-SHA-256");
    let result = attempt(&url, Some(USER), system(), PASSWORD).await;
    assert_eq!(unknown(result), "the broker does not offer SCRAM-SHA-256");
    assert_eq!(broker.seen().connections, 1);
}

#[tokio::test]
async fn kafka_is_not_sent_the_password_itself_to_another_machine_without_tls() {
    let (broker, _) = broker(kafka::Settings {
        mechanisms: PLAIN,
        ..kafka::Settings::default()
    })
    .await;
    // An address that leads to this machine, but is not seen as such.
    let url = format!("kafka://0.0.0.0:{}?tls=off", broker.port);
    let result = attempt(&url, Some(USER), system(), PASSWORD).await;
    assert_eq!(
        unknown(result),
        "the broker offers only PLAIN, which sends the password itself; use TLS"
    );
    assert_eq!(broker.seen().logins, [""; 0]);
}

#[tokio::test]
async fn kafka_refuses_in_other_words() {
    for (error, expected) in [
        ("invalid-proof", Some(LoginResult::Rejected)),
        ("unknown-user", Some(LoginResult::Rejected)),
        ("other-error", None),
        ("hunter2", None),
    ] {
        let (_broker, url) = broker(kafka::Settings {
            mechanisms: SCRAM_512,
            fault: Some(Fault::Payload(error)),
            ..kafka::Settings::default()
        })
        .await;
        let result = attempt(&url, Some(USER), system(), WRONG).await;
        match expected {
            Some(expected) => assert_eq!(result, expected),
            None => assert_eq!(
                unknown(result),
                "the broker refused SCRAM for a reason other than the password"
            ),
        }
        let result = attempt(&url, Some("nobody"), system(), PASSWORD).await;
        assert_eq!(result, LoginResult::Rejected);
        let result = attempt(&url, Some(USER), system(), PASSWORD).await;
        assert_eq!(result, LoginResult::Accepted);
    }
}

#[tokio::test]
async fn kafka_that_asks_for_no_password_is_open() {
    let (broker, url) = broker(kafka::Settings {
        fault: Some(Fault::NoSasl),
        ..kafka::Settings::default()
    })
    .await;
    let result = attempt(&url, Some(USER), system(), PASSWORD).await;
    assert_eq!(result, LoginResult::Open);
    assert_eq!(broker.seen().logins, [""; 0]);
}

#[tokio::test]
async fn kafka_that_answers_otherwise_shows_nothing() {
    const OTHERS: &[&str] = &["GSSAPI", "hunter2"];
    let mut told = String::new();
    for (name, mechanisms, fault, iterations) in [
        (
            "closes on handshake",
            SCRAM_512,
            Some(Fault::CloseOnHandshake),
            4096,
        ),
        (
            "closes on SCRAM",
            SCRAM_512,
            Some(Fault::CloseOnPassword),
            4096,
        ),
        ("closes on PLAIN", PLAIN, Some(Fault::CloseOnPassword), 4096),
        (
            "signs wrongly",
            SCRAM_512,
            Some(Fault::WrongSignature),
            4096,
        ),
        ("repeats the nonce", SCRAM_512, Some(Fault::NoNonce), 4096),
        ("few iterations", SCRAM_512, None, 4095),
        ("many iterations", SCRAM_512, None, 1_000_001),
        ("another error", SCRAM_512, Some(Fault::Code(-1)), 4096),
        ("other mechanisms", OTHERS, None, 4096),
        ("no mechanisms", &[], None, 4096),
    ] {
        let (_broker, url) = broker(kafka::Settings {
            mechanisms,
            fault,
            iterations,
            tls: None,
        })
        .await;
        let result = attempt(&url, Some(USER), system(), PASSWORD).await;
        writeln!(told, "{name}: {}", unknown(result)).unwrap();
    }
    insta::assert_snapshot!(told);
}

/// An address of each kind, with the parts before and after the host.
const KINDS: [(&str, &str); 3] = [
    ("redis", "?tls=off"),
    ("mysql", "?tls=off"),
    ("kafka", "?tls=off"),
];

#[tokio::test]
async fn connections_that_break_off_show_nothing() {
    let greeting = {
        let authority = Authority::new();
        let greeting = mysql::greeting(&mysql8(&authority), b"0123456789abcdefghij");
        [
            &[u8::try_from(greeting.len()).unwrap(), 0, 0, 0],
            &greeting[..],
        ]
        .concat()
    };
    for (kind, parameter) in KINDS {
        let greeting = if kind == "mysql" {
            greeting.clone()
        } else {
            Vec::new()
        };
        let deaf = Fake {
            deaf: true,
            ..Fake::default()
        };
        let heard = Fake {
            greeting: greeting.clone(),
            ..Fake::default()
        };
        for fake in [deaf, heard] {
            let fake = fake.start().await;
            let url = format!("{kind}://127.0.0.1:{}{parameter}", fake.port);
            let result = attempt(&url, Some("app"), system(), PASSWORD).await;
            assert_eq!(
                unknown(result),
                "the server closed the connection",
                "{kind}"
            );
        }

        let silent = Fake {
            greeting,
            stays: true,
            ..Fake::default()
        };
        let silent = silent.start().await;
        let url = format!("{kind}://127.0.0.1:{}{parameter}", silent.port);
        let login = Login::parse(&url, Some("app"), system()).unwrap();
        let result = attempt_within(&login, PASSWORD, Duration::from_secs(1)).await;
        assert_eq!(unknown(result), "no answer within 1s", "{kind}");
        assert_eq!(silent.received.lock().unwrap().len(), 1, "{kind}");

        let result = attempt_within(&login, PASSWORD, Duration::ZERO).await;
        assert_eq!(unknown(result), "no connection within 0ns", "{kind}");
        // No addition of a deadline to a time overflows.
        assert_eq!(login.reachable(Duration::MAX).await, Ok(()), "{kind}");

        let url = format!("{kind}://127.0.0.1:{}{parameter}", free_port());
        let login = Login::parse(&url, Some("app"), system()).unwrap();
        let refused = unknown(attempt_within(&login, PASSWORD, DEADLINE).await);
        assert!(refused.starts_with("could not connect: "), "{refused}");
        assert_eq!(login.reachable(DEADLINE).await, Err(refused));
    }
}

#[tokio::test]
async fn servers_of_other_protocols_show_nothing() {
    let http = Fake {
        greeting: b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec(),
        ..Fake::default()
    };
    let http = http.start().await;
    for ((kind, parameter), protocol) in KINDS.into_iter().zip(["Redis", "MySQL", "Kafka"]) {
        let url = format!("{kind}://127.0.0.1:{}{parameter}", http.port);
        let result = attempt(&url, Some("app"), system(), PASSWORD).await;
        let expected = format!("the server does not speak the {protocol} protocol");
        assert_eq!(unknown(result), expected);
    }
}

/// Starts every server with TLS: the scheme of its address, its port, and the server.
async fn encrypted(identity: &Identity) -> Vec<(&'static str, u16, Box<dyn std::any::Any>)> {
    let mut servers: Vec<(_, _, Box<dyn std::any::Any>)> = Vec::new();
    if let Some(redis) = Redis::start(&format!("requirepass \"{PASSWORD}\""), identity) {
        servers.push(("rediss", redis.tls_port, Box::new(redis)));
    }
    let users = format!("CREATE USER 'app,=x' IDENTIFIED BY '{PASSWORD}';");
    if let Some(mariadb) = MariaDb::start(&users, Some(identity)) {
        servers.push(("mysql", mariadb.port, Box::new(mariadb)));
    }
    let (kafka, _) = broker(kafka::Settings {
        tls: Some(identity.config()),
        ..kafka::Settings::default()
    })
    .await;
    servers.push(("kafka", kafka.port, Box::new(kafka)));
    servers
}

#[tokio::test]
async fn certificates_are_verified() {
    let authority = Authority::new();
    let local = encrypted(&authority.local()).await;
    let elsewhere = encrypted(&authority.sign(&["broker.example", "10.0.0.6"])).await;

    let mut told = String::new();
    for ((kind, port, _local), (_, elsewhere, _elsewhere)) in local.iter().zip(&elsewhere) {
        let other = Authority::new();
        for (name, port, host, parameter, trust) in [
            ("right", port, "127.0.0.1", "", authority.trust()),
            ("right name", port, "localhost", "", authority.trust()),
            ("the system's", port, "127.0.0.1", "", system()),
            ("another authority", port, "127.0.0.1", "", other.trust()),
            (
                "another host",
                elsewhere,
                "127.0.0.1",
                "",
                authority.trust(),
            ),
            (
                "any host",
                elsewhere,
                "127.0.0.1",
                "?tls=verify-ca",
                authority.trust(),
            ),
            (
                "any host, another authority",
                elsewhere,
                "127.0.0.1",
                "?tls=verify-ca",
                other.trust(),
            ),
        ] {
            let url = format!("{kind}://{host}:{port}{parameter}");
            let user = (*kind != "rediss").then_some(USER);
            let login = Login::parse(&url, user, trust).unwrap();
            let result = attempt_within(&login, PASSWORD, DEADLINE).await;
            let reachable = login.reachable(DEADLINE).await;
            match &result {
                LoginResult::Accepted => assert_eq!(reachable, Ok(()), "{url}"),
                LoginResult::Unknown(reason) => assert_eq!(reachable.as_ref(), Err(reason)),
                result => panic!("{url}: {result:?}"),
            }
            if *kind == "kafka" {
                writeln!(told, "{name}: {result:?}").unwrap();
            }
            let accepted = name.starts_with("right") || name == "any host";
            assert_eq!(
                result == LoginResult::Accepted,
                accepted,
                "{url} {name}: {result:?}"
            );
        }
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn tls_and_its_absence_do_not_mix() {
    let authority = Authority::new();
    // A server without TLS, and one that keeps silent where a greeting is due.
    let plain = Fake {
        answer: b"-ERR unknown\r\n".to_vec(),
        ..Fake::default()
    };
    let plain = plain.start().await;
    for kind in ["rediss", "kafka"] {
        let url = format!("{kind}://127.0.0.1:{}", plain.port);
        let result = attempt(&url, Some("app"), authority.trust(), PASSWORD).await;
        let reason = unknown(result);
        assert!(reason.contains("the answer is not TLS"), "{reason}");
    }
    for received in plain.received.lock().unwrap().iter() {
        // The first bytes of a TLS handshake.
        assert_eq!(received[..2], [22, 3]);
    }

    let silent = Fake {
        stays: true,
        ..Fake::default()
    };
    let silent = silent.start().await;
    let url = format!("rediss://127.0.0.1:{}", silent.port);
    let login = Login::parse(&url, None, authority.trust()).unwrap();
    let result = attempt_within(&login, PASSWORD, Duration::from_secs(1)).await;
    assert_eq!(unknown(result), "no TLS handshake within 1s");

    let tls = Fake {
        tls: Some(authority.local().config()),
        ..Fake::default()
    };
    let tls = tls.start().await;
    for (kind, parameter) in [KINDS[0], KINDS[2]] {
        let url = format!("{kind}://127.0.0.1:{}{parameter}", tls.port);
        let result = attempt(&url, Some("app"), system(), PASSWORD).await;
        unknown(result);
    }
}

/// Logs in with clients that this project did not write.
fn peers(logins: &[serde_json::Value]) -> Option<Vec<String>> {
    let Some(python) = std::env::var_os("REPASS_TEST_PYTHON") else {
        servers::skip("REPASS_TEST_PYTHON is not set; .ci/servers prints it");
        return None;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers/peers.py");
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    serde_json::to_writer(child.stdin.take().unwrap(), logins).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let results = String::from_utf8(output.stdout).unwrap();
    Some(results.lines().map(str::to_owned).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn independent_clients_agree_with_the_servers_in_test_code() {
    let authority = Authority::new();
    let mut logins = Vec::new();

    let (broker, _) = broker(kafka::Settings {
        tls: Some(authority.local().config()),
        ..kafka::Settings::default()
    })
    .await;
    for mechanism in kafka::Settings::default().mechanisms {
        for password in [PASSWORD, WRONG] {
            logins.push(json!({
                "port": broker.port, "authority": authority.pem(), "mechanism": mechanism,
                "user": USER, "password": password,
            }));
        }
    }
    for cached in [false, true] {
        for switch in [false, true] {
            let server = MySql::start(mysql::Settings {
                cached,
                switch,
                ..mysql8(&authority)
            })
            .await;
            for password in [PASSWORD, WRONG] {
                logins.push(json!({
                    "port": server.port, "authority": authority.pem(),
                    "user": "orders", "password": password,
                }));
            }
        }
    }

    let Some(results) = peers(&logins) else {
        return;
    };
    assert_eq!(results.len(), logins.len());
    for (login, result) in logins.iter().zip(results) {
        let expected = if login["password"] == PASSWORD {
            "accepted"
        } else {
            "rejected"
        };
        assert_eq!(result, expected, "{login}");
    }
    assert_eq!(broker.seen().logins.len(), 6);
}
