"""Passwords that keep the policies: a JSON Schema cannot say what those need."""

import schemathesis
from hypothesis import strategies

# All four classes, with specials that every service allows.
schemathesis.openapi.format(
    "new-password",
    strategies.from_regex(r"[a-z][A-Z][0-9][~!@#%^*_+?][A-Za-z0-9~!@#%^*_+?-]{4,28}", fullmatch=True),
)


@schemathesis.hook
def before_load_schema(context, raw_schema):
    for schema in raw_schema["components"]["schemas"].values():
        if "x-password-policy" in schema:
            schema["format"] = "new-password"
