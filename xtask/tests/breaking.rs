//! A valid file is changed in one place at a time, and the snapshots under `snapshots/` show what
//! one is told: run with `INSTA_UPDATE=always`, then read what changed.

#![allow(clippy::unwrap_used, reason = "also in what the tests share")]

use std::fmt::Write as _;
use std::path::Path;

use similar::{ChangeTag, TextDiff};
use xtask::breaking::{Break, breaks};
use xtask::spec::{self, Spec};

const VALID: &str = include_str!("valid.yaml");

/// The valid file before and after a change.
#[derive(Debug)]
struct Change {
    old: String,
    new: String,
}

/// Both editions have a text of their own in the place of one of the valid file.
#[track_caller]
fn at(place: &str, old: &str, new: &str) -> Change {
    assert!(VALID.contains(place), "{place}");
    let [old, new] = [old, new].map(|text| VALID.replace(place, text));
    Change { old, new }
}

#[track_caller]
fn change(old: &str, new: &str) -> Change {
    at(old, old, new)
}

#[track_caller]
fn gone(old: &str) -> Change {
    change(old, "")
}

/// Both editions have a schema of their own for a property of what is sent.
fn sent(old: &str, new: &str) -> Change {
    let [old, new] = [old, new].map(|schema| format!("        username: {schema}\n"));
    at(USERNAME, &old, &new)
}

/// Likewise of what comes back.
fn answered(old: &str, new: &str) -> Change {
    let [old, new] = [old, new].map(|schema| format!("        error_code: {schema}\n"));
    at(ERROR_CODE, &old, &new)
}

impl Change {
    fn backwards(&self) -> Self {
        Self {
            old: self.new.clone(),
            new: self.old.clone(),
        }
    }

    /// Both editions have this text in the place of another.
    #[track_caller]
    fn also(self, place: &str, text: &str) -> Self {
        assert!(
            self.old.contains(place) || self.new.contains(place),
            "{place}"
        );
        Self {
            old: self.old.replace(place, text),
            new: self.new.replace(place, text),
        }
    }

    /// What breaks, and what breaks backwards.
    fn breaks(&self) -> [Vec<Break>; 2] {
        let [old, new] = [&self.old, &self.new].map(|text| Spec::parse("teapot", text).unwrap());
        assert_eq!(breaks(&new, &new), [], "{self}");
        [breaks(&old, &new), breaks(&new, &old)]
    }
}

impl std::fmt::Display for Change {
    /// The lines that differ.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let diff = TextDiff::from_lines(&self.old, &self.new);
        let mut changes = diff.iter_all_changes();
        changes.try_for_each(|change| match change.tag() {
            ChangeTag::Equal => Ok(()),
            tag => write!(f, "{tag}{change}"),
        })
    }
}

/// Whether the changes break backwards.
#[derive(Debug, PartialEq, Eq)]
enum Backwards {
    Breaks,
    Passes,
}

/// Each change breaks something, which the snapshot shows.
fn assert_breaks(name: &str, changes: &[Change], expected: Backwards) {
    let mut told = String::new();
    for change in changes {
        let [breaks, back] = change.breaks();
        assert!(!breaks.is_empty(), "nothing breaks:\n{change}");
        let backwards = match back.is_empty() {
            true => Backwards::Passes,
            false => Backwards::Breaks,
        };
        assert_eq!(backwards, expected, "{change}{back:#?}");
        write!(told, "{change}").unwrap();
        for one in breaks {
            writeln!(told, "{one}").unwrap();
        }
        told.push('\n');
    }
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!(name, told);
    });
}

const TEAPOT_ID: &str = "      - $ref: '#/components/parameters/TeapotIdParameter'\n";
const VERBOSE: &str = "      - $ref: '#/components/parameters/Verbose'\n";
const CUPS: &str = "      - { name: cups, in: query, schema: { type: integer } }\n";
const NEEDED_CUPS: &str =
    "      - { name: cups, in: query, required: true, schema: { type: integer } }\n";
const SECURITY: &str = "security:\n  - token: []\n  - signature: []\n";
const LOGIN: &str = "      requestBody:\n        $ref: '#/components/requestBodies/Login'\n";
const LOGIN_BODY: &str = "    Login:\n      required: true\n      content:\n";
const ANSWER: &str = "          content:
            application/json:
              schema:
                $ref: '#/components/schemas/ChangePasswordResponse'
              examples:
                poured:
                  $ref: '#/components/examples/Poured'
