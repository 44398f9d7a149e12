//! What an answer proves, from the rule in `openapi/README.md` and the pages it names, and a JSON
//! parser as strict as that rule.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    DdmAccount,
    DdmAdmin,
    DcsChange,
    DcsReset,
    Dms,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Done,
    Accepted,
    Refused,
    Unknown,
}

/// Returns what an answer proves. The body is none if it did not arrive as a whole.
pub(crate) fn of(operation: Operation, status: u16, body: Option<&[u8]>) -> Verdict {
    use Operation::{DcsChange, DcsReset, DdmAccount, DdmAdmin, Dms};
    let object = body.and_then(object);
    match status {
        400 | 401 | 403 | 404 | 429 => return Verdict::Refused,
        409 if matches!(operation, DdmAccount | DdmAdmin) => return Verdict::Refused,
        400..=499 => {
            let has_code = object.is_some_and(|object| object.has_code());
            return if has_code {
                Verdict::Refused
            } else {
                Verdict::Unknown
            };
        }
        _ => {}
    }
    let (Some(body), true) = (body, object.is_some() || body == Some(&[])) else {
        return Verdict::Unknown;
    };
    let object = object.unwrap_or_default();
    let is = |name: &str, text: &str| object.get(name) == Some(&Json::Text(text.to_owned()));
    let has_text =
        |name: &str| matches!(object.get(name), Some(Json::Text(text)) if !text.is_empty());
    let claimed = match (operation, status) {
        (DdmAccount, 200) => match object.get("success") {
            Some(Json::Bool(true)) => Verdict::Done,
            Some(Json::Bool(false)) => Verdict::Refused,
            _ => Verdict::Unknown,
        },
        (DdmAdmin, 200 | 202)
            if !body.is_empty() && !has_text("instance_id") && !has_text("job_id") =>
        {
            Verdict::Unknown
        }
        (DdmAdmin, 200) | (Dms, 204) => Verdict::Done,
        (DdmAdmin, 202) => Verdict::Accepted,
        (DcsChange, 200) if is("result", "success") => Verdict::Done,
        (DcsChange, 200)
            if ["passwordFailed", "locked", "failed"]
                .iter()
                .any(|text| is("result", text)) =>
        {
            Verdict::Refused
        }
        (DcsReset, 200) if is("code", "1") => Verdict::Done,
        (DcsReset, 200) if is("code", "3") => Verdict::Refused,
        _ => Verdict::Unknown,
    };
    if claimed != Verdict::Refused && object.speaks_of_error() {
        return Verdict::Unknown;
    }
    claimed
}

/// A value of JSON.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Integer,
    Fraction,
    Text(String),
    List(Vec<Json>),
    Object(Object),
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Object(Vec<(String, Json)>);

impl Object {
    fn get(&self, name: &str) -> Option<&Json> {
        self.0
            .iter()
            .find(|(each, _)| each == name)
            .map(|(_, value)| value)
    }

    fn has_code(&self) -> bool {
        let own = ["error_code", "errCode"]
            .iter()
            .any(|name| match self.get(name) {
                Some(Json::Text(text)) => !text.is_empty(),
                value => value == Some(&Json::Integer),
            });
        own || matches!(self.get("error"), Some(Json::Object(error)) if error.has_code_of_its_own())
    }

    fn has_code_of_its_own(&self) -> bool {
        let members = self.0.iter().filter(|(name, _)| name != "error");
        Self(members.cloned().collect()).has_code()
    }

    fn speaks_of_error(&self) -> bool {
        self.0.iter().any(|(name, value)| {
            let names_one = name.starts_with("err") || name == "externalMessage";
            (names_one && *value != Json::Null) || (name == "success" && *value != Json::Bool(true))
        })
    }

    /// Returns how many projects of this name an answer of IAM has.
    pub(crate) fn projects(&self, name: &str) -> usize {
        let Some(Json::List(projects)) = self.get("projects") else {
            return 0;
        };
        let is_named = |project: &&Json| match project {
            Json::Object(project) => project.get("name") == Some(&Json::Text(name.to_owned())),
            _ => false,
        };
        projects.iter().filter(is_named).count()
    }
}

