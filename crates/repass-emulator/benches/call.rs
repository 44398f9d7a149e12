//! What a call costs its caller: processor time of the calling thread, on an emulator in threads of
//! its own. All send the same reset over a connection that is kept.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark fails as a test does"
)]

use std::time::Duration;

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{Criterion, criterion_group, criterion_main};
use repass_client::{
    Client, Credentials, DcsPassword, Endpoints, InstanceId, ProjectId, ResetPassword, dcs,
};
use repass_emulator::{Emulator, Fleet};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue, USER_AGENT};
use rustix::time::{ClockId, clock_gettime};

const PASSWORD: &str = "Redis-Example-2024";

/// The time that this thread was at work.
struct ProcessorTime;

impl Measurement for ProcessorTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
    }

    fn end(&self, start: Duration) -> Duration {
        self.start() - start
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

fn client(url: &str, credentials: Credentials) -> Client {
    let project = ProjectId::new(Fleet::PROJECT_ID).unwrap();
    Client::new(Endpoints::all(url).unwrap(), project, credentials).unwrap()
}

fn calls(criterion: &mut Criterion<ProcessorTime>) {
    let server = tokio::runtime::Runtime::new().unwrap();
    let emulator = server.block_on(Emulator::start(Fleet::built_in())).unwrap();
    let url = emulator.url();
    let mut caller = tokio::runtime::Builder::new_current_thread();
    let caller = caller.enable_all().build().unwrap();
    let instance = InstanceId::new(Fleet::DCS_ID).unwrap();
    let project = ProjectId::new(Fleet::PROJECT_ID).unwrap();
    let password = DcsPassword::new(PASSWORD).unwrap();
    let by_token = client(&url, Credentials::token(Fleet::TOKEN).unwrap());
    let key = Credentials::access_key(Fleet::ACCESS_KEY, Fleet::SECRET_KEY);
    let by_key = client(&url, key.unwrap());
    let reset = ResetPassword::To(password.clone());

    let mut group = criterion.benchmark_group("call");
    group.bench_function("raw reqwest", |bencher| {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let address = format!(
            "{url}/v2/{}/instances/{}/password/reset",
            Fleet::PROJECT_ID,
            Fleet::DCS_ID
        );
        let body = format!(r#"{{"new_password":"{PASSWORD}","no_password_access":false}}"#);
        bencher.iter(|| {
            caller.block_on(async {
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
                answer.bytes().await.unwrap()
            })
        });
    });
    group.bench_function("generated client", |bencher| {
        let dcs = dcs::Client::new(&url, by_token.transport());
        let body = dcs::types::ResetPasswordRequest {
            new_password: Some(password.clone()),
            no_password_access: false,
        };
        bencher.iter(|| {
            let answer = dcs.reset_password(&project, &instance, &body);
            caller.block_on(answer).unwrap()
        });
    });
    for (name, client) in [
        ("Client with a token", by_token.clone()),
        ("Client with signing", by_key),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let call = client.dcs_reset_password(&instance, &reset);
                caller.block_on(call).unwrap()
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(ProcessorTime);
    targets = calls
}
criterion_main!(benches);