";
const DONE: &str = "        '204':
          description: The token is in a header.
          x-outcome: { certainty: done }
          headers:
            X-Request-Id:
              $ref: '#/components/headers/RequestId'
";
const BAD_REQUEST: &str = "        '400':\n          $ref: '#/components/responses/Refused'\n";
const CLASSES: &str = "        4XX:
          $ref: '#/components/responses/Refused'
        5XX:
          $ref: '#/components/responses/Refused'
";
const BREW_TIME: &str = "              description: For how many minutes the pot brewed.\n";
const POLICY: &str = "      x-password-policy:
        minClasses: 3
        specials: \"-!\"
        forbiddenFirst: \"-\"
        notUsername: true
        notOld: true
        denyList: [Teapot-418]
";
const NOTE: &str = "        note:
          type: string
          nullable: true
          description: A word to the guests.
";
const EXPIRES: &str = "        password_expires_at:
          type: string
          format: date-time
          description: When the password expires.
";
const USERNAME: &str = "        username:
          type: string
          minLength: 1
          description: The name of the user.
";
const ERROR_CODE: &str = "        error_code:
          type: string
          description: The code of the error.
";
const CAUSE: &str = "        cause:
          $ref: '#/components/schemas/ErrorBody'
";

/// What breaks forwards and backwards: one thing instead of another, or what nobody can judge.
fn other() -> Vec<Change> {
    vec![
        change("  /v1/tokens:\n", "  /v1/token:\n"),
        change("    put:\n", "    patch:\n"),
        change("operationId: getToken", "operationId: createToken"),
        change("tags: [Teapots]", "tags: [Kettles]"),
        change("name: teapot_id", "name: pot_id"),
        change("in: path", "in: query"),
        change("X-Brew-Time", "X-Steep-Time"),
        change("OldPassword", "FormerPassword"),
        change("https://teapot.", "https://pot."),
        change("      region:\n", "      place:\n"),
        change("default: north", "default: south"),
        change("in: header", "in: query"),
        gone(LOGIN),
        change("  title: Teapots", "  title: Pots"),
        answered("{ type: string }", "{ type: string, title: Code }"),
        gone(POLICY),
        // The order counts.
        at(
            NOTE,
            &format!("        milk:\n          type: string\n{NOTE}"),
            &format!("{NOTE}        milk:\n          type: string\n"),
        ),
        at(
            TEAPOT_ID,
            &format!("{TEAPOT_ID}{VERBOSE}"),
            &format!("{VERBOSE}{TEAPOT_ID}"),
        ),
        change(TEAPOT_ID, &format!("{VERBOSE}{TEAPOT_ID}")),
        change("servers:\n", "servers:\n  - url: https://teapots.invalid\n"),
        // New, and more than an addition.
        change(TEAPOT_ID, &format!("{TEAPOT_ID}{NEEDED_CUPS}")),
        change(DONE, &format!("{DONE}        '202':\n          description: It takes a while.\n")),
        at(CLASSES, "", &BAD_REQUEST.replace("400", "404")),
        change(ANSWER, &format!("{}            text/plain: {{}}\n", ANSWER)),
        answered(
            "{ type: object, additionalProperties: false, properties: {} }",
            "{ type: object, additionalProperties: false, properties: { a: {} } }",
        ),
        sent(
            "{ type: object, additionalProperties: { type: string } }",
            "{ type: object, additionalProperties: { type: string }, properties: { a: {} } }",
        ),
        change(
            BAD_REQUEST,
            &format!(
                "{BAD_REQUEST}        '404':
          description: Away.
          content: {{ application/json: {{ schema: {{ type: string }} }} }}
"
            ),
        ),
        sent(
            "{ type: object, properties: { a: {} } }",
            "{ type: object, properties: { a: {}, b: {} }, required: [b] }",
        ),
        // Another value of a schema.
        sent("{ type: string }", "{ type: integer }"),
        sent("{ type: string }", "{ type: string, format: date }"),
        sent("{ type: string, pattern: '^a' }", "{ type: string, pattern: '^b' }"),
        sent("{ type: integer, multipleOf: 2 }", "{ type: integer, multipleOf: 3 }"),
        sent("{ type: string, enum: [green] }", "{ type: string, enum: [black] }"),
        sent("{ type: boolean }", "{ type: boolean, default: false }"),
        sent("{ type: string }", "{ type: string, writeOnly: true }"),
        sent("{ type: array, items: {} }", "{ type: array, items: { type: integer } }"),
        sent(
            "{ type: object }",
            "{ type: object, additionalProperties: { type: integer } }",
        ),
        sent(
            "{ $ref: '#/components/schemas/TeapotId' }",
            "{ type: string, pattern: '^pot-\\(?[0-9]+$' }",
        ),
        change("specials: \"-!\"", "specials: \"-_\""),
        answered("{ type: string }", "{ type: integer }"),
        answered("{ type: string }", "{ type: string, readOnly: true }"),
        at(
            &format!("{BREW_TIME}              schema:\n                type: string\n"),
            &format!("{BREW_TIME}              schema: {{ type: string }}\n"),
            &format!("{BREW_TIME}              schema: {{ type: integer }}\n"),
        ),
        // A schema that contains itself, before and after, or only after.
        at(
            ERROR_CODE,
            &format!("{CAUSE}{ERROR_CODE}"),
            &format!("{CAUSE}{ERROR_CODE}          format: uuid\n"),
        ),
        sent("{}", "{ $ref: '#/components/schemas/Pots' }").also(
            "    LoginRequest:\n",
            "    Pots:\n      type: array\n      items: { $ref: '#/components/schemas/Pots' }\n    LoginRequest:\n",
        ),
        // What no table has.
        change("3.0.3", "3.1.0"),
        change("  /v1/tokens:\n", "  /v1/tokens:\n    servers: [{ url: / }]\n"),
        change("      in: path\n", "      in: path\n      style: label\n"),
        change(BREW_TIME, &format!("{BREW_TIME}              style: simple\n")),
        change(LOGIN_BODY, &LOGIN_BODY.replace("content", "x-tea: earl-grey\n      content")),
        sent("{ type: string }", "{ oneOf: [{ type: string }, { type: integer }] }"),
        change("        notOld: true\n", "        notOld: true\n        notHot: true\n"),
        // What an answer proves, what a code means, and another exception.
        change("poured: { certainty: done }", "poured: { certainty: accepted }"),
        change("x-outcome: { certainty: done }", "x-outcome: { certainty: accepted }"),
        change("x-outcome: { certainty: done }", "x-outcome: { certainty: done, proof: [id] }"),
        change("            property: result\n", "            property: lid\n"),
        change("kind: busy", "kind: locked"),
        change("kind: busy, ", ""),
        change("triesLeft: lid", "minutesLeft: lid"),
        change("status: 418, kind: other", "status: 418, kind: busy"),
        change("status: 418", "status: 417"),
        change("TEA.500", "TEA.501"),
        change("property: no_password_access", "property: note"),
    ]
}

