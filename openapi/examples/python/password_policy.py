"""Checks a password by the rules that its schema in the contract has: take this file as it is."""

import string
from collections.abc import Mapping
from typing import Any

KEYS = {"minClasses", "specials", "forbiddenFirst", "notUsername", "notOld", "denyList"}


def check(
    schema: Mapping[str, Any],
    password: str,
    username: str | None = None,
    old_password: str | None = None,
) -> list[str]:
    """The codes of all the rules that the password breaks, in the contract's order."""
    policy = schema["x-password-policy"]
    if unknown := policy.keys() - KEYS:
        raise ValueError(f"x-password-policy has rules that this code does not know: {unknown}")

    # ASCII only: str.islower and the like would take any alphabet's letters.
    letters_and_digits = [string.ascii_lowercase, string.ascii_uppercase, string.digits]
    classes = [set(characters) for characters in [*letters_and_digits, policy["specials"]]]
    used = set(password)
    broken = {
        "too_short": len(password) < schema["minLength"],
        "too_long": len(password) > schema["maxLength"],
        "too_few_classes": sum(bool(used & each) for each in classes) < policy["minClasses"],
        "character_not_allowed": bool(used - set().union(*classes)),
        "forbidden_first": password.startswith(tuple(policy.get("forbiddenFirst", ""))),
        "matches_username": policy.get("notUsername", False)
        and username is not None
        and password in (username, username[::-1]),
        "same_as_old": policy.get("notOld", False) and password == old_password,
        "deny_listed": password in policy.get("denyList", []),
    }
    return [code for code, is_broken in broken.items() if is_broken]
