//! The OpenAPI files, read into the model that every other module walks.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use indexmap::IndexMap;
use openapiv3::{
    AdditionalProperties, MediaType, OpenAPI, Parameter, ParameterSchemaOrContent, ReferenceOr,
    RequestBody, Response, Schema, SchemaKind, Type,
};
use serde::de::DeserializeOwned;

/// One file of `openapi/`.
#[derive(Debug, Clone)]
pub struct Spec {
    /// The file's stem, and with it the name of the generated module: `dms`.
    pub name: String,
    /// The file's path from the root of the repository: `openapi/dms.yaml`.
    pub file: String,
    /// The file as it is written.
    pub document: serde_json::Value,
    /// The file as OpenAPI understands it.
    pub api: OpenAPI,
}

/// An operation with where it stands.
#[derive(Debug, Clone)]
pub struct Operation<'a> {
    /// `resetPassword`, or `POST /the/path` where the id is missing.
    pub name: String,
    /// The path template.
    pub path: &'a str,
    /// The method in lower case.
    pub method: &'a str,
    /// The parameters of the path and of the operation.
    pub parameters: Vec<&'a Parameter>,
    /// The operation itself.
    pub operation: &'a openapiv3::Operation,
}

/// Where a schema is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// In a path or query.
    Parameter,
    /// In what is sent.
    Request,
    /// In what comes back.
    Response,
}

/// A schema as an operation uses it.
#[derive(Debug, Clone)]
pub struct Use<'a> {
    /// The operation and the way from it to the schema: `resetPassword, request, new_password`.
    pub place: String,
    /// Where the schema is used.
    pub role: Role,
    /// The component's name where the use is a `$ref`.
    pub component: Option<&'a str>,
    /// The name of the property or parameter that the schema is for.
    pub field: Option<&'a str>,
    /// The name of the component that has the property.
    pub owner: Option<&'a str>,
    /// The schema.
    pub schema: &'a Schema,
}

/// Reads every `openapi/*.yaml` below `root`, in the order of their names.
///
/// # Errors
/// A folder or file that cannot be read, and the first syntax or type error of a file with its
/// line.
pub fn load(root: &Path) -> Result<Vec<Spec>> {
    let texts = texts(root, "openapi")?;
    if texts.is_empty() {
        bail!("openapi/: there is no .yaml file");
    }
    (texts.iter().map(|(name, text)| Spec::parse(name, text))).collect()
}

/// The texts of the YAML files of a folder below `root`, by their names without `.yaml`.
///
/// # Errors
/// A folder or file that cannot be read.
pub fn texts(root: &Path, folder: &str) -> Result<BTreeMap<String, String>> {
    let path = root.join(folder);
    let mut texts = BTreeMap::new();
    for entry in std::fs::read_dir(&path).with_context(|| format!("{}", path.display()))? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
            && let Some(stem) = path.file_stem()
        {
            let name = stem.to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path);
            let text = text.with_context(|| format!("{folder}/{name}.yaml"))?;
            texts.insert(name, text);
        }
    }
    Ok(texts)
}

