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

use repass_client::{
    Client, Credentials, DcsPassword, Endpoints, InstanceId, ProjectId, ResetPassword, dcs,
};
use repass_emulator::{Emulator, Fleet};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue, USER_AGENT};
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
    let address = format!(
        "{url}/v2/{}/instances/{}/password/reset",
        Fleet::PROJECT_ID,
        Fleet::DCS_ID
    );
    let body = format!(r#"{{"new_password":"{PASSWORD}","no_password_access":false}}"#);
    let raw = || async {
        let json = HeaderValue::from_static("application/json");
        let request = http
            .post(&address)
            .header(ACCEPT, json.clone())
            .header(CONTENT_TYPE, json)
            .header(USER_AGENT, HeaderValue::from_static("repass/0.1.0"))
            .header("x-auth-token", HeaderValue::from_static(Fleet::TOKEN))
            .body(body.clone());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.bytes().await.unwrap();
    };
    let by_token = client(&url, Credentials::token(Fleet::TOKEN).unwrap());
    let generated = dcs::Client::new(&url, by_token.transport());
    let typed = dcs::types::ResetPasswordRequest {
        new_password: Some(password.clone()),
        no_password_access: false,
    };
    let key = Credentials::access_key(Fleet::ACCESS_KEY, Fleet::SECRET_KEY);
    let by_key = client(&url, key.unwrap());

    let mut times: [(&str, Vec<Duration>); 4] = [
        ("raw reqwest", Vec::new()),
        ("generated client", Vec::new()),
        ("Client with a token", Vec::new()),
        ("Client with signing", Vec::new()),
    ];
    for _ in 0..TURNS {
        let turn = [
            time(&caller, raw),
            time(&caller, || async {
                let answer = generated.reset_password(&project, &instance, &typed);
                answer.await.unwrap();
            }),
            time(&caller, || async {
                by_token
                    .dcs_reset_password(&instance, &reset)
                    .await
                    .unwrap();
            }),
            time(&caller, || async {
                by_key.dcs_reset_password(&instance, &reset).await.unwrap();
            }),
        ];
        for ((_, times), time) in times.iter_mut().zip(turn) {
            times.push(time);
        }
    }
    let [raw, ..] = times.each_mut().map(|(_, times)| median(times));
    println!("{:20}  {:>8}  of raw reqwest", "processor time", "µs/call");
    for (name, times) in &mut times {
        let median = median(times);
        let ratio = median.as_secs_f64() / raw.as_secs_f64();
        println!("{name:20}  {:8.1}  {ratio:.2}", median.as_secs_f64() * 1e6);
    }
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
fn time<Call: Future>(caller: &Runtime, call: impl Fn() -> Call) -> Duration {
    let now = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap();
    let begun = now();
    for _ in 0..CALLS {
        caller.block_on(call());
    }
    (now() - begun) / CALLS
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
