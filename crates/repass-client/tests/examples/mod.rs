//! The examples of the vendor's pages, which stand in the tests as they stand on the pages.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An example with nothing between its fields, as a request is sent.
pub(crate) fn compact(example: &str) -> String {
    serde_json::from_str::<Value>(example).unwrap().to_string()
}

/// What is left of an example once it was read as `T` and written again.
pub(crate) fn rewritten<T: DeserializeOwned + Serialize>(example: &str) -> Value {
    serde_json::to_value(serde_json::from_str::<T>(example).unwrap()).unwrap()
}

/// An example without its nulls, which say the same as nothing.
pub(crate) fn without_nulls(example: &str) -> Value {
    let mut value = serde_json::from_str::<Value>(example).unwrap();
    value
        .as_object_mut()
        .unwrap()
        .retain(|_, field| !field.is_null());
    value
}
