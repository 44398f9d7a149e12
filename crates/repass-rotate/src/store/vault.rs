//! Records in Vault or OpenBao, in a secrets engine of kind KV, version 2.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use repass_client::Secret;
use reqwest::{Certificate, Method, RequestBuilder, StatusCode, Url};
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Listed, Page, Query, Store, StoreError, Version, check_format, system_now};
use crate::record::Record;

/// How long a request may take.
const DEADLINE: Duration = Duration::from_secs(15);
/// How many records are read at once for a list.
const AT_ONCE: usize = 8;

/// A store in Vault or OpenBao.
///
/// It needs `create`, `read` and `update` on `MOUNT/data/PATH/*` and `list` on
/// `MOUNT/metadata/PATH`. Vault encrypts what it stores, so the passwords are not sealed again.
/// Consumers should read another path, which the publish command writes: a record holds passwords
/// that are not live yet.
pub struct VaultStore {
    http: reqwest::Client,
    data: Url,
    metadata: Url,
    token: Token,
    namespace: Option<String>,
}

/// How to get into Vault.
#[derive(Debug, Clone, Default)]
pub struct VaultOptions {
    /// The token, unless a file has it.
    pub token: Option<Secret>,
    /// The file that has the token. It is read for each request, because an agent may renew it.
    pub token_file: Option<PathBuf>,
    /// The namespace.
    pub namespace: Option<String>,
    /// Certificate authorities to trust instead of the system's, as PEM.
    pub ca: Option<Vec<u8>>,
}

enum Token {
    Text(Secret),
    File(PathBuf),
}

impl fmt::Debug for VaultStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VaultStore({})", self.data)
    }
}

#[derive(Deserialize)]
struct Body<T> {
    data: T,
}

#[derive(Deserialize)]
struct Read {
    data: Option<Record>,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    version: u64,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<String>,
}

#[derive(Deserialize, Default)]
struct Errors {
    #[serde(default)]
    errors: Vec<String>,
}

impl VaultOptions {
    /// Reads the variables that the programs of Vault and OpenBao know: `BAO_TOKEN` or
    /// `VAULT_TOKEN`, `BAO_NAMESPACE` or `VAULT_NAMESPACE`, `BAO_CACERT` or `VAULT_CACERT`; and
    /// else the file `.vault-token` of the home folder.
    ///
    /// # Errors
    /// Returns an error if the certificates cannot be read.
    pub fn from_env() -> Result<Self, StoreError> {
        let variable = |name: &str| {
            let names = [format!("BAO_{name}"), format!("VAULT_{name}")];
            let mut values = names.iter().filter_map(|name| std::env::var(name).ok());
            values.find(|value| !value.is_empty())
        };
        let ca = variable("CACERT").map(std::fs::read).transpose();
        let ca = ca.map_err(|error| {
            StoreError::Unusable(format!("the file of VAULT_CACERT cannot be read: {error}"))
        })?;
        let home = std::env::home_dir().map(|home| home.join(".vault-token"));
        Ok(Self {
            token: variable("TOKEN").map(Secret::from),
            token_file: home.filter(|file| file.is_file()),
            namespace: variable("NAMESPACE"),
            ca,
        })
    }
}

