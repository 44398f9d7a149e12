//! The body of a refusal, in whichever dialect it comes.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::iam::types::KeystoneError;

/// The body of a refusal. Every service may answer in either dialect, and the gateway before it
/// in its own, so all of them are read from all of them; a field of an unexpected type counts as
/// absent.
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
    /// More words from DCS; not in use there.
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
    /// The id of the request, which the gateway gives in the body.
    #[serde(deserialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What IAM says.
    #[serde(deserialize_with = "keystone", skip_serializing_if = "Option::is_none")]
    pub error: Option<KeystoneError>,
}

impl ErrorBody {
    /// The code, in whichever dialect it came.
    pub fn code(&self) -> Option<&str> {
        self.error_code.as_deref().or(self.err_code.as_deref())
    }

    /// The message, in whichever dialect it came.
    pub fn message(&self) -> Option<&str> {
        let keystone = self.error.as_ref();
        self.error_msg
            .as_deref()
            .or(self.external_message.as_deref())
            .or(keystone.and_then(|error| error.message.as_deref()))
    }
}

/// Whether a body says that something went wrong, in any dialect: it has a member of an error, or a
/// `success` that is not true.
pub(crate) fn is_one(body: &[u8]) -> bool {
    let Ok(Value::Object(members)) = serde_json::from_slice(body) else {
        return false;
    };
    let mut said = members.iter().filter(|(_, value)| !value.is_null());
    said.any(|(name, value)| match name.as_str() {
        "success" => *value != Value::Bool(true),
        name => name.starts_with("err") || name == "externalMessage",
    })
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