/// What breaks, but for its schemas, and passes backwards, where it is an addition.
fn removed_or_stricter() -> Vec<Change> {
    let second = format!("  - url: https://teapots.invalid\n\n{SECURITY}");
    let optional = LOGIN_BODY.replace("      required: true\n", "");
    let text = LOGIN_BODY.to_owned() + "        text/plain: {}\n";
    vec![
        at(
            "  /v1/tokens:\n",
            "  /v1/cups:\n    get:\n      operationId: listCups\n      responses: {}\n  /v1/tokens:\n",
            "  /v1/tokens:\n",
        ),
        at(TEAPOT_ID, &format!("{TEAPOT_ID}{VERBOSE}"), TEAPOT_ID),
        at(
            TEAPOT_ID,
            &format!("{TEAPOT_ID}{CUPS}"),
            &format!("{TEAPOT_ID}{NEEDED_CUPS}"),
        ),
        at(
            "      operationId: changePassword\n",
            &format!("      operationId: changePassword\n      parameters:\n  {CUPS}"),
            "      operationId: changePassword\n",
        ),
        gone(NOTE),
        gone(EXPIRES),
        // Its name is that of a key for people.
        at(NOTE, &NOTE.replace("note:", "description:"), ""),
        change("[poured, spilt]", "[poured]"),
        gone("          x-extensible-enum: [poured, spilt]\n"),
        gone(BAD_REQUEST),
        at(
            ANSWER,
            &format!("            X-Cups: {{ schema: {{}} }}\n{ANSWER}"),
            ANSWER,
        ),
        at(SECURITY, &second, SECURITY),
        change("enum: [north, south]", "enum: [north]"),
        gone("        enum: [north, south]\n").backwards(),
        at(LOGIN_BODY, &text, LOGIN_BODY),
        at(LOGIN_BODY, &optional, LOGIN_BODY),
        gone(LOGIN).also(LOGIN_BODY, &optional),
        gone(SECURITY).backwards(),
        gone("      security: []\n"),
        at(SECURITY, &format!("{SECURITY}  - {{}}\n"), SECURITY),
        at(SECURITY, &format!("{SECURITY}  - key: []\n"), SECURITY),
        at(
            BREW_TIME,
            &format!("{BREW_TIME}              required: true\n"),
            BREW_TIME,
        ),
        at(ERROR_CODE, &format!("{CAUSE}{ERROR_CODE}"), ERROR_CODE),
        sent(
            "{ type: object, additionalProperties: false, properties: { a: {} } }",
            "{ type: object, additionalProperties: false, properties: {} }",
        ),
        change(
            "      description: The id of a teapot.\n",
            "      description: The id of a teapot.\n      maxLength: 9\n",
        ),
        change("minLength: 8", "minLength: 9"),
        change("maxLength: 16", "maxLength: 15"),
        change("minClasses: 3", "minClasses: 4"),
        change("specials: \"-!\"", "specials: \"-\""),
        change("forbiddenFirst: \"-\"", "forbiddenFirst: \"!-\""),
        gone("        notUsername: true\n").backwards(),
        gone("        notOld: true\n").backwards(),
        change("[Teapot-418]", "[Teapot-418, Teapot-419]"),
        change("x-retry: unavailable", "x-retry: lost-answer"),
        change("x-retry: unavailable", "x-retry: never").backwards(),
        gone("        unless: { property: no_password_access, value: true, class: never }\n"),
        change(
            "value: true, class: never",
            "value: true, class: unavailable",
        ),
        gone("      x-retry: unavailable\n"),
        gone("          x-outcome: { certainty: done }\n"),
        gone("              spilt: { certainty: refused, kind: busy, triesLeft: lid }\n"),
        gone(", triesLeft: lid"),
        at(
            "x-outcome: { certainty: done }",
            "x-outcome: { certainty: done, jobId: id }",
            "x-outcome: { certainty: done }",
        ),
        gone("  TEA.500: { status: 500, kind: server-error, message: The teapot leaks. }\n"),
    ]
}

