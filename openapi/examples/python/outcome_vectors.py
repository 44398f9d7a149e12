"""Checks outcome.py against every case of outcome-vectors.json."""

import base64
import json
from dataclasses import asdict
from typing import Any

import contract

vectors = json.loads((contract.FOLDER / "outcome-vectors.json").read_text("utf-8"))
wrong: list[str] = []


def compare(case: dict[str, Any], decided: object, expected: object) -> None:
    if decided != expected:
        told = json.dumps(decided, separators=(",", ":"))
        wrong.append(f"wrong: {case['service']} {case['operation']} {case['name']}: {told}")


for key in ("cases", "later"):
    for case in vectors[key]:
        operation = contract.operation(case["service"], case["operation"])
        encoded = case.get("body_base64")
        body = case["body"].encode() if encoded is None else base64.b64decode(encoded)
        outcome = asdict(operation.decide(case["status"], body, in_doubt=key == "later"))
        known = {name: value for name, value in outcome.items() if value is not None}
        compare(case, known, case["outcome"])
for case in vectors["retries"]:
    operation = contract.operation(case["service"], case["operation"])
    compare(case, operation.may_resend(case["request"], case["status"]), case["again"])

count = sum(len(vectors[key]) for key in ("cases", "later", "retries"))
if wrong or not count:
    print(*wrong, sep="\n")
    raise SystemExit(f"{len(wrong)} of {count} cases are wrong")
print(f"all {count} cases as they should be")
