//! `clouds.yaml` and `secure.yaml`, found and read as OpenStack's tools do.
//!
//! The files hold secrets. What is wrong with one is told as file, line and field, in words of our
//! own: a YAML parser's message may quote what it could not read.

use std::env::var_os;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use repass_client::Secret;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Error, NonFiniteFloatPolicy, Spanned, from_str_with_options, options};

use crate::failure::Failure;
use crate::input::Input;
use crate::settings::{self, Source};

/// More than any such file has.
const LARGEST_KIB: u16 = 1024;

/// What the file of clouds can be called, and that of secrets; each after the variable that names
/// it directly.
const CLOUDS: (&str, [&str; 2]) = ("OS_CLIENT_CONFIG_FILE", ["clouds.yaml", "clouds.yml"]);
const SECURE: (&str, [&str; 2]) = ("OS_CLIENT_SECURE_FILE", ["secure.yaml", "secure.yml"]);

/// A cloud of the files.
pub(crate) struct Cloud {
    name: String,
    /// The stronger one first.
    documents: Vec<Document>,
}

impl Cloud {
    /// The cloud of this name, in the first file of each kind that there is.
    ///
    /// # Errors
    /// There is no file, or it cannot be read, or it has no such cloud.
    pub(crate) fn read(name: &str, source: &Source) -> Result<Self, Failure> {
        let (secure, clouds) = (find(SECURE)?, find(CLOUDS)?);
        let documents = secure.into_iter().chain(clouds);
        let documents = documents
            .map(Document::read)
            .collect::<Result<Vec<_>, _>>()?;
        if documents.is_empty() {
            let places = places(&CLOUDS.1).map(|place| place.display().to_string());
            return Err(Failure::usage(
                format!("{source} names a cloud, but there is no clouds.yaml"),
                format!(
                    "name the file in {}, or put it in one of these places: {}",
                    CLOUDS.0,
                    places.collect::<Vec<_>>().join(", ")
                ),
            ));
        }
        let cloud = Self {
            name: name.to_owned(),
            documents,
        };
        cloud.check(source)?;
        Ok(cloud)
    }

    fn check(&self, source: &Source) -> Result<(), Failure> {
        let mut known = Vec::new();
        for document in &self.documents {
            let clouds = document.map(&["clouds"])?.into_iter().flatten();
            known.extend(clouds.map(|(name, _)| name.as_str()));
        }
        if known.contains(&self.name.as_str()) {
            return Ok(());
        }
        let files = self.documents.iter().map(|document| document.name());
        known.sort_unstable();
        known.dedup();
        Err(Failure::usage(
            format!(
                "{source}: there is no such cloud in {}",
                files.collect::<Vec<_>>().join(" or ")
            ),
            match known.is_empty() {
                true => "add it below clouds".to_owned(),
                false => format!("name one that is there: {}", known.join(", ")),
            },
        ))
    }

