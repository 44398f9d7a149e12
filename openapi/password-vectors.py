"""Write password-vectors.json: test vectors for the password rules, for every language.

The rules are the `x-password-policy` extensions in the YAML files beside this script. The table
below states them a second time, by hand: this script neither parses the YAML nor calls the checker
under test, and the Rust crate repass-policy reads the vectors but never produces them. Two readings
that agree are evidence; vectors printed by the checker would agree with any bug in it.
When a rule changes in the YAML, change the table and the hand-stated codes here, and review both.

    python3 password-vectors.py            write password-vectors.json
    python3 password-vectors.py --check    compare only; exit 1 when the file is not up to date

Every password here is made up.
"""
import argparse
import itertools
import json
import pathlib
import re
import string
import sys
import unicodedata
from typing import NamedTuple

TARGET = pathlib.Path(__file__).with_suffix(".json")

# The order of the codes is part of the contract.
CODES = SHORT, LONG, FEW, CHAR, FIRST, USER, OLD, DENY = (
    "too_short", "too_long", "too_few_classes", "character_not_allowed",
    "forbidden_first", "matches_username", "same_as_old", "deny_listed")

# All deny words, split by how many classes they have: ddm-admin asks for four.
DENY_FOUR_CLASSES = """123@Root Admin123! Admin123# Admin123@ Admin@123 Admin_123 Password123!
    Password@123 Password_123 Root123! Root123# Root123@ Root@123 Root_123""".split()
DENY_THREE_CLASSES = """123@test Admin!@# Admin123 Password123 abcd1234! abcd@1234 abcd_1234
    admin123! admin123# admin123@ admin@123 admin_123 root123! root123# root123@ root@123 root_123
    test123! test123# test123@ test@123 test_123""".split()
DENY_WORDS = DENY_FOUR_CLASSES + DENY_THREE_CLASSES


class Rules(NamedTuple):
    min_length: int
    max_length: int
    min_classes: int
    specials: str
    forbidden_first: str = ""
    not_username: bool = False
    not_old: bool = False
    deny: tuple = ()


ACCOUNT, ADMIN, DCS, DMS = "ddm-account", "ddm-admin", "dcs", "dms"
POLICIES = {
    ACCOUNT: Rules(8, 32, 3, "~!@#%^*-_+?", not_username=True, deny=tuple(DENY_WORDS)),
    ADMIN: Rules(8, 32, 4, "~!@#%^*-_=+?", deny=tuple(DENY_WORDS)),
    DCS: Rules(8, 64, 3, "`~!@#$%^&*()-_=+\\|{},<.>/?", not_old=True),
    DMS: Rules(8, 32, 3, "`~!@#$%^&*()-_=+\\|[{}];:'\",<.>/? ", forbidden_first="-"),
}

# In the lists below, codes hold for every policy except those in the dict, which state their own.
NEEDS_FOUR = {ADMIN: [FEW]}        # three classes are enough for everybody else
SPACE_IS_FINE = {DMS: []}          # only dms has the space among its specials
EMOJI, FAMILY = "\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467"  # 1 and 5 characters

# Length, all four classes present.
LENGTHS = [(7, [SHORT], {}), (8, [], {}), (31, [], {}), (32, [], {}), (33, [LONG], {DCS: []}),
           (63, [LONG], {DCS: []}), (64, [LONG], {DCS: []}), (65, [LONG], {})]