/// Schemas, the looser first. To demand more breaks what is sent; to promise less breaks what is
/// answered.
const LOOSER_AND_STRICTER: &[(&str, &str)] = &[
    ("{ type: string, nullable: true }", "{ type: string }"),
    ("{ type: string }", "{ type: string, enum: [green] }"),
    (
        "{ type: string, enum: [green, black] }",
        "{ type: string, enum: [black] }",
    ),
    ("{ type: string }", "{ type: string, minLength: 1 }"),
    (
        "{ type: string, minLength: 1 }",
        "{ type: string, minLength: 2 }",
    ),
    ("{ type: string }", "{ type: string, maxLength: 9 }"),
    (
        "{ type: string, maxLength: 10 }",
        "{ type: string, maxLength: 9 }",
    ),
    ("{ type: string }", "{ type: string, pattern: '^a' }"),
    (
        "{ type: integer, minimum: -1 }",
        "{ type: integer, minimum: 1 }",
    ),
    (
        "{ type: integer, minimum: 1 }",
        "{ type: integer, minimum: 1, exclusiveMinimum: true }",
    ),
    (
        "{ type: number, maximum: 9.5 }",
        "{ type: number, maximum: 9 }",
    ),
    (
        "{ type: integer, maximum: 9 }",
        "{ type: integer, maximum: 9, exclusiveMaximum: true }",
    ),
    ("{ type: integer }", "{ type: integer, multipleOf: 2 }"),
    (
        "{ type: array, items: {} }",
        "{ type: array, items: {}, minItems: 1 }",
    ),
    (
        "{ type: array, items: {} }",
        "{ type: array, items: {}, maxItems: 1 }",
    ),
    (
        "{ type: array, items: {} }",
        "{ type: array, items: {}, uniqueItems: true }",
    ),
    (
        "{ type: array, items: { type: string } }",
        "{ type: array, items: { type: string, maxLength: 9 } }",
    ),
    (
        "{ type: object, properties: { a: {} } }",
        "{ type: object, properties: { a: {} }, required: [a] }",
    ),
    (
        "{ type: object, properties: { a: { type: string } } }",
        "{ type: object, properties: { a: { type: string, maxLength: 9 } } }",
    ),
    ("{ type: object }", "{ type: object, minProperties: 1 }"),
    ("{ type: object }", "{ type: object, maxProperties: 1 }"),
    (
        "{ type: object }",
        "{ type: object, additionalProperties: false }",
    ),
    (
        "{ type: object, additionalProperties: { type: string } }",
        "{ type: object, additionalProperties: { type: string, maxLength: 9 } }",
    ),
    (
        "{ type: object, additionalProperties: { type: string } }",
        "{ type: object, additionalProperties: false }",
    ),
    (
        "{ type: object }",
        "{ type: object, not: { required: [a] } }",
    ),
];

