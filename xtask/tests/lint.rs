//! Each house rule is broken on purpose in a file that keeps them all, and the snapshots under
//! `snapshots/` show what one is told: run with `INSTA_UPDATE=always`, then read what changed.

#![allow(clippy::unwrap_used, reason = "also in what the tests share")]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};
use xtask::lint::{self, Finding, RULES};
use xtask::spec::Spec;

const VALID: &str = include_str!("valid.yaml");

/// An edit of the valid file that breaks a rule.
struct Breach {
    rule: &'static str,
    /// A text of the valid file; the first one is edited.
    from: &'static str,
    to: &'static str,
    /// Other rules that the same edit must break.
    also: &'static [&'static str],
}

const fn breach(rule: &'static str, from: &'static str, to: &'static str) -> Breach {
    Breach {
        rule,
        from,
        to,
        also: &[],
    }
}

impl Breach {
    const fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }
}

const CHANGE_BODY: &str = "$ref: '#/components/schemas/ChangePasswordRequest'";
const RESULT: &str = "description: What came of it, `poured` or `spilt`.";

const SECURITY_THEN_TAGS: &str = "\
security:
  - token: []
  - signature: []

tags:
  - name: Teapots
    description: Everything that pours.
";
const TAGS_THEN_SECURITY: &str = "\
tags:
  - name: Teapots
    description: Everything that pours.

security:
  - token: []
  - signature: []
";
const RESPONSES_THEN_SCHEMES: &str = "  responses:
    Refused:
      description: The teapot refuses.
      headers:
        X-Request-Id:
          $ref: '#/components/headers/RequestId'
      content:
        application/json:
          schema:
            $ref: '#/components/schemas/ErrorBody'
          examples:
            teapot:
              value:
                error_code: TEA.418

  securitySchemes:
    token:
      type: apiKey
      in: header
      name: X-Auth-Token
      description: The value of the `X-Subject-Token` header that `getToken` answers with.
    signature:
      type: apiKey
      in: header
      name: Authorization
      description: A signature, made at the time that `X-Sdk-Date` has.
";
const SCHEMES_THEN_RESPONSES: &str = "  securitySchemes:
    token:
      type: apiKey
      in: header
      name: X-Auth-Token
      description: The value of the `X-Subject-Token` header that `getToken` answers with.
    signature:
      type: apiKey
      in: header
      name: Authorization
      description: A signature, made at the time that `X-Sdk-Date` has.

  responses:
    Refused:
      description: The teapot refuses.
      headers:
        X-Request-Id:
          $ref: '#/components/headers/RequestId'
      content:
        application/json:
          schema:
            $ref: '#/components/schemas/ErrorBody'
          examples:
            teapot:
              value:
                error_code: TEA.418
";

