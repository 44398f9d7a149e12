//! The body of an error, as the generated clients return it.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::iam::types::KeystoneError;

/// The body of an error. Every service may answer in either dialect, and the gateway in its own, so
/// all of them are read from every service. A field of an unexpected type counts as absent.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ErrorBody {
    /// The code of DCS, DMS and the gateway.
    #[serde(deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// The message of DCS, DMS and the gateway.
    #[serde(deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub error_msg: Option<String>,
    /// A further message of DCS, which does not use it.
    #[serde(deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub error_ext_msg: Option<String>,
    /// The code of DDM.
    #[serde(
        rename = "errCode",
        deserialize_with = "text",
        skip_serializing_if = "Option::is_none"
    )]
    pub err_code: Option<String>,
    /// The message of DDM.
    #[serde(
        rename = "externalMessage",
        deserialize_with = "text",
        skip_serializing_if = "Option::is_none"
    )]
    pub external_message: Option<String>,
    /// The id of the request, which the gateway puts into the body.
    #[serde(deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The error of IAM.
    #[serde(deserialize_with = "keystone", skip_serializing_if = "Option::is_none")]
    pub error: Option<KeystoneError>,
}

impl ErrorBody {
    /// Returns the code, whatever its dialect.
    pub fn code(&self) -> Option<&str> {
        self.error_code.as_deref().or(self.err_code.as_deref())
    }

    /// Returns the message, whatever its dialect.
    pub fn message(&self) -> Option<&str> {
        let keystone = self.error.as_ref();
        self.error_msg
            .as_deref()
            .or(self.external_message.as_deref())
            .or(keystone.and_then(|error| error.message.as_deref()))
    }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

fn keystone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<KeystoneError>, D::Error> {
    let error = Value::deserialize(deserializer)?;
    let error = Some(error).filter(Value::is_object);
    Ok(error.and_then(|error| serde_json::from_value(error).ok()))
}
