//! `clouds.yaml`, `secure.yaml` and `clouds-public.yaml`, found and merged as openstacksdk does.
//!
//! A cloud has layers, the strongest first: the values of its region, `secure.yaml`, `clouds.yaml`,
//! and its profile. A field of a layer counts before that of the layers below it.

use std::path::{Path, PathBuf};

use repass_client::Secret;
use serde_saphyr::Spanned;

use super::found::{Environment, Found, Source};
use super::table::Level;
use super::yaml::{Document, Fields, Node};
use crate::failure::Failure;

/// The names of a kind of file, and the variable that names the file itself.
struct Kind {
    variable: Option<&'static str>,
    names: [&'static str; 3],
}

const CLOUDS: Kind = Kind {
    variable: Some("OS_CLIENT_CONFIG_FILE"),
    names: ["clouds.yaml", "clouds.yml", "clouds.json"],
};
const SECURE: Kind = Kind {
    variable: Some("OS_CLIENT_SECURE_FILE"),
    names: ["secure.yaml", "secure.yml", "secure.json"],
};
const PROFILES: Kind = Kind {
    variable: None,
    names: [
        "clouds-public.yaml",
        "clouds-public.yml",
        "clouds-public.json",
    ],
};

/// The profiles that need no file: the one of openstacksdk for a cloud that repass knows.
const BUILT_IN: (&str, &str) = (
    "built-in profiles",
    "public-clouds:
  otc:
    regions: [eu-de, eu-nl]
    auth:
      auth_url: https://iam.{region_name}.otc.t-systems.com/v3
",
);

/// A cloud of the files.
pub(crate) struct Cloud {
    pub(crate) fields: Vec<Field>,
    pub(crate) region: Option<Found>,
    /// The line on which the cloud begins.
    pub(crate) place: Option<Source>,
}

/// A field of a cloud, or below its `auth`.
pub(crate) struct Field {
    pub(crate) level: Level,
    /// The name as it is written, perhaps with hyphens.
    key: String,
    /// With underscores.
    pub(crate) name: String,
    pub(crate) value: Node,
    /// With the name of the field.
    pub(crate) source: Source,
}

/// Some fields of a cloud, and where they stand in their document.
struct Layer<'a> {
    document: &'a Document,
    path: Vec<&'a str>,
    fields: &'a Fields,
}

impl Cloud {
    /// Reads the cloud of this name. Of its regions, the first of the wanted ones that it has is
    /// taken, or else its first one.
    ///
    /// # Errors
    /// There is no file, or it cannot be read, or it does not have the cloud, or its structure is
    /// not valid.
    pub(crate) fn read(
        name: &str,
        source: &Source,
        wanted: &[&str],
        environment: &Environment,
    ) -> Result<Self, Failure> {
        let (secure, clouds) = (find(&SECURE, environment)?, find(&CLOUDS, environment)?);
        if secure.is_none() && clouds.is_none() {
            let places = places(&CLOUDS, environment).map(|place| place.display().to_string());
            return Err(Failure::usage(
                format!("{source} names a cloud, but there is no clouds.yaml"),
                format!(
                    "name the file in OS_CLIENT_CONFIG_FILE, or put it in one of these places: {}",
                    places.collect::<Vec<_>>().join(", ")
                ),
            ));
        }
        let documents = secure.into_iter().chain(clouds).map(Document::read);
        let documents = documents.collect::<Result<Vec<_>, _>>()?;
        let mut layers = Vec::new();
        let mut place = None;
        let mut is_known = false;
        for document in &documents {
            let path = vec!["clouds", name];
            let Some(node) = document.node(&path)? else {
                continue;
            };
            is_known = true;
            // Such an empty cloud has its line only here.
            place = Some(document.source(node, &path));
            if let Some(fields) = document.map_at(node, &path)? {
                layers.push(Layer {
                    document,
                    path,
                    fields,
                });
            }
        }
        if !is_known {
            return Err(unknown_cloud(&documents, source)?);
        }
        let profiles = match find(&PROFILES, environment)? {
            Some(path) => Some(Document::read(path)?),
            None => None,
        };
        let (built_in_name, built_in) = BUILT_IN;
        let built_in = Document::parse(built_in_name.into(), built_in)?;
        let own = layers.len();
        if let Some(profile) = text_of(&layers, &["profile", "cloud"])? {
            let profiles = profiles.iter().chain([&built_in]);
            layers.push(profile_layer(&profile, profiles)?);
        }
        let region = Region::of(&layers, own, wanted)?;
        let values = region.as_ref().and_then(|region| region.values.as_ref());
        let values = values.map(|(document, fields, path)| Layer {
            document,
            fields,
            path: path.clone(),
        });
        let mut fields = Vec::new();
        for layer in values.iter().chain(&layers) {
            layer.add_to(&mut fields)?;
        }
        Ok(Self {
            fields,
            region: region.map(|region| region.name),
            place,
        })
    }
}