impl VaultStore {
    /// Takes the URL of a folder, such as `https://vault.example.com:8200/secret/data/repass`.
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// Returns an error if the URL has no `data` after the mount, if it would send passwords
    /// unencrypted to another machine, or if there is no token.
    pub fn open(url: &str, options: VaultOptions) -> Result<Self, StoreError> {
        let unusable = |reason: &str| StoreError::Unusable(reason.to_owned());
        let example = "write it as https://HOST:8200/MOUNT/data/PATH";
        let invalid = || unusable(&format!("invalid Vault URL; {example}"));
        let mut data = Url::parse(url).map_err(|_| invalid())?;
        let host = data.host_str().unwrap_or_default().to_owned();
        let is_loopback = host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse()
                .is_ok_and(|address: std::net::IpAddr| address.is_loopback());
        if data.scheme() != "https" && !(data.scheme() == "http" && is_loopback) {
            return Err(unusable("a Vault on another machine needs https"));
        }
        if !data.username().is_empty() || data.password().is_some() || data.query().is_some() {
            return Err(invalid());
        }
        let path = data.path().trim_matches('/').to_owned();
        let path = path.strip_prefix("v1/").unwrap_or(&path);
        let (mount, folder) = path.split_once("/data/").ok_or_else(invalid)?;
        let mut metadata = data.clone();
        metadata.set_path(&format!("/v1/{mount}/metadata/{folder}"));
        data.set_path(&format!("/v1/{mount}/data/{folder}"));
        let token = match (options.token, options.token_file) {
            (Some(token), _) => Token::Text(token),
            (None, Some(file)) => Token::File(file),
            (None, None) => return Err(unusable("no Vault token; set VAULT_TOKEN")),
        };
        let mut http = reqwest::Client::builder()
            .timeout(DEADLINE)
            .redirect(reqwest::redirect::Policy::none());
        if let Some(pem) = &options.ca {
            let certificates = Certificate::from_pem_bundle(pem)
                .map_err(|_| unusable("the certificates for Vault cannot be read"))?;
            http = http.tls_certs_only(certificates);
        }
        if is_loopback {
            http = http.no_proxy();
        }
        let http = http
            .build()
            .map_err(|error| unusable(&error.without_url().to_string()))?;
        Ok(Self {
            http,
            data,
            metadata,
            token,
            namespace: options.namespace,
        })
    }

    fn request(
        &self,
        method: Method,
        folder: &Url,
        name: &str,
    ) -> Result<RequestBuilder, StoreError> {
        let mut url = folder.clone();
        if !name.is_empty()
            && let Ok(mut path) = url.path_segments_mut()
        {
            path.push(name);
        }
        let token = match &self.token {
            Token::Text(token) => token.clone(),
            Token::File(file) => {
                let text = std::fs::read_to_string(file).map_err(|error| {
                    StoreError::Unavailable(format!("the token file cannot be read: {error}"))
                })?;
                Secret::from(text.trim().to_owned())
            }
        };
        let mut token = reqwest::header::HeaderValue::from_str(token.expose())
            .map_err(|_| StoreError::Unusable("the Vault token is not a token".to_owned()))?;
        token.set_sensitive(true);
        let mut request = self
            .http
            .request(method, url)
            .header("X-Vault-Token", token);
        if let Some(namespace) = &self.namespace {
            request = request.header("X-Vault-Namespace", namespace);
        }
        Ok(request)
    }

    async fn read(&self, name: &str) -> Result<Option<(Record, Version)>, StoreError> {
        let request = self.request(Method::GET, &self.data, name)?;
        let answer = request.send().await.map_err(not_available)?;
        if answer.status() == StatusCode::NOT_FOUND {
            let errors: Result<Errors, _> = answer.json().await;
            // A deleted version has metadata, and would be in the way of a new record.
            return match errors {
                Ok(errors) if errors.errors.is_empty() => Ok(None),
                _ => Err(StoreError::Unreadable {
                    name: name.to_owned(),
                    reason: "Vault says 404 for another reason".to_owned(),
                }),
            };
        }
        if !answer.status().is_success() {
            return Err(refusal(answer).await);
        }
        let unreadable = |reason: &str| StoreError::Unreadable {
            name: name.to_owned(),
            reason: reason.to_owned(),
        };
        let body: Body<Read> = match answer.json().await {
            Ok(body) => body,
            Err(error) if error.is_decode() => return Err(unreadable("it is not a record")),
            Err(error) => return Err(not_available(error)),
        };
        let record = body.data.data;
        let record =
            record.ok_or_else(|| unreadable("it was deleted; undelete it or destroy it"))?;
        check_format(name, &record.status)?;
        Ok(Some((record, Version(body.data.metadata.version))))
    }
}