/// What is for people, and what says the same in another way.
fn words() -> Vec<Change> {
    vec![
        change("  version: 1.0.0", "  version: 1.0.1"),
        change(SECURITY, &format!("externalDocs: {{ url: / }}\n{SECURITY}")),
        change("    description: Teapots", "    description: Pots"),
        change(
            "    description: Everything that pours.",
            "    description: Pots.",
        ),
        change(
            "        default: north\n",
            "        default: north\n        description: Where.\n",
        ),
        change("summary: Get a token", "summary: A token"),
        change("description: Gives a token", "description: A token"),
        change(
            "https://teapots.invalid/token",
            "https://teapots.invalid/tokens",
        ),
        change(
            "      summary: Get a token\n",
            "      summary: Get a token\n      deprecated: true\n",
        ),
        change("description: The teapot.", "description: The pot."),
        change("example: pot-1", "example: pot-2"),
        change(
            "      - $ref: '#/components/parameters/TeapotIdParameter'\n    put:\n",
            "      - name: teapot_id\n        in: path\n        required: true\n        deprecated: true\n        schema:\n          $ref: '#/components/schemas/TeapotId'\n        examples: {}\n    put:\n",
        ),
        change(
            "    Login:\n",
            "    Login:\n      description: Who it is.\n",
        ),
        change("username: brown-betty", "username: teapot"),
        change("result: poured", "result: spilt"),
        change(
            "description: What came of it.\n",
            "description: What came of the change.\n",
        ),
        change(BREW_TIME, "              description: Minutes.\n"),
        change(
            "          deprecated: true\n          description: Deprecated, always null.\n",
            "          description: Always null.\n",
        ),
        change(
            "description: The name of the user.",
            "example: betty\n          externalDocs: { url: https://teapots.invalid }",
        ),
        change("description: The value of the", "description: A"),
        change("message: The teapot leaks.", "message: The pot leaks."),
        change("x-retry: unavailable", "x-retry: { class: unavailable }"),
        change("          nullable: false\n", ""),
        sent(
            "{ type: object }",
            "{ type: object, additionalProperties: true }",
        ),
        sent(
            "{ type: string, enum: [green, black] }",
            "{ type: string, enum: [black, green] }",
        ),
        at(
            EXPIRES,
            &format!("        empty:\n          type: string\n{EXPIRES}"),
            &format!("{EXPIRES}        empty:\n          type: string\n"),
        ),
    ]
}

#[test]
fn what_breaks_both_ways_is_told() {
    assert_breaks("other", &other(), Backwards::Breaks);
}

#[test]
fn what_is_removed_or_stricter_is_told_and_an_addition_passes() {
    assert_breaks(
        "removed-or-stricter",
        &removed_or_stricter(),
        Backwards::Passes,
    );
}

#[test]
fn a_schema_that_demands_more_breaks_what_is_sent() {
    let pairs = LOOSER_AND_STRICTER.iter();
    let changes: Vec<_> = pairs
        .map(|(looser, stricter)| sent(looser, stricter))
        .collect();
    assert_breaks("sent", &changes, Backwards::Passes);
}

#[test]
fn a_schema_that_promises_less_breaks_what_is_answered() {
    let pairs = LOOSER_AND_STRICTER.iter();
    let changes: Vec<_> = pairs
        .map(|(looser, stricter)| answered(stricter, looser))
        .collect();
    assert_breaks("answered", &changes, Backwards::Passes);
}

#[test]
fn words_pass() {
    for change in words() {
        assert_eq!(change.breaks(), [[], []], "{change}");
    }
}

#[test]
fn the_contract_does_not_break_itself() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for spec in spec::load(&root).unwrap() {
        assert_eq!(breaks(&spec, &spec), [], "{}", spec.file);
    }
}
