"""What both clients do with the emulator: five passwords set, five refused, a wrong old one."""

import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import contract
import password_policy

# The emulator's own, which are no secrets.
URL = os.environ.get("REPASS_URL", "http://127.0.0.1:8080").removesuffix("/")
TOKEN = os.environ.get("REPASS_TOKEN", "emulator-token")
PROJECT_ID = os.environ.get("REPASS_PROJECT_ID", "0123456789abcdef0123456789abcdef")
DDM_ID = os.environ.get("REPASS_DDM_ID", "e6b99563-0000-4000-8000-1820d4fd2a67")
DCS_ID = os.environ.get("REPASS_DCS_ID", "2b9d4f16-8c3a-4e57-b1d0-9f6e7a5c3b28")
DMS_ID = os.environ.get("REPASS_DMS_ID", "6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57")
ACCOUNT = os.environ.get("REPASS_DDM_ACCOUNT", "ddmtest")


ATTEMPTS = 3


class Refused(Exception):
    """No password was changed, and the kind says why. Any other exception leaves that open."""

    def __init__(self, kind: str | None) -> None:
        super().__init__(kind)
        self.kind = kind


def change(
    service: str,
    operation_id: str,
    request: Mapping[str, Any],
    send: Callable[[], tuple[int, bytes]],
) -> None:
    """Sends a request, again if the contract allows it; returns if its answer proves success."""
    operation = contract.operation(service, operation_id)
    in_doubt = False
    for attempt in range(1, ATTEMPTS + 1):
        status, body = send()
        outcome = operation.decide(status, body, in_doubt)
        if attempt == ATTEMPTS or not operation.may_resend(request, status):
            break
        in_doubt = in_doubt or outcome.certainty == "unknown"
        time.sleep(attempt)
    if outcome.certainty == "refused":
        raise Refused(outcome.kind)
    # Accepted: a job does it.
    if outcome.certainty not in ("done", "accepted"):
        raise RuntimeError(f"it is unknown whether the password changed: {outcome.kind}")


class Client(Protocol):
    """Each returns if the password has changed, or else raises an exception."""

    def ddm_reset_user_password(self, password: str) -> None: ...
    def ddm_reset_administrator(self, password: str) -> None: ...
    def dcs_update_password(self, old_password: str, password: str) -> None: ...
    def dcs_reset_password(self, password: str) -> None: ...
    def dms_reset_password(self, password: str) -> None: ...


def run(client: Client) -> None:
    """Ends the program with an error if anything is otherwise than it should be."""
    old, new, weak = "First-Example-2024", "Second-Example-2024", "weakpassword"

    # The policy, the call, and a password for it. The reset gives the change an old password
    # that is known, however often this runs.
    steps: list[tuple[str, Callable[[str], None], str]] = [
        ("ddm-account", client.ddm_reset_user_password, new),
        ("ddm-admin", client.ddm_reset_administrator, new),
        ("dcs", client.dcs_reset_password, old),
        ("dcs", lambda password: client.dcs_update_password(old, password), new),
        ("dms", client.dms_reset_password, new),
    ]
    schemas = contract.schemas()
    for policy, call, password in steps:
        # Checked as every password should be before it is sent; here the weak one is sent, too.
        expect(password_policy.check(schemas[policy], weak), ["too_few_classes"])
        expect(refusal(lambda: call(weak)), "weak-password")
        expect(password_policy.check(schemas[policy], password, ACCOUNT), [])
        call(password)
    # One try of five; the next right one sets the count back.
    wrong = refusal(lambda: client.dcs_update_password("Wrong-Example-2024", old))
    expect(wrong, "wrong-old-password")
    print(f"{len(steps)} changed, {len(steps)} weak passwords refused, and a wrong old one")


def refusal(call: Callable[[], None]) -> str | None:
    try:
        call()
    except Refused as refused:
        return refused.kind
    return "no refusal"


def expect(told: object, expected: object) -> None:
    if told != expected:
        raise SystemExit(f"{told!r} instead of {expected!r}")