/// Parses a body that is one readable object.
pub(crate) fn object(body: &[u8]) -> Option<Object> {
    let mut parser = Parser {
        rest: str::from_utf8(body).ok()?,
    };
    parser.space();
    let value = parser.value(0)?;
    parser.space();
    match value {
        Json::Object(object) if parser.rest.is_empty() => Some(object),
        _ => None,
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }

    fn take(&mut self, text: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    fn next(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let next = characters.next()?;
        self.rest = characters.as_str();
        Some(next)
    }

    /// Parses a value that is inside so many lists and objects.
    fn value(&mut self, depth: usize) -> Option<Json> {
        match self.rest.chars().next()? {
            '{' | '[' if depth == 100 => None,
            '{' => self.members(depth + 1),
            '[' => self.items(depth + 1),
            '"' => self.string().map(Json::Text),
            'n' => self.take("null").map(|()| Json::Null),
            't' => self.take("true").map(|()| Json::Bool(true)),
            'f' => self.take("false").map(|()| Json::Bool(false)),
            _ => self.number(),
        }
    }

    fn members(&mut self, depth: usize) -> Option<Json> {
        let mut members: Vec<(String, Json)> = Vec::new();
        self.take("{")?;
        self.space();
        if self.take("}").is_some() {
            return Some(Json::Object(Object(members)));
        }
        loop {
            self.space();
            let name = self.string()?;
            self.space();
            self.take(":")?;
            self.space();
            let value = self.value(depth)?;
            if members.iter().any(|(known, _)| *known == name) {
                return None;
            }
            members.push((name, value));
            self.space();
            if self.take("}").is_some() {
                return Some(Json::Object(Object(members)));
            }
            self.take(",")?;
        }
    }

    fn items(&mut self, depth: usize) -> Option<Json> {
        let mut items = Vec::new();
        self.take("[")?;
        self.space();
        if self.take("]").is_some() {
            return Some(Json::List(items));
        }
        loop {
            self.space();
            items.push(self.value(depth)?);
            self.space();
            if self.take("]").is_some() {
                return Some(Json::List(items));
            }
            self.take(",")?;
        }
    }

    fn string(&mut self) -> Option<String> {
        let mut text = String::new();
        self.take("\"")?;
        loop {
            match self.next()? {
                '"' => return Some(text),
                '\\' => text.push(self.escape()?),
                character if character < ' ' => return None,
                character => text.push(character),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        Some(match self.next()? {
            character @ ('"' | '\\' | '/') => character,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => match self.unit()? {
                high @ 0xd800..0xdc00 => {
                    self.take("\\u")?;
                    let low = self.unit().filter(|low| (0xdc00..0xe000).contains(low))?;
                    char::from_u32(0x10000 + (high - 0xd800) * 0x400 + low - 0xdc00)?
                }
                unit => char::from_u32(unit)?,
            },
            _ => return None,
        })
    }

    fn unit(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |unit, _| Some(unit * 16 + self.next()?.to_digit(16)?))
    }

    fn digits(&mut self) -> Option<&'a str> {
        let end = self
            .rest
            .find(|character: char| !character.is_ascii_digit());
        let (digits, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        (!digits.is_empty()).then_some(digits)
    }

    fn number(&mut self) -> Option<Json> {
        let whole = self.rest;
        let _ = self.take("-");
        let digits = self.digits()?;
        if digits.len() > 1 && digits.starts_with('0') {
            return None;
        }
        let mut is_integer = true;
        if self.take(".").is_some() {
            is_integer = false;
            self.digits()?;
        }
        if self.take("e").or_else(|| self.take("E")).is_some() {
            is_integer = false;
            let _ = self.take("+").or_else(|| self.take("-"));
            self.digits()?;
        }
        let text = &whole[..whole.len() - self.rest.len()];
        let number: f64 = text.parse().ok()?;
        // Many parsers read other whole numbers as floating point, so none of them is a code.
        let fits = text != "-0" && (text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok());
        let is_integer = is_integer && fits;
        number.is_finite().then_some(if is_integer {
            Json::Integer
        } else {
            Json::Fraction
        })
    }
}