fn unknown_cloud(documents: &[Document], source: &Source) -> Result<Failure, Failure> {
    let mut known = Vec::new();
    for document in documents {
        let clouds = document.map(&["clouds"])?.into_iter().flatten();
        known.extend(clouds.map(|(name, _)| name.as_str()));
    }
    known.sort_unstable();
    known.dedup();
    let files = documents
        .iter()
        .map(Document::name)
        .collect::<Vec<_>>()
        .join(" or ");
    let next = if known.is_empty() {
        "add it below clouds".to_owned()
    } else {
        format!("name one that is there: {}", known.join(", "))
    };
    Ok(Failure::usage(
        format!("{source}: there is no such cloud in {files}"),
        next,
    ))
}

/// The text of the first of these fields that a layer has.
fn text_of(layers: &[Layer<'_>], names: &[&str]) -> Result<Option<Found>, Failure> {
    for name in names {
        for layer in layers {
            if let Some((node, path)) = layer.field(name) {
                let found = layer.text(node, &path)?;
                if found.is_some() {
                    return Ok(found);
                }
            }
        }
    }
    Ok(None)
}

fn profile_layer<'a>(
    profile: &Found,
    documents: impl Iterator<Item = &'a Document>,
) -> Result<Layer<'a>, Failure> {
    let mut known = Vec::new();
    for document in documents {
        for (name, node) in document.map(&["public-clouds"])?.into_iter().flatten() {
            let path = vec!["public-clouds", name];
            if name == profile.text()
                && let Some(fields) = document.map_at(node, &path)?
            {
                return Ok(Layer {
                    document,
                    path,
                    fields,
                });
            }
            known.push(name.as_str());
        }
    }
    known.sort_unstable();
    known.dedup();
    Err(Failure::usage(
        format!("{}: there is no such profile", profile.source),
        format!(
            "name one of these: {}; or add it to clouds-public.yaml; or write auth_url, region_name \
             and the endpoints into the cloud",
            known.join(", ")
        ),
    ))
}

impl<'a> Layer<'a> {
    fn field(&self, name: &str) -> Option<(&'a Spanned<Node>, Vec<&'a str>)> {
        let mut fields = self.fields.iter();
        let (key, node) = fields.find(|(key, _)| key.replace('-', "_") == name)?;
        let path = self.path.iter().copied().chain([key.as_str()]);
        Some((node, path.collect()))
    }

    fn text(&self, node: &Spanned<Node>, path: &[&str]) -> Result<Option<Found>, Failure> {
        match &node.value {
            Node::Nothing => Ok(None),
            Node::Text(text) if text.expose().is_empty() => Ok(None),
            Node::Text(text) => Ok(Some(Found {
                value: text.clone(),
                source: self.document.source(node, path),
            })),
            _ => Err(self.document.is_not("a text", node, path)),
        }
    }

    /// Adds the fields that no stronger layer has.
    fn add_to(&self, fields: &mut Vec<Field>) -> Result<(), Failure> {
        let stronger = fields.len();
        for (key, node) in self.fields {
            let path: Vec<_> = self.path.iter().copied().chain([key.as_str()]).collect();
            if key == "auth" {
                let auth = self.document.map_at(node, &path)?;
                for (key, node) in auth.into_iter().flatten() {
                    let path: Vec<_> = path.iter().copied().chain([key.as_str()]).collect();
                    self.add(fields, stronger, Level::Auth, key, node, &path);
                }
            } else {
                self.add(fields, stronger, Level::Cloud, key, node, &path);
            }
        }
        Ok(())
    }

    fn add(
        &self,
        fields: &mut Vec<Field>,
        stronger: usize,
        level: Level,
        key: &str,
        node: &Spanned<Node>,
        path: &[&str],
    ) {
        let name = key.replace('-', "_");
        let mut known = fields.iter().take(stronger);
        let is_nothing = match &node.value {
            Node::Nothing => true,
            Node::Text(text) => text.expose().is_empty(),
            _ => false,
        };
        // Two ways to write one name are two fields, as they are for openstacksdk; that they differ
        // is found later.
        if is_nothing || known.any(|known| (known.level, known.key.as_str()) == (level, key)) {
            return;
        }
        fields.push(Field {
            level,
            key: key.to_owned(),
            name,
            value: node.value.clone(),
            source: self.document.source(node, path),
        });
    }
}

