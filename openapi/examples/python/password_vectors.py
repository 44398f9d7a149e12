"""Holds password_policy.py against every case of password-vectors.json."""

import json

import contract
import password_policy

schemas = contract.schemas()
cases = json.loads((contract.FOLDER / "password-vectors.json").read_text("utf-8"))["cases"]
wrong = []
for case in cases:
    codes = password_policy.check(
        schemas[case["policy"]], case["password"], case.get("username"), case.get("old_password")
    )
    if codes != case["codes"]:
        wrong.append(f"{case['policy']} {case['name']}: {codes} instead of {case['codes']}")
if wrong or not cases:
    raise SystemExit("\n".join(wrong or ["there are no cases"]))
print(f"all {len(cases)} cases as they should be")
