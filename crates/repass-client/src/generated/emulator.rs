// Generated from openapi/emulator.yaml by `cargo xtask codegen`. Do not edit.

#[allow(unused_imports)]
pub use progenitor_client::{ByteStream, ClientInfo, Error, ResponseValue};
#[allow(unused_imports)]
use progenitor_client::{encode_path, ClientHooks, OperationInfo, RequestBuilderExt};
/// Types used as operation parameters and responses.
#[allow(clippy::all)]
pub mod types {
    ///`ActiveFault`
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default)]
    pub struct ActiveFault {
        ///Its id.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub fault_id: ::std::option::Option<i64>,
        ///How many requests it has hit.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub hits: ::std::option::Option<i64>,
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub fault: ::std::option::Option<Fault>,
    }
    ///`Clock`
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default)]
    pub struct Clock {
        ///The emulator's time.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub now: ::std::option::Option<::std::string::String>,
    }
    ///`ClockAdvance`
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct ClockAdvance {
        ///By how many seconds; the clock is never more than a thousand years ahead.
        pub seconds: i64,
    }
    /// Something that goes wrong, for the requests that it is about: all of them, or those of a
    /// service, an operation, an instance.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct Fault {
        /// What goes wrong: `latency`, the request or its answer waits; `throttle`, only so many
        /// get through in a second; `error`, an error of the service; `cut`, the connection is cut;
        /// `truncate`, it is cut amid the body of the answer, or before it if there is none;
        /// `html`, a page of a gateway; `expired_token`, a 401, for requests with a token; `answer`,
        /// any status, headers and body; `late`, the change is applied after some seconds, and its
        /// answer is lost, unless another fault that comes after gives one; `rollback`, the change is
        /// applied, and undone after some seconds, unless the same password was set again by then.
        pub fault: ::std::string::String,
        /// Whether an error, an answer, a cut or a page comes `before` the request is carried out, and so in
        /// its place, or `after`, once it has changed something; and where a latency waits. A
        /// request that waits is carried out even if its client gives up, and goes on at once when
        /// the latency is removed; until then it keeps its connection. `before` unless told
        /// otherwise.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub when: ::std::option::Option<::std::string::String>,
        ///For `latency`. How long it waits, 600000 at most.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub milliseconds: ::std::option::Option<i64>,
        ///For `throttle`. How many requests get through in a second.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub per_second: ::std::option::Option<i64>,
        /// For `error` and `html`. The status, from 400 to 599; by default the one that the contract
        /// has for the code, and 502. For `answer`. The status, from 200 to 599.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub status: ::std::option::Option<i32>,
        /// For `error`. The code; that of an internal error unless told otherwise. `APIGW.…` and
        /// `APIG.…` come from the gateway; IAM has no others. At most 128 bytes.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub code: ::std::option::Option<::std::string::String>,
        /// For `error`. The message, at most 4096 bytes; by default the one that the contract has
        /// for the code.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub message: ::std::option::Option<::std::string::String>,
        ///Only requests to this service, `ddm`, `dcs`, `dms` or `iam`.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub service: ::std::option::Option<::std::string::String>,
        ///Only requests for this operation, by the id that the contract gives it.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub operation: ::std::option::Option<::std::string::String>,
        ///Only requests about this instance of the fleet.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub instance_id: ::std::option::Option<::std::string::String>,
        ///How many requests it hits, 1 or more; every one unless told otherwise.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub count: ::std::option::Option<i64>,
        ///Which share of the requests it hits, from 1 to 100; the seed decides which.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub percent: ::std::option::Option<i32>,
        /// What chance begins with for a share, 0 or more; it follows from the fleet's seed and the
        /// id of the fault unless told otherwise.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub seed: ::std::option::Option<i64>,
        /// For `answer`. The headers, at most 8192 bytes. The connection decides `Connection`,
        /// `Content-Length` and `Transfer-Encoding`.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub headers: ::std::option::Option<
            ::std::collections::HashMap<::std::string::String, ::std::string::String>,
        >,
        /// For `answer`. The body, at most 16384 bytes; it is JSON unless the headers have another
        /// `Content-Type`.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub body: ::std::option::Option<::std::string::String>,
        /// For `late` and `rollback`. After how many seconds of the emulator's clock the change is
        /// applied or undone, 31536000 at most. Moving the clock counts.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub seconds: ::std::option::Option<i64>,
    }
    ///`FaultAdded`
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default)]
    pub struct FaultAdded {
        ///The id of the fault.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub fault_id: ::std::option::Option<i64>,
    }
    ///`FaultList`
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default)]
    pub struct FaultList {
        ///The faults.
        #[serde(default, skip_serializing_if = "::std::vec::Vec::is_empty")]
        pub faults: ::std::vec::Vec<ActiveFault>,
    }
    ///The state of an instance. What does not apply to its service is left out.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default)]
    pub struct Instance {
        ///Its id.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub id: ::std::option::Option<::std::string::String>,
        ///Its service, `ddm`, `dcs` or `dms`.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub service: ::std::option::Option<::std::string::String>,
        ///The id of its project.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub project_id: ::std::option::Option<::std::string::String>,
        /// Whether it takes requests: `running`, it does; `busy`, a change runs; `stopped`, it does
        /// not.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub state: ::std::option::Option<::std::string::String>,
        ///When a password of it was last changed, if one was.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub changed_at: ::std::option::Option<::std::string::String>,
        ///DCS. Whether everyone gets in without a password.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub password_free: ::std::option::Option<bool>,
        ///DCS. How many wrong old passwords are left until the account is locked.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub tries_left: ::std::option::Option<i32>,
        ///DCS. For how many more minutes the account is locked, if it is.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub lock_minutes_left: ::std::option::Option<i64>,
        ///DMS. Whether SSL is on.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub ssl: ::std::option::Option<bool>,
        ///DDM. The names of its accounts.
        #[serde(default, skip_serializing_if = "::std::vec::Vec::is_empty")]
        pub accounts: ::std::vec::Vec<::std::string::String>,
        ///DDM. The name of its administrator, if it has one.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub administrator: ::std::option::Option<::std::string::String>,
    }
    ///`InstanceList`
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default)]
    pub struct InstanceList {
        ///How many instances the fleet has.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub count: ::std::option::Option<i64>,
        ///The instances.
        #[serde(default, skip_serializing_if = "::std::vec::Vec::is_empty")]
        pub instances: ::std::vec::Vec<Instance>,
    }
    ///`PasswordCheck`
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct PasswordCheck {
        ///DDM. The account, or the administrator.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub account: ::std::option::Option<::std::string::String>,
        pub password: ::repass_policy::CandidatePassword,
    }
    ///`PasswordVerdict`
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default)]
    pub struct PasswordVerdict {
        ///Whether the password is the current one.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub is_current: ::std::option::Option<bool>,
    }
    ///`ReceivedRequest`
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default)]
    pub struct ReceivedRequest {
        ///The method.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub method: ::std::option::Option<::std::string::String>,
        ///The path as it was sent.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub path: ::std::option::Option<::std::string::String>,
        ///The status of the answer; absent if the connection was cut instead.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub status: ::std::option::Option<i32>,
        ///The id that the answer carried in `X-Request-Id`.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub request_id: ::std::option::Option<::std::string::String>,
    }
    ///`RequestList`
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default)]
    pub struct RequestList {
        ///The requests.
        #[serde(default, skip_serializing_if = "::std::vec::Vec::is_empty")]
        pub requests: ::std::vec::Vec<ReceivedRequest>,
    }
    /// Error types.
    pub mod error {
        /// Error from a `TryFrom` or `FromStr` implementation.
        pub struct ConversionError(::std::borrow::Cow<'static, str>);
        impl ::std::error::Error for ConversionError {}
        impl ::std::fmt::Display for ConversionError {
            fn fmt(
                &self,
                f: &mut ::std::fmt::Formatter<'_>,
            ) -> Result<(), ::std::fmt::Error> {
                ::std::fmt::Display::fmt(&self.0, f)
            }
        }
        impl ::std::fmt::Debug for ConversionError {
            fn fmt(
                &self,
                f: &mut ::std::fmt::Formatter<'_>,
            ) -> Result<(), ::std::fmt::Error> {
                ::std::fmt::Debug::fmt(&self.0, f)
            }
        }
        impl From<&'static str> for ConversionError {
            fn from(value: &'static str) -> Self {
                Self(value.into())
            }
        }
        impl From<String> for ConversionError {
            fn from(value: String) -> Self {
                Self(value.into())
            }
        }
    }
}
#[derive(Clone, Debug)]
/// Client for The control of repass's emulator
///
/// What tests and people tell an emulator of the services beside its requests: what is to go wrong,
/// and what time it is; and what they ask it: the state of an instance, whether a password is the
/// current one, what was requested last.
///
/// Only `repass emulate` has it, below a path that no service uses. It asks for no token: it is for
/// this machine. No web page can send a request unasked, or read an answer: the host has to be
/// `localhost`, an IP address or a name that the emulator was started with, or the status is 421,
/// and a body has to say that it is JSON.
///
///
/// Version: 1.1.0
pub struct Client {
    pub(crate) baseurl: String,
    pub(crate) client: reqwest::Client,
    pub(crate) inner: crate::Transport,
}
impl Client {
    /// Create a new client.
    ///
    /// `baseurl` is the base URL provided to the internal
    /// `reqwest::Client`, and should include a scheme and hostname,
    /// as well as port and a path stem if applicable.
    pub fn new(baseurl: &str, inner: crate::Transport) -> Self {
        #[cfg(not(target_arch = "wasm32"))]
        let client = {
            let dur = ::std::time::Duration::from_secs(15u64);
            reqwest::ClientBuilder::new().connect_timeout(dur).timeout(dur)
        };
        #[cfg(target_arch = "wasm32")]
        let client = reqwest::ClientBuilder::new();
        Self::new_with_client(baseurl, client.build().unwrap(), inner)
    }
    /// Construct a new client with an existing `reqwest::Client`,
    /// allowing more control over its configuration.
    ///
    /// `baseurl` is the base URL provided to the internal
    /// `reqwest::Client`, and should include a scheme and hostname,
    /// as well as port and a path stem if applicable.
    pub fn new_with_client(
        baseurl: &str,
        client: reqwest::Client,
        inner: crate::Transport,
    ) -> Self {
        Self {
            baseurl: baseurl.to_string(),
            client,
            inner,
        }
    }
}
impl ClientInfo<crate::Transport> for Client {
    fn api_version() -> &'static str {
        "1.1.0"
    }
    fn baseurl(&self) -> &str {
        self.baseurl.as_str()
    }
    fn client(&self) -> &reqwest::Client {
        &self.client
    }
    fn inner(&self) -> &crate::Transport {
        &self.inner
    }
}
const _: () = {
    #[allow(dead_code)]
    fn assert_client_hooks()
    where
        Client: ClientHooks<crate::Transport>,
    {}
};
#[allow(clippy::all)]
impl Client {
    /// List the instances
    ///
    /// The instances in the order of their ids, some at a time.
    ///
    /// Sends a `GET` request to `/_emulator/instances`
    ///
    /// Arguments:
    /// - `limit`: How many instances to list, from 1 to 1000; 100 unless told otherwise.
    /// - `marker`: The id of an instance; those after it are listed.
    pub async fn list_instances<'a>(
        &'a self,
        limit: Option<::std::num::NonZeroU32>,
        marker: Option<&'a str>,
    ) -> Result<ResponseValue<types::InstanceList>, Error<crate::ErrorBody>> {
        let url = format!("{}/_emulator/instances", self.baseurl,);
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .get(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .query(&progenitor_client::QueryParam::new("limit", &limit))
            .query(&progenitor_client::QueryParam::new("marker", &marker))
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "list_instances",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200u16 => ResponseValue::from_response(response).await,
            400u16..=499u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            500u16..=599u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /// Show the state of an instance
    ///
    /// What a service would not tell, but for its passwords.
    ///
    /// Sends a `GET` request to `/_emulator/instances/{instance_id}`
    ///
    /// Arguments:
    /// - `instance_id`: The instance, of any service.
    pub async fn show_instance<'a>(
        &'a self,
        instance_id: &'a crate::InstanceId,
    ) -> Result<ResponseValue<types::Instance>, Error<crate::ErrorBody>> {
        let url = format!(
            "{}/_emulator/instances/{}", self.baseurl, encode_path(& instance_id
            .to_string()),
        );
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .get(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "show_instance",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200u16 => ResponseValue::from_response(response).await,
            400u16..=499u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            404u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            500u16..=599u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /// Check whether a password is the current one
    ///
    /// The password of an instance of DCS or DMS, or of an account of one of DDM. It counts as no
    /// try, and no state changes.
    ///
    ///
    /// Sends a `POST` request to `/_emulator/instances/{instance_id}/password-check`
    ///
    /// Arguments:
    /// - `instance_id`: The instance, of any service.
    /// - `body`
    pub async fn check_password<'a>(
        &'a self,
        instance_id: &'a crate::InstanceId,
        body: &'a types::PasswordCheck,
    ) -> Result<ResponseValue<types::PasswordVerdict>, Error<crate::ErrorBody>> {
        let url = format!(
            "{}/_emulator/instances/{}/password-check", self.baseurl, encode_path(&
            instance_id.to_string()),
        );
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .post(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .json(&body)
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "check_password",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200u16 => ResponseValue::from_response(response).await,
            400u16..=499u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            404u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            409u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            500u16..=599u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /// List the last requests
    ///
    /// The last 1000 requests to the services, the oldest first: never a header or a body.
    ///
    ///
    /// Sends a `GET` request to `/_emulator/requests`
    pub async fn list_requests<'a>(
        &'a self,
    ) -> Result<ResponseValue<types::RequestList>, Error<crate::ErrorBody>> {
        let url = format!("{}/_emulator/requests", self.baseurl,);
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .get(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "list_requests",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200u16 => ResponseValue::from_response(response).await,
            400u16..=499u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            500u16..=599u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /// List the faults
    ///
    /// In the order in which they are looked at.
    ///
    /// Sends a `GET` request to `/_emulator/faults`
    pub async fn list_faults<'a>(
        &'a self,
    ) -> Result<ResponseValue<types::FaultList>, Error<crate::ErrorBody>> {
        let url = format!("{}/_emulator/faults", self.baseurl,);
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .get(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "list_faults",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200u16 => ResponseValue::from_response(response).await,
            400u16..=499u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            500u16..=599u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /// Let something go wrong
    ///
    /// Adds a fault after those that there are, 1000 at most; those that have hit all they may stay,
    /// with their hits, until there is no other room. Of the faults that are about a request and
    /// come before it is carried out, the first one hits it; else the first of those that come
    /// after. Every latency does, and besides the first `late` and the first `rollback`.
    ///
    ///
    /// Sends a `POST` request to `/_emulator/faults`
    pub async fn add_fault<'a>(
        &'a self,
        body: &'a types::Fault,
    ) -> Result<ResponseValue<types::FaultAdded>, Error<crate::ErrorBody>> {
        let url = format!("{}/_emulator/faults", self.baseurl,);
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .post(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .json(&body)
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "add_fault",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            201u16 => ResponseValue::from_response(response).await,
            400u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            400u16..=499u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            500u16..=599u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /// Remove a fault, or all
    ///
    /// Nothing goes wrong if there is none. If all are removed, the ids of the next ones begin with
    /// 1 again, and so do their shares.
    ///
    ///
    /// Sends a `DELETE` request to `/_emulator/faults`
    ///
    /// Arguments:
    /// - `fault_id`: The fault to remove; all of them unless one is named.
    pub async fn remove_faults<'a>(
        &'a self,
        fault_id: Option<::std::num::NonZeroU64>,
    ) -> Result<ResponseValue<()>, Error<crate::ErrorBody>> {
        let url = format!("{}/_emulator/faults", self.baseurl,);
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .delete(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .query(&progenitor_client::QueryParam::new("fault_id", &fault_id))
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "remove_faults",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            204u16 => Ok(ResponseValue::empty(response)),
            400u16..=499u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            500u16..=599u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /// Show the time
    ///
    /// The emulator's time.
    ///
    /// Sends a `GET` request to `/_emulator/clock`
    pub async fn show_clock<'a>(
        &'a self,
    ) -> Result<ResponseValue<types::Clock>, Error<crate::ErrorBody>> {
        let url = format!("{}/_emulator/clock", self.baseurl,);
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .get(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "show_clock",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200u16 => ResponseValue::from_response(response).await,
            400u16..=499u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            500u16..=599u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /// Move the clock ahead
    ///
    /// So that a lock runs out, a change ends, or a token. It never goes back. Signatures are checked
    /// against it, and every answer has it in its `Date`: a client that signs meets what it would
    /// meet if its own clock were behind.
    ///
    ///
    /// Sends a `POST` request to `/_emulator/clock`
    pub async fn advance_clock<'a>(
        &'a self,
        body: &'a types::ClockAdvance,
    ) -> Result<ResponseValue<types::Clock>, Error<crate::ErrorBody>> {
        let url = format!("{}/_emulator/clock", self.baseurl,);
        let mut header_map = ::reqwest::header::HeaderMap::with_capacity(1usize);
        header_map
            .append(
                ::reqwest::header::HeaderName::from_static("api-version"),
                ::reqwest::header::HeaderValue::from_static(Self::api_version()),
            );
        #[allow(unused_mut)]
        let mut request = self
            .client
            .post(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .json(&body)
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "advance_clock",
        };
        self.pre(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200u16 => ResponseValue::from_response(response).await,
            400u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            400u16..=499u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            500u16..=599u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
}
/// Items consumers will typically use such as the Client.
pub mod prelude {
    #[allow(unused_imports)]
    pub use super::Client;
}