fn not_available(error: reqwest::Error) -> StoreError {
    StoreError::Unavailable(error.without_url().to_string())
}

/// What Vault says against a request. Its errors repeat no data.
async fn refusal(answer: reqwest::Response) -> StoreError {
    let status = answer.status();
    let errors: Errors = answer.json().await.unwrap_or_default();
    let words = errors.errors.join("; ");
    let words = words.trim();
    let is_mismatch = status == StatusCode::BAD_REQUEST && words.contains("check-and-set");
    if is_mismatch && words.contains("did not match") {
        return StoreError::Conflict;
    }
    let reason = format!("Vault answered {status}: {words}");
    if status.is_server_error() {
        StoreError::NotConfirmed(reason)
    } else {
        StoreError::Unavailable(reason)
    }
}

impl Store for VaultStore {
    fn load<'a>(&'a self, name: &'a str) -> Answer<'a, Option<(Record, Version)>> {
        Box::pin(self.read(name))
    }

    fn save<'a>(
        &'a self,
        name: &'a str,
        expected: Option<Version>,
        record: &'a Record,
    ) -> Answer<'a, Version> {
        Box::pin(async move {
            let cas = expected.map_or(0, |Version(version)| version);
            let body = json!({ "options": { "cas": cas }, "data": record });
            let request = self.request(Method::POST, &self.data, name)?.json(&body);
            let answer = request.send().await.map_err(|error| {
                if error.is_connect() {
                    not_available(error)
                } else {
                    StoreError::NotConfirmed(error.without_url().to_string())
                }
            })?;
            if !answer.status().is_success() {
                return Err(refusal(answer).await);
            }
            let saved: Body<Metadata> = answer
                .json()
                .await
                .map_err(|error| StoreError::NotConfirmed(error.without_url().to_string()))?;
            Ok(Version(saved.data.version))
        })
    }

    fn list<'a>(&'a self, query: &'a Query) -> Answer<'a, Page> {
        Box::pin(async move {
            let now = system_now();
            let list = Method::from_bytes(b"LIST").unwrap_or(Method::GET);
            let request = self.request(list, &self.metadata, "")?;
            let answer = request.send().await.map_err(not_available)?;
            let mut names = match answer.status() {
                StatusCode::NOT_FOUND => Vec::new(),
                status if status.is_success() => {
                    let keys: Body<Keys> = answer.json().await.map_err(not_available)?;
                    keys.data.keys
                }
                _ => return Err(refusal(answer).await),
            };
            names.retain(|name| !name.ends_with('/') && query.after.as_ref() < Some(name));
            names.sort_unstable();
            let mut records = Vec::new();
            for names in names.chunks(AT_ONCE) {
                let mut reads = Vec::new();
                for name in names {
                    reads.push(self.read(name));
                }
                for (name, record) in names.iter().zip(join_all(reads).await) {
                    let Some((record, _)) = record? else {
                        continue;
                    };
                    let status = record.status;
                    if query.wants(&status, now) {
                        records.push(Listed {
                            name: name.clone(),
                            state: status.state,
                            due_at: status.due_at,
                            status: query.statuses.then(|| Box::new(status)),
                        });
                    }
                }
                if query.limit > 0 && records.len() >= query.limit {
                    records.truncate(query.limit);
                    break;
                }
            }
            Ok(Page { now, records })
        })
    }
}

/// Waits for a few futures at once.
async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures
        .into_iter()
        .map(|one| (Box::pin(one), None))
        .collect();
    std::future::poll_fn(|context| {
        let mut is_ready = true;
        for (future, output) in &mut futures {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(ready) => *output = Some(ready),
                    std::task::Poll::Pending => is_ready = false,
                }
            }
        }
        if is_ready {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    futures
        .into_iter()
        .filter_map(|(_, output)| output)
        .collect()
}
