// Generated from openapi/dcs.yaml by `cargo xtask codegen`. Do not edit.

#[allow(unused_imports)]
pub use progenitor_client::{ByteStream, ClientInfo, Error, ResponseValue};
#[allow(unused_imports)]
use progenitor_client::{encode_path, ClientHooks, OperationInfo, RequestBuilderExt};
/// Types used as operation parameters and responses.
#[allow(clippy::all)]
pub mod types {
    /// What to reset. `new_password` is needed when `no_password_access` is false or absent, and
    /// must be absent when it is true.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default)]
    pub struct ResetPasswordRequest {
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub new_password: ::std::option::Option<::repass_policy::DcsPassword>,
        ///Whether to make the instance password-free.
        #[serde(default)]
        pub no_password_access: bool,
    }
    ///`ResetPasswordResponse`
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default)]
    pub struct ResetPasswordResponse {
        /// Deprecated. How many tries are left, by default `5`. A reset verifies no password.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub retry_times_left: ::std::option::Option<::std::string::String>,
        /// Deprecated. How long the account is locked, in minutes, by default `0`. A reset locks
        /// nothing.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub lock_time: ::std::option::Option<::std::string::String>,
        /// Deprecated. How much longer the account is locked, in minutes, by default `0`. A reset
        /// locks nothing.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub lock_time_left: ::std::option::Option<::std::string::String>,
        /// The result of the reset: `1`, the password was reset; `3`, the instance is locked and
        /// the password was not reset.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub code: ::std::option::Option<::std::string::String>,
        ///The result in words, such as `success`.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub message: ::std::option::Option<::std::string::String>,
        ///The error of the reset. Null if the password was reset.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub ext_message: ::std::option::Option<::std::string::String>,
    }
    ///`UpdatePasswordRequest`
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug)]
    pub struct UpdatePasswordRequest {
        pub old_password: ::repass_policy::DcsOldPassword,
        pub new_password: ::repass_policy::DcsPassword,
    }
    ///`UpdatePasswordResponse`
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default)]
    pub struct UpdatePasswordResponse {
        /// How long the account is locked. Not null if a wrong old password has locked it. The
        /// page has no unit and no range; Huawei Cloud's edition of 2025 has `0` to `5`, and the
        /// page of the reset has minutes.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub lock_time: ::std::option::Option<::std::string::String>,
        /// The result of the change: `success`; `passwordFailed`, the old password is wrong;
        /// `locked`, the account is locked; `failed`, the change failed.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub result: ::std::option::Option<::std::string::String>,
        /// How much longer the account is locked. Not null if it is locked. Unit and range as for
        /// `lock_time`.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub lock_time_left: ::std::option::Option<::std::string::String>,
        /// How many tries are left. Not null if the old password is wrong. Huawei Cloud's edition
        /// of 2025 has the range `0` to `5`.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub retry_times_left: ::std::option::Option<::std::string::String>,
        ///The result in words.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub message: ::std::option::Option<::std::string::String>,
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
/// Client for DCS passwords
///
/// Unofficial: written by the repass project from the vendor's public pages.
///
/// The password endpoints of Distributed Cache Service (DCS, Redis) on Huawei Cloud and Open
/// Telekom Cloud: changing the password of an instance, which asks for the old one, and resetting
/// it, which does not.
///
/// Besides a token, the service accepts requests signed with an access key pair
/// (SDK-HMAC-SHA256).
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
    /// Change the password of a Redis instance
    ///
    /// Sets a new password in place of the old one, which has to be given.
    ///
    /// Status 200 alone does not prove success: `result` says whether the password was changed. A
    /// wrong old password counts towards a lock. According to the vendor's user guide, five of
    /// them lock the account for five minutes. So a change whose answer was lost must not be sent
    /// again.
    ///
    ///
    /// Sends a `PUT` request to `/v2/{project_id}/instances/{instance_id}/password`
    ///
    /// Arguments:
    /// - `project_id`: The project that the instance belongs to. It is the project of the token.
    /// - `instance_id`: The Redis instance.
    /// - `body`
    pub async fn update_password<'a>(
        &'a self,
        project_id: &'a crate::ProjectId,
        instance_id: &'a crate::InstanceId,
        body: &'a types::UpdatePasswordRequest,
    ) -> Result<ResponseValue<types::UpdatePasswordResponse>, Error<crate::ErrorBody>> {
        let url = format!(
            "{}/v2/{}/instances/{}/password", self.baseurl, encode_path(& project_id
            .to_string()), encode_path(& instance_id.to_string()),
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
            .put(url)
            .header(
                ::reqwest::header::ACCEPT,
                ::reqwest::header::HeaderValue::from_static("application/json"),
            )
            .json(&body)
            .headers(header_map)
            .build()?;
        let info = OperationInfo {
            operation_id: "update_password",
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
            401u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            403u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            404u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            429u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            500u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            500u16..=599u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            _ => Err(Error::UnexpectedResponse(response)),
        }
    }
    /// Reset the password of a Redis instance
    ///
    /// Sets a new password without asking for the old one, or makes the instance password-free.
    ///
    /// `new_password` is needed unless `no_password_access` is true, and must not be present when
    /// it is. According to the user guide, the instance must be running. The old password is not
    /// verified, so no tries are counted and nothing is locked: the three fields about that are
    /// deprecated.
    ///
    ///
    /// Sends a `POST` request to `/v2/{project_id}/instances/{instance_id}/password/reset`
    ///
    /// Arguments:
    /// - `project_id`: The project that the instance belongs to. It is the project of the token.
    /// - `instance_id`: The Redis instance.
    /// - `body`
    pub async fn reset_password<'a>(
        &'a self,
        project_id: &'a crate::ProjectId,
        instance_id: &'a crate::InstanceId,
        body: &'a types::ResetPasswordRequest,
    ) -> Result<ResponseValue<types::ResetPasswordResponse>, Error<crate::ErrorBody>> {
        let url = format!(
            "{}/v2/{}/instances/{}/password/reset", self.baseurl, encode_path(&
            project_id.to_string()), encode_path(& instance_id.to_string()),
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
            operation_id: "reset_password",
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
            401u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            403u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            404u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            429u16 => {
                Err(Error::ErrorResponse(ResponseValue::from_response(response).await?))
            }
            500u16 => {
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
