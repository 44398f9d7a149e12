"""The password schemas of the contract, by the name of their policy."""

import re
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[2]


def schemas() -> dict[str, dict[str, Any]]:
    """`DcsPassword` has the policy `dcs`, and `DdmAdminPassword` has `ddm-admin`."""
    found = {}
    for service in ["ddm", "dcs", "dms"]:
        document = yaml.safe_load((FOLDER / f"{service}.yaml").read_text("utf-8"))
        for name, schema in document["components"]["schemas"].items():
            if "x-password-policy" in schema:
                words = re.sub("(?!^)([A-Z])", r"-\1", name.removesuffix("Password"))
                found[words.lower()] = schema
    return found
