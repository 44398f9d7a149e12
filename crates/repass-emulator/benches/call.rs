//! What a call costs its caller: processor time of the calling thread, on an emulator in a thread of
//! its own. All send the same reset over a connection that is kept.
//!
//! The kinds of calls take turns, so that whatever else the machine does hits all of them; what
//! counts is the median of the turns.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a benchmark fails as a test does, and prints"
)]

use std::time::Duration;

use repass_client::sign::{self, DATE_FORMAT, DATE_HEADER, Signed};
use repass_client::{
    Client, Credentials, DcsPassword, Endpoints, InstanceId, ProjectId, ResetPassword, Secret, dcs,
};
use repass_emulator::{Emulator, Fleet};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::{Builder, Runtime};

const PASSWORD: &str = "Redis-Example-2024";
const TURNS: usize = 100;
const CALLS: u32 = 100;

fn main() {
    let url = emulator();
    let caller = runtime();
    let instance = InstanceId::new(Fleet::DCS_ID).unwrap();
    let project = ProjectId::new(Fleet::PROJECT_ID).unwrap();
    let password = DcsPassword::new(PASSWORD).unwrap();
    let reset = ResetPassword::To(password.clone());

    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let path = format!(
        "/v2/{}/instances/{}/password/reset",
        Fleet::PROJECT_ID,
        Fleet::DCS_ID
    );
    let address = format!("{url}{path}");
    let body = format!(r#"{{"new_password":"{PASSWORD}","no_password_access":false}}"#);
    let raw = async |headers: &HeaderMap| {
        let request = http.post(&address).headers(headers.clone());
        let answer = request.body(body.clone()).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.bytes().await.unwrap();
    };
    let with_token = headers(&[("x-auth-token", Fleet::TOKEN)]);
    let signed = headers(&signed(&url, &path, &body));
    let by_token = client(&url, Credentials::token(Fleet::TOKEN).unwrap());
    let generated = dcs::Client::new(&url, by_token.transport());
    let typed = dcs::types::ResetPasswordRequest {
        new_password: Some(password.clone()),
        no_password_access: false,
    };
    let key = Credentials::access_key(Fleet::ACCESS_KEY, Fleet::SECRET_KEY);
    let by_key = client(&url, key.unwrap());

    let mut times = [const { Vec::new() }; 5];
    for _ in 0..TURNS {
        let turn = [
            time(&caller, async || raw(&with_token).await),
            time(&caller, async || {
                let answer = generated.reset_password(&project, &instance, &typed);
                answer.await.unwrap();
            }),
            time(&caller, async || {
                let call = by_token.dcs_reset_password(&instance, &reset);
                call.await.unwrap();
            }),
            time(&caller, async || raw(&signed).await),
            time(&caller, async || {
                let call = by_key.dcs_reset_password(&instance, &reset);
                call.await.unwrap();
            }),
        ];
        for (times, time) in times.iter_mut().zip(turn) {
            times.push(time);
        }
    }
    let [raw, generated, with_token, raw_signed, signing] = times.map(median);
    println!("processor time          µs/call  of raw reqwest with the same bytes");
    for (name, time, of) in [
        ("raw reqwest, a token", raw, raw),
        ("generated client", generated, raw),
        ("Client with a token", with_token, raw),
        ("raw reqwest, signed", raw_signed, raw_signed),
        ("Client with signing", signing, raw_signed),
    ] {
        let ratio = time.as_secs_f64() / of.as_secs_f64();
        println!("{name:22}  {:7.1}  {ratio:.2}", time.as_secs_f64() * 1e6);
    }
}

/// The headers that every call has, and these.
fn headers(own: &[(&'static str, impl AsRef<str>)]) -> HeaderMap {
    let all = [
        ("accept", "application/json"),
        ("content-type", "application/json"),
        ("user-agent", "repass/0.1.0"),
    ];
    let own = own.iter().map(|(name, value)| (*name, value.as_ref()));
    let header = |(name, value)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        )
    };
    all.into_iter().chain(own).map(header).collect()
}

/// A signature is good for minutes, and the benchmark takes seconds.
fn signed(url: &str, path: &str, body: &str) -> [(&'static str, String); 3] {
    let date = jiff::Timestamp::now().strftime(DATE_FORMAT).to_string();
    let signed = Signed {
        method: "POST",
        path,
        query: "",
        headers: &[
            ("host", url.trim_start_matches("http://")),
            ("content-type", "application/json"),
            (DATE_HEADER, &date),
            ("x-project-id", Fleet::PROJECT_ID),
        ],
        body: body.as_bytes(),
    };
    let secret_key = Secret::from(Fleet::SECRET_KEY);
    let authorization = sign::authorization(Fleet::ACCESS_KEY, &secret_key, &signed);
    [
        ("x-project-id", Fleet::PROJECT_ID.to_owned()),
        (DATE_HEADER, date),
        ("authorization", authorization),
    ]
}

/// An emulator that runs as long as this process.
fn emulator() -> String {
    let (started, url) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        runtime().block_on(async {
            let emulator = Emulator::start(Fleet::built_in()).await.unwrap();
            started.send(emulator.url()).unwrap();
            std::future::pending::<()>().await;
        });
    });
    url.recv().unwrap()
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn client(url: &str, credentials: Credentials) -> Client {
    let project = ProjectId::new(Fleet::PROJECT_ID).unwrap();
    Client::new(Endpoints::all(url).unwrap(), project, credentials).unwrap()
}

/// The time that this thread was at work for one call.
fn time(caller: &Runtime, call: impl AsyncFn()) -> Duration {
    let now = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap();
    let begun = now();
    for _ in 0..CALLS {
        caller.block_on(call());
    }
    (now() - begun) / CALLS
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
