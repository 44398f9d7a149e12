//! `repass schema`: what `--output json` prints, and what a fleet's file may have, as JSON Schema
//! (draft 2020-12).

use repass_client::Report;
use repass_emulator::FleetFile;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use crate::emulate::Started;
use crate::failure::Failure;
use crate::output::{Call, Config, Demo, Either, Generated};
use crate::terminal;

/// A verb, and the schema of what it prints.
type Described = (&'static str, fn() -> Schema);

const SCHEMAS: &[Described] = &[
    ("call", of::<Call>),
    ("check", of::<Report>),
    ("config", of::<Config>),
    ("demo", of::<Demo>),
    ("emulate", of::<Started<'_>>),
    ("fleet", file::<FleetFile>),
    ("generate", of::<Generated>),
    #[cfg(feature = "rotate")]
    ("get", of::<crate::output::Stored>),
    #[cfg(feature = "rotate")]
    ("history", of::<crate::output::Events>),
    #[cfg(feature = "rotate")]
    ("import", of::<crate::output::Imported>),
    #[cfg(feature = "rotate")]
    ("rotate", of::<crate::output::RotateLine>),
    #[cfg(feature = "rotate")]
    ("rotation", file::<repass_rotate::fleet::FleetFile>),
    #[cfg(feature = "rotate")]
    ("status", of::<crate::output::FleetStatus>),
];

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    SCHEMAS.iter().map(|(name, _)| *name)
}

pub(crate) fn run(verb: Option<&str>) -> Result<(), Failure> {
    let each = SCHEMAS.iter().map(|(name, schema)| {
        let mut schema = schema();
        schema.insert("title".to_owned(), (*name).into());
        ((*name).to_owned(), schema.to_value())
    });
    let mut all = Map::from_iter(each);
    let schema = match verb {
        // Only names of the list are accepted.
        Some(verb) => all.remove(verb).unwrap_or_default(),
        None => Value::Object(all),
    };
    terminal::show(&format!("{schema:#}"))
}

fn of<T: JsonSchema>() -> Schema {
    // Of what is written: what may be left out is not required, and is never null.
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let settings = settings.with_transform(RecursiveTransform(left_out_not_null));
    settings
        .into_generator()
        .into_root_schema_for::<Either<T>>()
}

/// Of a file that is read.
fn file<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12();
    settings.into_generator().into_root_schema_for::<T>()
}

fn left_out_not_null(schema: &mut Schema) {
    let required = schema.get("required").and_then(Value::as_array).cloned();
    let required = required.unwrap_or_default();
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, property) in properties.into_iter().flatten() {
        if !required.contains(&name.as_str().into()) {
            for (keyword, null) in [("type", json!("null")), ("anyOf", json!({"type": "null"}))] {
                if let Some(kinds) = property.get_mut(keyword).and_then(Value::as_array_mut) {
                    kinds.retain(|kind| *kind != null);
                }
            }
        }
    }
}
