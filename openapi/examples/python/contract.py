"""The operations of the contract, and its password schemas by the name of their policy."""

import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from outcome import Operation

FOLDER = Path(__file__).resolve().parents[2]
# Another copy of the contract.
CONTRACT = Path(os.environ.get("REPASS_CONTRACT", FOLDER))


@cache
def document(service: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CONTRACT / f"{service}.yaml").read_text("utf-8"))
    return loaded


@cache
def operation(service: str, operation_id: str) -> Operation:
    return Operation(document(service), operation_id)


def schemas() -> dict[str, dict[str, Any]]:
    """`DcsPassword` has the policy `dcs`, and `DdmAdminPassword` has `ddm-admin`."""
    found = {}
    for service in ["ddm", "dcs", "dms"]:
        for name, schema in document(service)["components"]["schemas"].items():
            if "x-password-policy" in schema:
                words = re.sub("(?!^)([A-Z])", r"-\1", name.removesuffix("Password"))
                found[words.lower()] = schema
    return found