PLAIN = [
    ("empty", "", [SHORT, FEW], {}),
    ("one-letter", "a", [SHORT, FEW], {}),
    ("one-hyphen", "-", [SHORT, FEW], {DMS: [SHORT, FEW, FIRST]}),
    ("very-long", "Ab1!" * 500, [LONG], {}),
    ("very-long-one-class", "a" * 2000, [LONG, FEW], {}),
    # Characters are counted: not bytes, not UTF-16 units, not what a reader sees as one.
    ("seven-characters-in-eight-bytes", "Ab1!xy\u00e9", [SHORT, CHAR], {}),
    ("eight-characters-in-nine-bytes", "Ab1!xyz\u00e9", [CHAR], {}),
    ("seven-characters-in-ten-utf16-units", "Ab1!" + EMOJI * 3, [SHORT, CHAR], {}),
    ("eight-characters-half-of-them-emoji", "Ab1!" + EMOJI * 4, [CHAR], {}),
    ("32-characters-mostly-emoji", "Ab1!" + EMOJI * 28, [CHAR], {}),
    ("33-characters-mostly-emoji", "Ab1!" + EMOJI * 29, [LONG, CHAR], {DCS: [CHAR]}),
    ("64-characters-mostly-accented", "Ab1!" + "\u00e9" * 60, [LONG, CHAR], {DCS: [CHAR]}),
    ("combining-accent-makes-the-eighth-character", "Ab1!xye\u0301", [CHAR], {}),
    ("combining-accent-makes-only-seven", "Ab1!xe\u0301", [SHORT, CHAR], {}),
    ("family-emoji-is-five-characters", "Ab1" + FAMILY, [CHAR], {ADMIN: [FEW, CHAR]}),
    # Classes: one character is enough, wherever it stands; strangers count for none.
    ("upper-first-digit-last", "Aaaaaaa1", [], NEEDS_FOUR),
    ("only-accented-letters", "\u00e9" * 8, [FEW, CHAR], {}),
    ("many-strangers-one-code", "Ab1!\u00e9\u00df\u6f22\t\x00" + EMOJI, [CHAR], {}),
    # Specials that tell the policies apart, in passwords that do not need them.
    ("equals-sign-extra", "Abcdef1!=", [], {ACCOUNT: [CHAR]}),
    ("backslash-extra", "Abcdef1!\\", [], {ACCOUNT: [CHAR], ADMIN: [CHAR]}),
    ("colon-extra", "Abcdef1!:", [CHAR], {DMS: []}),
    ("quotes-extra", "Abcdef1!'\"", [CHAR], {DMS: []}),
    # Nothing is trimmed, and NUL ends nothing.
    ("leading-space", " Abcdef1!", [CHAR], SPACE_IS_FINE),
    ("trailing-space", "Abcdef1! ", [CHAR], SPACE_IS_FINE),
    ("only-spaces", " " * 8, [FEW, CHAR], {DMS: [FEW]}),
    ("trailing-newline", "Abcdef1!\n", [CHAR], {}),
    ("nul-in-the-middle", "Ab1!\x00cdef", [CHAR], {}),
    # A leading hyphen: refused by dms alone, and a special all the same.
    ("leading-hyphen", "-Abcdef1", [], {DMS: [FIRST]}),
    ("leading-hyphen-is-the-third-class", "-abcdef1", [], {ADMIN: [FEW], DMS: [FIRST]}),
    ("only-hyphens", "--------", [FEW], {DMS: [FEW, FIRST]}),
    ("hyphen-second", "A-bcdef1", [], {}),
    ("hyphen-last", "Abcdef1-", [], {}),
    ("leading-en-dash", "\u2013Abcdef1!", [CHAR], {}),
    # The deny list holds exact words only.
    ("deny-word-upper-case", "ADMIN@123", [], NEEDS_FOUR),
    ("deny-word-and-one-more", "Admin@1234", [], {}),
    ("deny-word-reversed", "321_tooR", [], {}),
    ("deny-word-and-space", "Admin@123 ", [CHAR], SPACE_IS_FINE),
    ("deny-word-with-cyrillic-a", "\u0410dmin@123", [CHAR], {ADMIN: [FEW, CHAR]}),
    ("near-deny-word-not-listed", "Test_123", [], {}),
]