const BREACHES: &[Breach] = &[
    breach("version", "3.0.3", "3.0.2"),
    breach("order", SECURITY_THEN_TAGS, TAGS_THEN_SECURITY),
    breach("order", RESPONSES_THEN_SCHEMES, SCHEMES_THEN_RESPONSES),
    // Misspelt keys of the document, an operation, a parameter, a body, a schema; a key of another
    // version of OpenAPI; one that `$ref` hides; one of our own.
    breach("unknown-keys", "servers:", "server:").also(&["servers"]),
    breach("unknown-keys", "summary: Get", "summry: Get").also(&["documented"]),
    breach(
        "unknown-keys",
        "required: true\n      description: The teapot.",
        "requird: true\n      description: The teapot.",
    ),
    breach(
        "unknown-keys",
        "          example:\n",
        "          exampel:\n",
    )
    .also(&["examples"]),
    breach("unknown-keys", "minLength: 1\n", "minlength: 1\n"),
    breach("unknown-keys", "minLength: 1\n", "const: betty\n"),
    breach("unknown-keys", "    post:\n", "    pots:\n"),
    breach(
        "unknown-keys",
        "schemas/OldPassword'",
        "schemas/OldPassword'\n          description: Old.",
    ),
    breach("unknown-keys", "x-extensible-enum", "x-extensible-enums"),
    breach(
        "unknown-keys",
        "minLength: 1\n",
        "minLength: 1\n          x-retry: never\n",
    ),
    breach("references", "schemas/OldPassword'", "schemas/OldPasword'").also(&["examples"]),
    breach(
        "references",
        "'#/components/responses/Refused'",
        "'#/components/schemas/ErrorBody'",
    ),
    breach(
        "references",
        "'#/components/examples/Poured'",
        "'poured.yaml#/Poured'",
    )
    .also(&["examples"]),
    breach(
        "references",
        "  schemas:\n",
        "  schemas:\n    Alias:\n      $ref: '#/components/schemas/Other'\n    Other:\n      $ref: '#/components/schemas/TeapotId'\n",
    ),
    breach(
        "references",
        "  /v1/tokens:\n",
        "  /v1/login:\n    $ref: '#/paths/~1v1~1tokens'\n  /v1/tokens:\n",
    ),
    breach(
        "names",
        "    TeapotId:\n      type: string\n",
        "    Refused:\n      type: string\n    TeapotId:\n      type: string\n",
    ),
    breach(
        "names",
        "    Verbose:\n",
        "    Teapotid:\n      { name: pot, in: query, description: Pot., schema: { type: boolean } }\n    Verbose:\n",
    ),
    breach(
        "names",
        "security:\n",
        "  - url: https://teapots.invalid\n    description: Teapots\n\nsecurity:\n",
    ),
    breach("operation-id", "      operationId: getToken\n", ""),
    breach(
        "operation-id",
        "operationId: getToken",
        "operationId: get_token",
    ),
    breach(
        "operation-id",
        "operationId: getToken",
        "operationId: GetToken",
    ),
    breach(
        "operation-id",
        "operationId: getToken",
        "operationId: changePassword",
    ),
    breach("documented", "title: Teapots", "title: ''"),
    breach(
        "documented",
        "  description: The passwords of networked teapots.\n",
        "",
    ),
    breach("documented", "  license:\n    name: Apache-2.0\n", ""),
    breach("documented", "  contact:\n    name: The teapots\n", ""),
    breach(
        "documented",
        "    name: The teapots\n",
        "    url: https://teapots.invalid\n",
    ),
    breach("documented", "  x-unofficialSpec: true\n", ""),
    breach(
        "documented",
        "x-unofficialSpec: true",
        "x-unofficialSpec: false",
    ),
    breach(
        "documented",
        "                description: The name of the cup.\n",
        "",
    ),
    breach(
        "documented",
        "      description: The password that a teapot has now. It has no rule.\n",
        "",
    ),
    breach("documented", "      summary: Get a token\n", ""),
    breach(
        "documented",
        "      description: Gives a token to whoever knows the password. It needs none itself.\n",
        "",
    ),
    breach("documented", "      tags: [Teapots]\n", ""),
    breach("documented", "tags: [Teapots]", "tags: [Teapots, Teapots]"),
    breach("documented", "tags: [Teapots]", "tags: [Kettles]"),
    breach(
        "documented",
        "      externalDocs:\n        url: https://teapots.invalid/token\n",
        "",
    ),
    breach(
        "documented",
        "url: https://teapots.invalid/token",
        "url: the wiki",
    ),
    breach(
        "security",
        "      type: apiKey\n      in: header\n      name: X-Auth-Token\n",
        "      type: http\n      scheme: bearer\n",
    ),
    breach("security", "in: header", "in: query"),
    breach("security", "name: X-Auth-Token", "name: X-Token"),
    breach("security", "`X-Subject-Token`", "`X-Something`"),
    breach(
        "security",
        "  securitySchemes:\n",
        "  securitySchemes:\n    basic: { type: http, scheme: basic }\n",
    ),
    breach(
        "security",
        "security:\n  - token: []\n  - signature: []\n",
        "",
    ),
    breach("security", "  - signature: []\n", ""),
    breach(
        "security",
        "  - token: []\n  - signature: []\n",
        "  - token: []\n    signature: []\n",
    ),
    breach("security", "  - token: []\n", "  - token: []\n  - {}\n"),
    breach("security", "name: Authorization", "name: Signature"),
    breach("security", "`X-Sdk-Date`", "`X-Date`"),
    breach("security", "    signature:\n", "    sign:\n"),
    breach("security", "security: []", "security:\n        - token: []"),
    breach("security", "in: query", "in: header"),
    breach(
        "servers",
        "servers:\n  - url: https://teapot.{region}.teapots.invalid\n    description: Teapots\n    variables:\n      region:\n        default: north\n        enum: [north, south]\n",
        "",
    ),
    breach("servers", "    description: Teapots\n", ""),
    breach("servers", "        enum: [north, south]\n", ""),
    breach("servers", "enum: [north, south]", "enum: [south]"),
    breach(
        "servers",
        "  /v1/tokens:\n",
        "  /v1/tokens:\n    servers: [{ url: 'https://tokens.invalid' }]\n",
    ),
    breach(
        "servers",
        "      security: []\n",
        "      security: []\n      servers: [{ url: 'https://tokens.invalid' }]\n",
    ),
    breach(
        "flat-bodies",
        "      required: [username, password]\n",
        "      oneOf: [{ required: [username] }, { required: [cup] }]\n",
    ),
    breach(
        "flat-bodies",
        "          type: boolean\n",
        "          anyOf: [{ type: boolean }, { type: string }]\n",
    )
    .also(&["retry"]),
    breach(
        "flat-bodies",
        CHANGE_BODY,
        "allOf: [{ $ref: '#/components/schemas/ChangePasswordRequest' }]",
    )
    .also(&["retry"]),
    breach("flat-bodies", CHANGE_BODY, "type: object").also(&["retry"]),
    breach(
        "flat-bodies",
        CHANGE_BODY,
        "$ref: '#/components/schemas/TeapotId'",
    )
    .also(&["examples", "retry"]),
    breach(
        "responses",
        "        '204':\n",
        "        default:\n          $ref: '#/components/responses/Refused'\n        '204':\n",
    ),
    breach(
        "responses",
        "        4XX:\n          $ref: '#/components/responses/Refused'\n",
        "",
    ),
    breach(
        "responses",
        "        5XX:\n          $ref: '#/components/responses/Refused'\n",
        "",
    ),
    breach(
        "responses",
        "        '400':\n          $ref: '#/components/responses/Refused'\n",
        "        '400':\n          description: The teapot refuses.\n          headers: { X-Request-Id: { $ref: '#/components/headers/RequestId' } }\n",
    ),
    breach(
        "responses",
        "$ref: '#/components/schemas/ErrorBody'",
        "$ref: '#/components/schemas/ChangePasswordResponse'",
    )
    .also(&["examples"]),
    breach(
        "responses",
        "          description: The token is in a header.\n",
        "          description: The token is in a header.\n          content:\n            application/json:\n              schema: { type: string }\n              example: steam\n",
    ),
    breach(
        "responses",
        "        '204':\n",
        "        '200':\n          description: One.\n          x-outcome: { certainty: done }\n          headers: { X-Request-Id: { $ref: '#/components/headers/RequestId' } }\n          content: { application/json: { schema: { type: string }, example: steam } }\n        '201':\n          description: Two.\n          x-outcome: { certainty: done }\n          headers: { X-Request-Id: { $ref: '#/components/headers/RequestId' } }\n          content: { application/json: { schema: { type: boolean }, example: true } }\n        '204':\n",
    ),
    breach(
        "request-id",
        "            X-Request-Id:\n              $ref: '#/components/headers/RequestId'\n            X-Brew-Time:",
        "            X-Brew-Time:",
    ),
    breach(
        "request-id",
        "      headers:\n        X-Request-Id:\n          $ref: '#/components/headers/RequestId'\n",
        "",
    ),
    breach(
        "media-type",
        "application/json",
        "application/x-www-form-urlencoded",
    ),
    breach(
        "secrets",
        "$ref: '#/components/schemas/OldPassword'",
        "{ type: string, description: Old. }",
    ),
    breach(
        "secrets",
        "$ref: '#/components/schemas/OldPassword'",
        "$ref: '#/components/schemas/TeapotId'",
    )
    .also(&["examples"]),
    breach(
        "secrets",
        "$ref: '#/components/schemas/OldPassword'",
        "{ type: string, format: password, writeOnly: true, description: Old. }",
    ),
    breach("secrets", "      writeOnly: true\n", ""),
    breach("secrets", "          format: date-time\n", ""),
    breach(
        "secrets",
        "        result:\n",
        "        cups:\n          description: Cups.\n          additionalProperties:\n            $ref: '#/components/schemas/OldPassword'\n        result:\n",
    ),
    breach(
        "secrets",
        "        result:\n",
        "        tea:\n          $ref: '#/components/schemas/OldPassword'\n        result:\n",
    ),
    breach(
        "secrets",
        "$ref: '#/components/schemas/TeapotId'",
        "$ref: '#/components/schemas/OldPassword'",
    ),
    breach("password-policy", "minClasses: 3", "minClases: 3"),
    breach("password-policy", "minClasses: 3", "minClasses: 5"),
    breach("password-policy", "specials: \"-!\"", "specials: \"-!é\""),
    breach("password-policy", "specials: \"-!\"", "specials: \"-!-\""),
    breach(
        "password-policy",
        "forbiddenFirst: \"-\"",
        "forbiddenFirst: \"-_\"",
    ),
    breach(
        "password-policy",
        "[Teapot-418]",
        "[Teapot-418, Coffee-418, Teapot-418]",
    ),
    breach("password-policy", "      maxLength: 16\n", ""),
    breach(
        "password-policy",
        "x-extensible-enum: [poured, spilt]",
        "x-password-policy: { minClasses: 3, specials: '-' }",
    ),
    breach("retry", "      x-retry: unavailable\n", ""),
    breach("retry", "x-retry: unavailable", "x-retry: always"),
    breach("retry", "x-retry: unavailable", "x-retry: [never]"),
    breach("retry", "class: lost-answer", "clas: lost-answer"),
    breach("retry", "class: never", "class: lost-answer"),
    breach(
        "retry",
        "property: no_password_access",
        "property: password_free",
    ),
    breach("retry", "value: true", "value: 'yes'"),
    breach("retry", "value: true", "value: [true]"),
    breach("outcome", "          x-outcome: { certainty: done }\n", ""),
    breach(
        "outcome",
        "x-outcome: { certainty: done }",
        "x-outcome: done",
    ),
    breach(
        "outcome",
        "x-outcome: { certainty: done }",
        "x-outcome: { certanty: done }",
    ),
    breach(
        "outcome",
        "x-outcome: { certainty: done }",
        "x-outcome: { certainty: refused }",
    ),
    breach(
        "outcome",
        "x-outcome: { certainty: done }",
        "x-outcome: { certainty: done, jobId: job_id }",
    ),
    breach(
        "outcome",
        "x-outcome: { certainty: done }",
        "x-outcome: { certainty: done, proof: [] }",
    ),
    breach(
        "outcome",
        "x-outcome: { certainty: done }",
        "x-outcome: { certainty: done, proof: [id, id] }",
    ),
    breach("outcome", "property: result", "property: results"),
    breach("outcome", "poured: { certainty", "pourd: { certainty"),
    breach(
        "outcome",
        "poured: { certainty: done }",
        "poured: { certainty: maybe }",
    ),
    breach(
        "outcome",
        "poured: { certainty: done }",
        "poured: { certainty: done, triesLeft: lid }",
    ),
    breach("outcome", "triesLeft: lid", "triesLeft: lids"),
    breach("outcome", "triesLeft: lid", "trysLeft: lid"),
    breach("outcome", "kind: busy", "kind: server-error"),
    breach(
        "outcome",
        "            values:\n              poured: { certainty: done }\n              spilt: { certainty: refused, kind: busy, triesLeft: lid }\n",
        "            values: {}\n",
    ),
    breach(
        "outcome",
        "        lid:\n          type: string\n",
        "        lid:\n          type: integer\n",
    ),
    breach(
        "outcome",
        "        result:\n          type: string\n",
        "        result:\n          type: boolean\n",
    )
    .also(&["examples"]),
    breach(
        "outcome",
        "      description: The teapot refuses.\n",
        "      description: The teapot refuses.\n      x-outcome: { certainty: done }\n",
    ),
    breach("outcome", "        '200':\n", "        2XX:\n"),
    breach(
        "error-codes",
        "x-error-codes:\n  TEA.418: { status: 418, kind: other, message: The teapot refuses. }\n  TEA.500: { status: 500, kind: server-error, message: The teapot leaks. }\n",
        "",
    ),
    breach(
        "error-codes",
        "x-error-codes:\n  TEA.418: { status: 418, kind: other, message: The teapot refuses. }\n  TEA.500: { status: 500, kind: server-error, message: The teapot leaks. }\n",
        "x-error-codes: [TEA.418]\n",
    ),
    breach("error-codes", "status: 418", "status: 200"),
    breach("error-codes", "status: 418", "status: '418'"),
    breach("error-codes", "kind: other", "kind: server-error"),
    breach("error-codes", "kind: other", "knd: other"),
    breach("error-codes", "kind: server-error", "kind: other"),
    breach("error-codes", "message: The teapot leaks.", "message: ''"),
    breach("error-codes", "TEA.500: {", "'TEA 500': {"),
    breach("error-codes", "TEA.500: {", "APIG.0500: {"),
    breach("error-codes", "TEA.418: {", "TEA.417: {"),
    breach(
        "patterns",
        "      minLength: 8\n",
        "      minLength: 8\n      pattern: '^[A-Za-z0-9!-]+$'\n",
    ),
    breach("patterns", "'^pot-\\(?[0-9]+$'", "'^(?=.{5})pot-[0-9]+$'"),
    breach("patterns", "'^pot-\\(?[0-9]+$'", "'^pot-[0-9]+(?<!0)$'"),
    breach(
        "open-responses",
        RESULT,
        "description: What came of it, `poured` or `spilt`.\n          minLength: 1\n          maxLength: 9\n          pattern: '^[a-z]+$'",
    ),
    breach(
        "open-responses",
        RESULT,
        "description: What came of it, `poured` or `spilt`.\n          enum: [poured, spilt]",
    ),
    breach(
        "open-responses",
        "          description: The code of the error.\n",
        "          description: The code of the error.\n          maxLength: 9\n",
    ),
    breach(
        "open-responses",
        "              schema:\n                type: string\n",
        "              schema:\n                type: integer\n                minimum: 0\n                maximum: 9\n",
    ),
    breach(
        "extensible-enums",
        "x-extensible-enum: [poured, spilt]",
        "x-extensible-enum: [poured, spilt, steaming]",
    ),
    breach(
        "extensible-enums",
        "x-extensible-enum: [poured, spilt]",
        "x-extensible-enum: [poured, 3]",
    )
    .also(&["outcome"]),
    breach(
        "extensible-enums",
        "x-extensible-enum: [poured, spilt]",
        "x-extensible-enum: poured",
    ),
    breach("deprecated", "          deprecated: true\n", ""),
    breach(
        "deprecated",
        "description: Deprecated, always null.",
        "description: Always null.",
    ),
    breach(
        "deprecated",
        "description: When the password expires.",
        "description: When the password expires (deprecated).",
    ),
    breach("deprecated", "      deprecated: true\n", ""),
    breach(
        "deprecated",
        "description: Gives a token",
        "description: Deprecated. Gives a token",
    ),
    breach(
        "deprecated",
        "      security: []\n",
        "      security: []\n      deprecated: true\n",
    ),
    breach("examples", "      example: pot-1\n", ""),
    breach(
        "examples",
        "            examples:\n              change:\n                value:\n                  old_password: Earl-Grey-1\n                  new_password: Earl-Grey-2\n                  no_password_access: false\n                  note: null\n",
        "",
    ),
    breach(
        "examples",
        "          examples:\n            teapot:\n              value:\n                error_code: TEA.418\n",
        "",
    ),
    breach("examples", "example: pot-1", "example: kettle-1"),
    breach("examples", "example: true", "example: maybe"),
    breach(
        "examples",
        "no_password_access: false",
        "no_password_access: 'no'",
    ),
    breach(
        "examples",
        "no_password_access: false",
        "no_password_acces: false",
    ),
    breach(
        "examples",
        "no_password_access: false",
        "no_password_access: null",
    ),
    breach(
        "examples",
        "                  new_password: Earl-Grey-2\n",
        "",
    ),
    breach("examples", "result: poured", "result: 1"),
    breach("examples", "[{ name: saucer }]", "[{ nmae: saucer }]"),
    breach(
        "examples",
        "new_password: Earl-Grey-2",
        "new_password: '-tea'",
    ),
    breach(
        "examples",
        "new_password: Earl-Grey-2",
        "new_password: Teapot-418",
    ),
    breach(
        "examples",
        "new_password: Earl-Grey-2",
        "new_password: Earl-Grey-1",
    ),
    breach(
        "examples",
        "password: Brown-Betty-1",
        "password: Brown_Betty_1",
    ),
    breach(
        "examples",
        "username: brown-betty",
        "username: 1-ytteB-nworB",
    ),
];

