//! `repass schema`: what `--output json` prints, as JSON Schema (draft 2020-12).

use repass_client::Report;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value};

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
    ("generate", of::<Generated>),
];

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    SCHEMAS.iter().map(|(name, _)| *name)
}

pub(crate) fn run(verb: Option<&str>) -> Result<(), Failure> {
    let named = SCHEMAS.iter().find(|(name, _)| Some(*name) == verb);
    let schema = match named {
        Some((_, schema)) => schema().to_value(),
        None => {
            let each = SCHEMAS.iter();
            let each = each.map(|(name, schema)| ((*name).to_owned(), schema().to_value()));
            Value::Object(Map::from_iter(each))
        }
    };
    terminal::show(&format!("{schema:#}"))
}

fn of<T: JsonSchema>() -> Schema {
    // Of what is written: what may be left out is not required.
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings
        .into_generator()
        .into_root_schema_for::<Either<T>>()
}