    /// The text of a field such as `auth.token`, and where it stands. An empty one is none.
    ///
    /// # Errors
    /// It is no text.
    pub(crate) fn field(&self, field: &str) -> Result<Option<(Secret, Source)>, Failure> {
        let mut path = vec!["clouds", &self.name];
        path.extend(field.split('.'));
        for document in &self.documents {
            if let Some(found) = document.text(&path)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

/// The file that the variable names, or else the first that there is.
fn find((variable, names): (&'static str, [&str; 2])) -> Result<Option<PathBuf>, Failure> {
    let Some(named) = var_os(variable).filter(|path| !path.is_empty()) else {
        return Ok(places(&names).find(|place| place.exists()));
    };
    let named = PathBuf::from(named);
    if !named.exists() {
        let line = format!("{variable} names a file that is not there");
        return Err(Failure::usage(line, "name one that is"));
    }
    Ok(Some(named))
}

/// The places of such a file, in the order of OpenStack's SDK.
fn places(names: &[&str; 2]) -> impl Iterator<Item = PathBuf> {
    let set = |variable| var_os(variable).filter(|folder| !folder.is_empty());
    let home = || set("HOME").map(|home| Path::new(&home).join(".config"));
    let own = set("XDG_CONFIG_HOME").map(PathBuf::from).or_else(home);
    let own = own.map(|folder| folder.join("openstack"));
    let folders = [Some(PathBuf::new()), own, Some("/etc/openstack".into())];
    let in_each = |folder: PathBuf| names.map(|name| folder.join(name));
    folders.into_iter().flatten().flat_map(in_each)
}

/// A file that was read.
struct Document {
    path: PathBuf,
    root: Spanned<Node>,
}

/// What stands at a place of the file.
enum Node {
    Map(Fields),
    Text(Secret),
    Nothing,
    Other,
}

type Fields = Vec<(String, Spanned<Node>)>;

impl Document {
    fn read(path: PathBuf) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let input = Input {
            name: &name,
            largest_kib: LARGEST_KIB,
            next: "make it a YAML file in UTF-8, as OpenStack's tools read it",
        };
        let file = File::open(&path).map_err(|error| input.unreadable(&error))?;
        let text = input.read(file)?;
        let options = options! {
            // They quote lines of the file.
            with_snippet: false,
            non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        };
        let root = from_str_with_options::<Spanned<Node>>(&text, options);
        let mut root = root.map_err(|error| mistake(&name, &error))?;
        root.value.read_numbers(&root.defined, &text);
        Ok(Self { path, root })
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// What stands below these keys, if anything does.
    fn node(&self, path: &[&str]) -> Result<Option<&Spanned<Node>>, Failure> {
        let mut node = &self.root;
        for (depth, key) in path.iter().enumerate() {
            let map = match &node.value {
                Node::Map(map) => map,
                Node::Nothing => return Ok(None),
                _ => {
                    let above = path.get(..depth).unwrap_or_default();
                    return Err(self.is_not("a map", node, above));
                }
            };
            match map.iter().find(|(each, _)| each == key) {
                Some((_, below)) => node = below,
                None => return Ok(None),
            }
        }
        Ok(Some(node))
    }

    fn map(&self, path: &[&str]) -> Result<Option<&Fields>, Failure> {
        match self.node(path)? {
            None => Ok(None),
            Some(node) => match &node.value {
                Node::Map(map) => Ok(Some(map)),
                Node::Nothing => Ok(None),
                _ => Err(self.is_not("a map", node, path)),
            },
        }
    }

    fn text(&self, path: &[&str]) -> Result<Option<(Secret, Source)>, Failure> {
        let Some(node) = self.node(path)? else {
            return Ok(None);
        };
        match &node.value {
            Node::Nothing => Ok(None),
            Node::Text(text) if text.expose().is_empty() => Ok(None),
            Node::Text(text) => Ok(Some((text.clone(), self.source(node, path)))),
            _ => Err(self.is_not("a text", node, path)),
        }
    }

    fn source(&self, node: &Spanned<Node>, path: &[&str]) -> Source {
        Source::File {
            path: self.path.clone(),
            line: node.defined.line(),
            field: path.join("."),
        }
    }

    fn is_not(&self, what: &str, node: &Spanned<Node>, path: &[&str]) -> Failure {
        let place = match path.is_empty() {
            true => format!(
                "{}, line {}, the whole file",
                self.name(),
                node.defined.line()
            ),
            false => self.source(node, path).to_string(),
        };
        let next = match what {
            "a text" => "write one value there, in quotes",
            _ => "write fields below it, each on a line of its own",
        };
        Failure::usage(format!("{place}: must be {what}"), next)
    }
}

fn mistake(name: &str, error: &Error) -> Failure {
    let line = error.location().map(|location| location.line());
    let line = line.filter(|line| *line > 0);
    let line = line.map(|line| format!(", line {line}"));
    // Of our own fields only: another one could be a value that lost its own.
    let field = match error {
        Error::DuplicateMappingKey { key, .. } => key.as_deref(),
        _ => None,
    };
    let field = field.filter(|field| settings::is_field(field));
    let field = field.map(|field| format!(", field {field}"));
    let (problem, next) = match error {
        Error::DuplicateMappingKey { .. } => ("a field stands there twice", "remove one of them"),
        // The last one is how any of the others is told from within an alias.
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasError { .. } => ("repeats too much through aliases", "write it out"),
        _ => (
            "is not valid YAML",
            "look there for a tab, a quote that is not closed, or a value with a colon in it or with @, \
             %, *, & or ` at its start: put it in quotes",
        ),
    };
    Failure::usage(
        format!(
            "{name}{}{}: {problem}",
            line.unwrap_or_default(),
            field.unwrap_or_default()
        ),
        next,
    )
}

impl Node {
    /// Takes whole numbers for the texts that they are written as, as OpenStack's tools do: where
    /// no reading of YAML could take them for another number.
    fn read_numbers(&mut self, location: &serde_saphyr::Location, text: &str) {
        match self {
            Self::Map(map) => {
                for (_, node) in map {
                    node.value.read_numbers(&node.defined, text);
                }
            }
            Self::Other => {
                let span = location.span();
                let range = span.byte_offset().zip(span.byte_len());
                let range = range.map(|(start, length)| start as usize..(start + length) as usize);
                let written = range.and_then(|range| text.get(range)).unwrap_or_default();
                let is_plain = written.bytes().all(|byte| byte.is_ascii_digit());
                if is_plain && !written.is_empty() && !written.starts_with('0') {
                    *self = Self::Text(written.into());
                }
            }
            Self::Text(_) | Self::Nothing => {}
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyNode)
    }
}

/// Takes whatever is there, so that what nobody asks for is no mistake.
struct AnyNode;

impl<'de> Visitor<'de> for AnyNode {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.into()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text.into()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Nothing)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Nothing)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Node::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Node::Map(map))
    }
}