fn findings(text: &str) -> Vec<Finding> {
    lint::findings(&[Spec::parse("teapot", text).unwrap()])
}

#[test]
fn the_valid_file_keeps_every_rule() {
    assert_eq!(findings(VALID), []);
    lint::check(&[Spec::parse("teapot", VALID).unwrap()]).unwrap();
}

#[test]
fn the_repository_keeps_every_rule() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    lint::lint(&root).unwrap();
}

#[test]
fn each_breach_is_told_and_nothing_else() {
    let mut wrong = Vec::new();
    for rule in RULES {
        let mut told = String::new();
        for breach in BREACHES.iter().filter(|breach| breach.rule == rule.name) {
            assert!(
                VALID.contains(breach.from),
                "not in valid.yaml: {}",
                breach.from
            );
            let text = VALID.replacen(breach.from, breach.to, 1);
            for change in TextDiff::from_lines(VALID, &text).iter_all_changes() {
                if change.tag() != ChangeTag::Equal {
                    write!(told, "{}{change}", change.tag()).unwrap();
                }
            }
            let findings = findings(&text);
            for finding in &findings {
                writeln!(told, "{finding}").unwrap();
            }
            told.push('\n');

            let broken: BTreeSet<_> = findings.iter().map(|finding| finding.rule).collect();
            let expected = breach.also.iter().copied().chain([rule.name]);
            if broken != expected.collect() {
                wrong.push(format!("{}: {} breaks {broken:?}", rule.name, breach.to));
            }
        }
        insta::with_settings!({ omit_expression => true }, {
            insta::assert_snapshot!(rule.name, told);
        });
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_secret_of_two_files_is_told() {
    let other = VALID.replace("OldPassword", "KettlePassword");
    let other = other.replace("TEA.", "KET.");
    let specs = [("kettle", other.as_str()), ("teapot", VALID)]
        .map(|(name, text)| Spec::parse(name, text).unwrap());
    let told: Vec<_> = (lint::findings(&specs).iter())
        .map(Finding::to_string)
        .collect();
    assert_eq!(
        told,
        [
            "openapi/teapot.yaml: TeapotPassword: openapi/kettle.yaml has a secret of this name \
             too; rename one [password-policy]"
        ]
    );
}

#[test]
fn a_code_belongs_to_one_service_or_to_the_gateway_of_all() {
    let codes = |codes: &str| {
        let start = VALID.find("  TEA.418").unwrap();
        let end = VALID.find("\npaths:").unwrap();
        let text = [&VALID[..start], codes, &VALID[end..]].concat();
        text.replace("error_code: TEA.418", "error_code: A.1")
    };
    let kettle = codes(
        "  A.1: { status: 400, kind: busy, message: m }
  APIGW.1: { status: 404, kind: not-found, message: m }
  APIGW.2: { status: 429, kind: throttled, message: m }
  APIGW.3: { status: 401, kind: unauthenticated, message: m }
",
    );
    let kettle = kettle.replace("OldPassword", "FormerPassword");
    let kettle = kettle.replace("TeapotPassword", "KettlePassword");
    let teapot = codes(
        "  A.1: { status: 400, kind: busy, message: m }
  APIGW.1: { status: 404, kind: not-found, message: m }
  APIGW.2: { status: 429, kind: busy, message: m }
  APIGW.4: { status: 401, kind: unauthenticated, message: m }
",
    );
    let specs = [("kettle", &kettle), ("teapot", &teapot)]
        .map(|(name, text)| Spec::parse(name, text).unwrap());
    let told: Vec<_> = (lint::findings(&specs).iter())
        .map(Finding::to_string)
        .collect();
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("shared-codes", told.join("\n"));
    });
    // The reader itself refuses a code that one file has twice.
    let twice = VALID.replacen("TEA.500", "TEA.418", 1);
    let error = Spec::parse("teapot", &twice).unwrap_err().to_string();
    assert!(
        error.contains("duplicate") && error.contains("TEA.418"),
        "{error}"
    );
}

#[test]
fn each_rule_has_a_breach() {
    let rules: BTreeSet<_> = RULES.iter().map(|rule| rule.name).collect();
    let breached: BTreeSet<_> = BREACHES.iter().map(|breach| breach.rule).collect();
    assert_eq!(rules, breached);
}

#[test]
fn every_finding_is_told_at_once() {
    let text = VALID
        .replace("3.0.3", "3.1.0")
        .replace("getToken", "get_token");
    let kettle = text.replace("TeapotPassword", "KettlePassword");
    let kettle = kettle.replace("OldPassword", "FormerPassword");
    let kettle = kettle.replace("TEA.", "KET.");
    let specs = [("kettle", &kettle), ("teapot", &text)]
        .map(|(name, text)| Spec::parse(name, text).unwrap());
    let error = lint::check(&specs).unwrap_err().to_string();
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("all-at-once", error);
    });
}
