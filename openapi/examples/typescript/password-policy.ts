/** What a password's schema in the contract has. */
export interface PasswordSchema {
  minLength: number;
  maxLength: number;
  "x-password-policy": {
    minClasses: number;
    specials: string;
    forbiddenFirst?: string;
    notUsername?: boolean;
    notOld?: boolean;
    denyList?: string[];
  };
}

const KEYS = ["minClasses", "specials", "forbiddenFirst", "notUsername", "notOld", "denyList"];
const ASCII = ["abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"];

/** The codes of all the rules that the password breaks, in the contract's order. */
export function check(schema: PasswordSchema, password: string, username?: string, oldPassword?: string): string[] {
  const policy = schema["x-password-policy"];
  const unknown = Object.keys(policy).filter((key) => !KEYS.includes(key));
  if (unknown.length > 0) throw new Error(`x-password-policy has rules that this code does not know: ${unknown}`);

  // By code points: `length` counts UTF-16, in which an emoji is two.
  const characters = [...password];
  const allClasses = [...ASCII, policy.specials];
  const classes = characters.map((character) => allClasses.findIndex((each) => each.includes(character)));
  const first = characters[0];
  const rules: [string, boolean][] = [
    ["too_short", characters.length < schema.minLength],
    ["too_long", characters.length > schema.maxLength],
    ["too_few_classes", new Set(classes.filter((found) => found >= 0)).size < policy.minClasses],
    ["character_not_allowed", classes.includes(-1)],
    ["forbidden_first", first !== undefined && (policy.forbiddenFirst ?? "").includes(first)],
    ["matches_username", (policy.notUsername ?? false) && [username, reverse(username)].includes(password)],
    ["same_as_old", (policy.notOld ?? false) && password === oldPassword],
    ["deny_listed", (policy.denyList ?? []).includes(password)],
  ];
  return rules.filter(([, broken]) => broken).map(([code]) => code);
}

function reverse(text?: string): string | undefined {
  return text === undefined ? undefined : [...text].reverse().join("");
}