# (name, user name, password, codes, exceptions): ddm-account alone looks at the user name.
USERNAMES = [
    ("equal", "Db_Owner1", "Db_Owner1", [], {ACCOUNT: [USER]}),
    ("reversed", "Db_Owner1", "1renwO_bD", [], {ACCOUNT: [USER]}),
    ("other-case", "Db_Owner1", "dB_oWNER1", [], {}),
    ("and-one-more", "Db_Owner1", "Db_Owner12", [], {}),
    ("inside", "Db_Owner1", "xDb_Owner1x", [], {}),
    ("and-space", "Db_Owner1", "Db_Owner1 ", [CHAR], SPACE_IS_FINE),
    ("unrelated", "Db_Owner1", "Zq7_unlike", [], {}),
    ("palindrome", "Abc1_1cbA", "Abc1_1cbA", [], {ACCOUNT: [USER]}),
    ("short", "root", "root", [SHORT, FEW], {ACCOUNT: [SHORT, FEW, USER]}),
    ("non-ascii", "Ab1_\u00e9\u00df\u6f22", "Ab1_\u00e9\u00df\u6f22", [SHORT, CHAR],
     {ACCOUNT: [SHORT, CHAR, USER]}),
    ("non-ascii-reversed", "Ab1_x\u00e9\u00df\u6f22", "\u6f22\u00df\u00e9x_1bA", [CHAR],
     {ACCOUNT: [CHAR, USER]}),
    ("emoji-reversed", "Ab1_xyz" + EMOJI, EMOJI + "zyx_1bA", [CHAR], {ACCOUNT: [CHAR, USER]}),
    # Reversed by characters, the accent comes loose from its letter. Kept on it: another string.
    ("combining-reversed", "Ab1_cafe\u0301", "\u0301efac_1bA", [CHAR], {ACCOUNT: [CHAR, USER]}),
    ("combining-reversed-as-seen", "Ab1_cafe\u0301", "e\u0301fac_1bA", [CHAR], {}),
    ("equal-and-deny-word", "Admin_123", "Admin_123", [], {ACCOUNT: [USER, DENY], ADMIN: [DENY]}),
]

# (name, old password, password, codes, exceptions): dcs alone looks at the old password.
OLD_PASSWORDS = [
    ("same", "Old_Pass9", "Old_Pass9", [], {DCS: [OLD]}),
    ("other-case", "Old_Pass9", "oLD_pASS9", [], {}),
    ("reversed", "Old_Pass9", "9ssaP_dlO", [], {}),
    ("and-one-more", "Old_Pass9", "Old_Pass90", [], {}),
    ("different", "Old_Pass9", "New_Word7", [], {}),
    ("not-checked-itself", "a", "New_Word8", [], {}),
    ("same-non-ascii", "Ab1!xyz\u6f22", "Ab1!xyz\u6f22", [CHAR], {DCS: [CHAR, OLD]}),
    ("composed-is-not-decomposed", "Ab1!caf\u00e9", "Ab1!cafe\u0301", [CHAR], {}),
    ("same-too-short", "Ab1!", "Ab1!", [SHORT], {DCS: [SHORT, OLD]}),
    ("same-too-long", "Ab1!" * 16 + "x", "Ab1!" * 16 + "x", [LONG], {DCS: [LONG, OLD]}),
]

# (policy, name, password, context, codes): several violations at once.
SEVERAL = [
    (ACCOUNT, "short-few-stranger-username", "a b", {"username": "a b"}, [SHORT, FEW, CHAR, USER]),
    (ACCOUNT, "long-few-stranger-username", "a=" * 17, {"username": "=a" * 17},
     [LONG, FEW, CHAR, USER]),
    (ACCOUNT, "username-matches-old-ignored", "Db_Owner2",
     {"username": "Db_Owner2", "old_password": "Db_Owner2"}, [USER]),
    (ADMIN, "short-few-stranger", "a b", {}, [SHORT, FEW, CHAR]),
    (ADMIN, "long-few-stranger", "Ab1$" * 9, {}, [LONG, FEW, CHAR]),
    (ADMIN, "deny-word-context-ignored", "Root_123",
     {"username": "Root_123", "old_password": "Root_123"}, [DENY]),
    (DCS, "short-few-stranger-same", "ab:", {"old_password": "ab:"}, [SHORT, FEW, CHAR, OLD]),
    (DCS, "long-few-stranger-same", "a:" * 33, {"old_password": "a:" * 33},
     [LONG, FEW, CHAR, OLD]),
    (DCS, "same-as-old-username-ignored", "Db_Owner2",
     {"username": "Db_Owner2", "old_password": "Db_Owner2"}, [OLD]),
    (DMS, "short-few-stranger-hyphen", "-\u00e9", {}, [SHORT, FEW, CHAR, FIRST]),
    (DMS, "long-few-stranger-hyphen", "-" * 32 + "\u00e9", {}, [LONG, FEW, CHAR, FIRST]),
    (DMS, "hyphen-context-ignored", "-Owner_22",
     {"username": "-Owner_22", "old_password": "-Owner_22"}, [FIRST]),
]