impl Spec {
    /// Reads one file's text.
    ///
    /// # Errors
    /// The first syntax or type error, with its line.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let file = format!("openapi/{name}.yaml");
        Ok(Self {
            name: name.to_owned(),
            document: read(&file, text)?,
            api: read(&file, text)?,
            file,
        })
    }

    /// Whether it describes a service of the vendor, and not the emulator's own control.
    pub fn is_of_vendor(&self) -> bool {
        self.name != "emulator"
    }

    /// Every operation, in the order of the file.
    pub fn operations(&self) -> Vec<Operation<'_>> {
        let items = self.api.paths.iter();
        items
            .filter_map(|(path, item)| Some((path.as_str(), item.as_item()?)))
            .flat_map(|(path, item)| {
                item.iter().map(move |(method, operation)| Operation {
                    name: operation
                        .operation_id
                        .clone()
                        .unwrap_or_else(|| format!("{} {path}", method.to_uppercase())),
                    path,
                    method,
                    parameters: (item.parameters.iter().chain(&operation.parameters))
                        .filter_map(|parameter| self.parameter(parameter))
                        .collect(),
                    operation,
                })
            })
            .collect()
    }

    /// The named schemas, in the order of the file.
    pub fn schemas(&self) -> impl Iterator<Item = (&str, &Schema)> {
        let components = self.api.components.iter();
        components
            .flat_map(|components| &components.schemas)
            .filter_map(|(name, schema)| Some((name.as_str(), schema.as_item()?)))
    }

    /// The parameter that a reference names, or the parameter itself.
    pub fn parameter<'a>(&'a self, parameter: &'a ReferenceOr<Parameter>) -> Option<&'a Parameter> {
        resolve(parameter, &self.api.components.as_ref()?.parameters)
    }

    /// The request body that a reference names, or the body itself.
    pub fn request_body<'a>(
        &'a self,
        body: &'a ReferenceOr<RequestBody>,
    ) -> Option<&'a RequestBody> {
        resolve(body, &self.api.components.as_ref()?.request_bodies)
    }

    /// The response that a reference names, or the response itself.
    pub fn response<'a>(&'a self, response: &'a ReferenceOr<Response>) -> Option<&'a Response> {
        resolve(response, &self.api.components.as_ref()?.responses)
    }

    /// The schema that a reference names, with that name, or the schema itself.
    pub fn schema<'a, S: Borrow<Schema>>(
        &'a self,
        schema: &'a ReferenceOr<S>,
    ) -> Option<(Option<&'a str>, &'a Schema)> {
        match schema {
            ReferenceOr::Item(schema) => Some((None, schema.borrow())),
            ReferenceOr::Reference { reference } => {
                let name = component(reference);
                let schemas = &self.api.components.as_ref()?.schemas;
                Some((Some(name), schemas.get(name)?.as_item()?))
            }
        }
    }

    /// Every schema that an operation uses, in every place where it is used.
    pub fn uses(&self) -> Vec<Use<'_>> {
        let mut uses = Vec::new();
        for operation in self.operations() {
            let name = &operation.name;
            for parameter in &operation.parameters {
                let data = parameter.parameter_data_ref();
                if let ParameterSchemaOrContent::Schema(schema) = &data.format
                    && let Some((component, schema)) = self.schema(schema)
                {
                    uses.push(Use {
                        place: format!("{name}, parameter {}", data.name),
                        role: Role::Parameter,
                        component,
                        field: Some(&data.name),
                        owner: None,
                        schema,
                    });
                }
            }
            for (place, role, media) in self.bodies(&operation) {
                if let Some((component, schema)) =
                    media.schema.as_ref().and_then(|s| self.schema(s))
                {
                    let body = Use {
                        place,
                        role,
                        component,
                        field: None,
                        owner: None,
                        schema,
                    };
                    self.descend(body, &mut uses);
                }
            }
        }
        uses
    }

    /// The bodies of an operation, each with its place: `resetPassword, response 200`.
    pub fn bodies<'a>(&'a self, operation: &Operation<'a>) -> Vec<(String, Role, &'a MediaType)> {
        let name = &operation.name;
        let request = operation.operation.request_body.as_ref();
        let request = request.and_then(|body| self.request_body(body));
        let request = request.iter().flat_map(|body| body.content.values());
        let request = request.map(|media| (format!("{name}, request"), Role::Request, media));

        let responses = operation.operation.responses.responses.iter();
        let responses = responses.flat_map(|(status, response)| {
            let content = self.response(response).into_iter();
            content.flat_map(move |response| {
                (response.content.values())
                    .map(move |media| (format!("{name}, response {status}"), Role::Response, media))
            })
        });
        request.chain(responses).collect()
    }

    fn descend<'a>(&'a self, parent: Use<'a>, uses: &mut Vec<Use<'a>>) {
        // Deeper than any body here; a schema that contains itself ends there.
        const DEEPEST: usize = 12;
        let (place, role, owner) = (parent.place.clone(), parent.role, parent.component);
        let kind = &parent.schema.schema_kind;
        uses.push(parent);
        if place.matches(", ").count() > DEEPEST {
            return;
        }
        let mut child =
            |place, field: Option<&'a String>, resolved: Option<(Option<&'a str>, &'a Schema)>| {
                if let Some((component, schema)) = resolved {
                    let child = Use {
                        place,
                        role,
                        component,
                        field: field.map(String::as_str),
                        owner,
                        schema,
                    };
                    self.descend(child, uses);
                }
            };
        let (properties, values, items) = match kind {
            SchemaKind::Type(Type::Object(object)) => (
                Some(&object.properties),
                object.additional_properties.as_ref(),
                None,
            ),
            SchemaKind::Type(Type::Array(array)) => (None, None, array.items.as_ref()),
            // An object or array that does not say so.
            SchemaKind::Any(any) => (
                Some(&any.properties),
                any.additional_properties.as_ref(),
                any.items.as_ref(),
            ),
            _ => (None, None, None),
        };
        for (name, property) in properties.into_iter().flatten() {
            let property = self.schema(property);
            child(format!("{place}, {name}"), Some(name), property);
        }
        if let Some(AdditionalProperties::Schema(values)) = values {
            let place = format!("{place}, additionalProperties");
            child(place, None, self.schema(values));
        }
        if let Some(items) = items {
            child(format!("{place}, items"), None, self.schema(items));
        }
    }
}

fn read<T: DeserializeOwned>(file: &str, text: &str) -> Result<T> {
    serde_saphyr::from_str(text).map_err(|error| {
        // The error shows the lines around it, under a name that the reader makes up.
        let error = error.to_string().replace("<input>", file);
        anyhow!("{file}: {}", error.trim_end())
    })
}

fn resolve<'a, T>(
    item: &'a ReferenceOr<T>,
    components: &'a IndexMap<String, ReferenceOr<T>>,
) -> Option<&'a T> {
    match item {
        ReferenceOr::Item(item) => Some(item),
        ReferenceOr::Reference { reference } => components.get(component(reference))?.as_item(),
    }
}

/// `DmsPassword` of `#/components/schemas/DmsPassword`.
pub fn component(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}
