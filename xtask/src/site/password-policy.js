'use strict';

const KNOWN = ['minClasses', 'specials', 'forbiddenFirst', 'notUsername', 'notOld', 'denyList'];

// The codes of the rules that a password breaks, in the order of the contract. The schema is one of
// the contract's with x-password-policy. What is not known of the context is not checked.
function check(schema, password, { username, oldPassword } = {}) {
  const policy = schema['x-password-policy'];
  for (const key of Object.keys(policy)) {
    if (!KNOWN.includes(key)) throw new Error(`x-password-policy has an unknown key: ${key}`);
  }
  // Characters, not the units of UTF-16.
  const characters = [...password];
  const classes = [
    (character) => character >= 'a' && character <= 'z',
    (character) => character >= 'A' && character <= 'Z',
    (character) => character >= '0' && character <= '9',
    (character) => policy.specials.includes(character),
  ];
  const present = classes.filter((isOf) => characters.some(isOf));
  const broken = {
    too_short: characters.length < schema.minLength,
    too_long: characters.length > schema.maxLength,
    too_few_classes: present.length < policy.minClasses,
    character_not_allowed: !characters.every((character) => classes.some((isOf) => isOf(character))),
    forbidden_first: characters.length > 0 && (policy.forbiddenFirst ?? '').includes(characters[0]),
    matches_username: policy.notUsername === true && username !== undefined
      && [username, [...username].reverse().join('')].includes(password),
    same_as_old: policy.notOld === true && password === oldPassword,
    deny_listed: (policy.denyList ?? []).includes(password),
  };
  return Object.keys(broken).filter((code) => broken[code]);
}