# Characters outside the four classes, under the class a careless checker would put them in.
STRANGERS = {
    "lower": {"e-acute": "\u00e9", "sharp-s": "\u00df", "cyrillic-a": "\u0430", "cjk": "\u6f22",
              "dotless-i": "\u0131", "fullwidth-a": "\uff41"},
    "upper": {"capital-e-acute": "\u00c9", "cyrillic-capital-a": "\u0410",
              "kelvin-sign": "\u212a", "fullwidth-capital-a": "\uff21"},
    "digit": {"arabic-indic-three": "\u0663", "fullwidth-three": "\uff13",
              "superscript-two": "\u00b2"},
    "special": {"fullwidth-exclamation-mark": "\uff01", "pound-sign": "\u00a3",
                "curly-quote": "\u2019", "combining-acute": "\u0301", "emoji": EMOJI,
                "tab": "\t", "newline": "\n", "nul": "\x00", "delete": "\x7f",
                "next-line": "\x85", "no-break-space": "\u00a0", "zero-width-space": "\u200b",
                "byte-order-mark": "\ufeff"},
}

POOL = {"lower": string.ascii_lowercase, "upper": string.ascii_uppercase,
        "digit": "482915067348", "special": "!@#%^*_+?~!@"}  # specials of every policy


def spread(classes, length):
    """A password of exactly these classes, each in turn."""
    return "".join(POOL[classes[i % len(classes)]][i] for i in range(length))


def cases():
    """Yield (policy, name, password, context, stated codes)."""
    for policy, rules in POLICIES.items():
        for length, codes, own in LENGTHS:
            yield policy, f"length-{length}", ("Ab1!" * 17)[:length], {}, own.get(policy, codes)
        for name, password, codes, own in PLAIN:
            yield policy, name, password, {}, own.get(policy, codes)

        for size in range(1, 5):
            for classes in itertools.combinations(POOL, size):
                codes = [] if size >= rules.min_classes else [FEW]
                yield policy, "classes-" + "-".join(classes), spread(classes, 12), {}, codes

        # The special decides: without it the password has one class too few.
        frame = "Abcd{}efg1" if policy == ADMIN else "abcd{}efg1"
        for special in string.punctuation + " ":
            name = unicodedata.name(special).lower().replace(" ", "-")
            inside = special in rules.specials
            yield (policy, f"special-{name}-{'counts' if inside else 'is-refused'}",
                   frame.format(special), {}, [] if inside else [FEW, CHAR])

        # So does the stranger, for a checker that takes it for what it looks like.
        for imitated, strangers in STRANGERS.items():
            others = [kind for kind in POOL if kind != imitated][:rules.min_classes - 1]
            start, end = spread(others, 9)[:5], spread(others, 9)[5:]
            for name, char in strangers.items():
                yield policy, f"{name}-is-no-{imitated}", start + char + end, {}, [FEW, CHAR]

        for name, username, password, codes, own in USERNAMES:
            yield (policy, f"username-{name}", password, {"username": username},
                   own.get(policy, codes))
        for name, old, password, codes, own in OLD_PASSWORDS:
            yield (policy, f"old-password-{name}", password, {"old_password": old},
                   own.get(policy, codes))
        yield from (case for case in SEVERAL if case[0] == policy)

        if policy in (ACCOUNT, ADMIN):
            for number, word in enumerate(DENY_FOUR_CLASSES, 1):
                yield policy, f"deny-word-four-classes-{number:02}", word, {}, [DENY]
            codes = [FEW, DENY] if policy == ADMIN else [DENY]
            for number, word in enumerate(DENY_THREE_CLASSES, 1):
                yield policy, f"deny-word-three-classes-{number:02}", word, {}, codes
        else:
            for number, word in enumerate(("Admin_123", "Password123", "Admin!@#", "test123#"), 1):
                yield policy, f"deny-word-is-not-denied-here-{number}", word, {}, []


