"""What both clients do with the emulator: five passwords set, five refused, a wrong old one."""

import os
from collections.abc import Callable
from typing import Protocol

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


class Refused(Exception):
    """No password was changed, and the code says why. Any other exception leaves that open."""

    def __init__(self, code: object) -> None:
        super().__init__(code)
        self.code = str(code)


def prove(told: object, success: object, *refusals: object) -> None:
    """Takes only what proves success for a success, and only what denies it for a refusal."""
    if told in refusals:
        raise Refused(told)
    if told != success:
        raise RuntimeError(f"the answer does not say whether the password changed: {told!r}")


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

    # The policy, the call, a password for it, and the code with which the service refuses a weak
    # one. The reset gives the change an old password that is known, however often this runs.
    steps: list[tuple[str, Callable[[str], None], str, str]] = [
        ("ddm-account", client.ddm_reset_user_password, new, "DBS.300306"),
        ("ddm-admin", client.ddm_reset_administrator, new, "DBS.300306"),
        ("dcs", client.dcs_reset_password, old, "DCS.4019"),
        ("dcs", lambda password: client.dcs_update_password(old, password), new, "DCS.4019"),
        ("dms", client.dms_reset_password, new, "DMS.00400012"),
    ]
    schemas = contract.schemas()
    for policy, call, password, code in steps:
        # Checked as every password should be before it is sent; here the weak one is sent, too.
        expect(password_policy.check(schemas[policy], weak), ["too_few_classes"])
        expect(refusal(lambda: call(weak)), code)
        expect(password_policy.check(schemas[policy], password, ACCOUNT), [])
        call(password)
    # One try of five; the next right one sets the count back.
    wrong = refusal(lambda: client.dcs_update_password("Wrong-Example-2024", old))
    expect(wrong, "passwordFailed")

    codes = ", ".join(dict.fromkeys(code for *_, code in steps))
    print(f"{len(steps)} changed; weak refused: {codes}; wrong old password: {wrong}")


def refusal(call: Callable[[], None]) -> str:
    try:
        call()
    except Refused as refused:
        return refused.code
    return "no refusal"


def expect(told: object, expected: object) -> None:
    if told != expected:
        raise SystemExit(f"{told!r} instead of {expected!r}")