/// The region of a cloud, and what the cloud says for this region only.
struct Region<'a> {
    name: Found,
    values: Option<(&'a Document, &'a Fields, Vec<&'a str>)>,
}

impl<'a> Region<'a> {
    /// The cloud's own regions count before those of its profile, and within each a list before a
    /// name.
    fn of(layers: &[Layer<'a>], own: usize, wanted: &[&str]) -> Result<Option<Self>, Failure> {
        let (own, profile) = layers.split_at_checked(own).unwrap_or((layers, &[]));
        for layers in [own, profile] {
            let name = text_of(layers, &["region_name"])?;
            let regions = Self::listed(layers)?;
            let chosen = |wanted: &&str| {
                let mut regions = regions.iter();
                regions.find(|region| region.name.text() == *wanted)
            };
            if let Some(chosen) = wanted.iter().find_map(chosen) {
                return Ok(Some(chosen.clone()));
            }
            let Some(first) = regions.first() else {
                match name {
                    None => continue,
                    Some(name) => return Ok(Some(Self { name, values: None })),
                }
            };
            // openstacksdk takes the first one of the list, whatever the name says.
            if let Some(name) = name
                && name.text() != first.name.text()
            {
                return Err(Failure::usage(
                    format!("{}: differs from {}", name.source, first.name.source),
                    "remove one of them, or choose a region with --region",
                ));
            }
            return Ok(Some(first.clone()));
        }
        Ok(None)
    }

    /// The regions of the strongest list.
    fn listed(layers: &[Layer<'a>]) -> Result<Vec<Self>, Failure> {
        let lists = layers
            .iter()
            .filter_map(|layer| Some((layer, layer.field("regions")?)));
        let Some((layer, (node, path))) = lists.into_iter().next() else {
            return Ok(Vec::new());
        };
        let items = match &node.value {
            Node::List(items) => items,
            Node::Nothing => return Ok(Vec::new()),
            _ => return Err(layer.document.is_not("a list", node, &path)),
        };
        let regions = items.iter().map(|item| Self::listed_as(item, layer, &path));
        regions.collect()
    }

    fn listed_as(
        item: &'a Spanned<Node>,
        layer: &Layer<'a>,
        path: &[&'a str],
    ) -> Result<Self, Failure> {
        let values = match &item.value {
            Node::Map(fields) => {
                let inner = Layer {
                    document: layer.document,
                    path: path.to_vec(),
                    fields,
                };
                let name = text_of(std::slice::from_ref(&inner), &["name"])?;
                let Some(name) = name else {
                    return Err(layer.document.is_not("a region with a name", item, path));
                };
                let values = match inner.field("values") {
                    None => None,
                    Some((node, path)) => {
                        let fields = layer.document.map_at(node, &path)?;
                        fields.map(|fields| (layer.document, fields, path))
                    }
                };
                return Ok(Self { name, values });
            }
            _ => None,
        };
        let name = layer.text(item, path)?;
        let name = name.ok_or_else(|| layer.document.is_not("a text", item, path))?;
        Ok(Self { name, values })
    }
}

impl Clone for Region<'_> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            values: self.values.clone(),
        }
    }
}

/// The file that the variable names, or else the first that there is.
fn find(kind: &Kind, environment: &Environment) -> Result<Option<PathBuf>, Failure> {
    let named = kind
        .variable
        .and_then(|name| Some((name, environment.get(name)?)));
    let Some((variable, named)) = named else {
        return Ok(places(kind, environment).find(|place| place.exists()));
    };
    let named = PathBuf::from(named);
    if !named.exists() {
        let line = format!("{variable} names a file that is not there");
        return Err(Failure::usage(line, "name one that is"));
    }
    Ok(Some(named))
}

/// The places of such a file, in the order of openstacksdk.
fn places(kind: &Kind, environment: &Environment) -> impl Iterator<Item = PathBuf> {
    let set = |variable| environment.get(variable).map(Path::new);
    let folders = [
        Some(PathBuf::new()),
        set("XDG_CONFIG_HOME").map(|folder| folder.join("openstack")),
        set("HOME").map(|home| home.join(".config").join("openstack")),
        Some("/etc/xdg/openstack".into()),
        Some("/etc/openstack".into()),
    ];
    let names = kind.names;
    let in_each = move |folder: PathBuf| names.map(|name| folder.join(name));
    folders.into_iter().flatten().flat_map(in_each)
}

impl Field {
    /// The text, or `None` for anything else.
    pub(crate) fn text(&self) -> Option<&Secret> {
        match &self.value {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text, the flag or the number as it is written.
    pub(crate) fn written(&self) -> &str {
        match &self.value {
            Node::Text(text) | Node::Scalar(text) => text.expose(),
            _ => "",
        }
    }
}