def evaluate(policy, password, username=None, old_password=None):
    """The rules again, as code, to catch slips in the hand-stated codes."""
    rules = POLICIES[policy]
    alphabet = {"lower": string.ascii_lowercase, "upper": string.ascii_uppercase,
                "digit": string.digits, "special": rules.specials}
    present = [kind for kind, chars in alphabet.items() if set(chars) & set(password)]
    broken = {
        SHORT: len(password) < rules.min_length,
        LONG: len(password) > rules.max_length,
        FEW: len(present) < rules.min_classes,
        CHAR: bool(set(password) - set("".join(alphabet.values()))),
        FIRST: password[:1] != "" and password[:1] == rules.forbidden_first,
        USER: rules.not_username and username is not None
              and password in (username, username[::-1]),
        OLD: rules.not_old and old_password == password,
        DENY: password in rules.deny,
    }
    return [code for code in CODES if broken[code]]


def build():
    """The text of the file. Exits when the script disagrees with itself."""
    lines, names, inputs, slips = [], set(), set(), []
    for policy, name, password, context, codes in cases():
        expected = evaluate(policy, password, **context)
        if codes != expected:
            slips.append(f"{policy} {name}: stated {codes}, evaluated {expected}")
        if (policy, name) in names or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
            slips.append(f"{policy} {name}: the name is taken or not kebab-case")
        key = (policy, password, *sorted(context.items()))
        if key in inputs:
            slips.append(f"{policy} {name}: another case has the same input")
        names.add((policy, name))
        inputs.add(key)
        case = {"policy": policy, "name": name, "password": password, **context, "codes": codes}
        # JSON allows a raw DEL; an editor or a terminal may not show it.
        lines.append("    " + json.dumps(case, ensure_ascii=True).replace("\x7f", "\\u007f"))
    if slips:
        sys.exit("password-vectors.py contradicts itself:\n" + "\n".join(slips))
    description = (
        "Test vectors for the x-password-policy extensions in the YAML files beside this file. "
        "codes: every rule the password breaks, in the order " + ", ".join(CODES) + "; empty when "
        "it is accepted. username and old_password are given where they are known. Length is "
        "counted in Unicode scalar values. Written by password-vectors.py, not by hand.")
    return (f'{{\n  "description": {json.dumps(description)},\n  "cases": [\n'
            + ",\n".join(lines) + "\n  ]\n}\n"), len(lines)


def main():
    parser = argparse.ArgumentParser(description="Write password-vectors.json.")
    parser.add_argument("--check", action="store_true", help="compare only, exit 1 if different")
    check = parser.parse_args().check
    text, count = build()
    current = TARGET.read_bytes() if TARGET.exists() else None
    if current == text.encode("ascii"):
        print(f"{TARGET.name} is up to date: {count} cases")
    elif check:
        state = "is missing" if current is None else "is not what the script writes"
        sys.exit(f"{TARGET.name} {state}: run `python3 {pathlib.Path(__file__).name}`")
    else:
        TARGET.write_bytes(text.encode("ascii"))
        print(f"wrote {TARGET.name}: {count} cases")


if __name__ == "__main__":
    main()
