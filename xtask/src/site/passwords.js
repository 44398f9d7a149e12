// Holds what is typed against the rules of the table, whose schemas are in the contract.
'use strict';

const byId = (id) => document.getElementById(id);
const password = byId('password');
const username = byId('username');
const oldPassword = byId('old-password');

const policies = [...byId('policies').tBodies[0].rows].map((row) => ({
  name: row.id,
  schema: CONTRACT[row.dataset.service].components.schemas[row.dataset.schema],
  verdict: row.querySelector('.verdict'),
  rules: [...row.querySelectorAll('[data-code]')],
}));

function mark(badge, kind, text) {
  badge.className = badge.classList.contains('verdict') ? `verdict badge ${kind}` : `badge ${kind}`;
  badge.textContent = text;
  badge.hidden = false;
}

// What is not filled in is not known.
const known = ({ value }) => (value === '' ? undefined : value);

function verdictOf({ schema, verdict, rules }) {
  const context = { username: known(username), oldPassword: known(oldPassword) };
  const missing = {
    matches_username: context.username === undefined,
    same_as_old: context.oldPassword === undefined,
  };
  const codes = check(schema, password.value, context);
  let unchecked = 0;
  for (const rule of rules) {
    const { code } = rule.dataset;
    const badge = rule.querySelector('.badge');
    if (codes.includes(code)) mark(badge, 'bad', '✗ broken');
    else if (missing[code]) { mark(badge, 'refused', '? not checked'); unchecked += 1; }
    else mark(badge, 'good', '✓ met');
  }
  if (codes.length > 0) {
    mark(verdict, 'bad', '✗ refused');
    return `breaks ${codes.length} ${codes.length === 1 ? 'rule' : 'rules'}`;
  }
  const passes = unchecked > 0 ? 'passes so far' : 'passes';
  mark(verdict, 'good', `✓ ${passes}`);
  return passes;
}

// Read out once nobody types any more.
let pause;
function tell(text) {
  clearTimeout(pause);
  pause = setTimeout(() => { byId('verdict').textContent = text; }, 400);
}

function show() {
  const told = policies.map((policy) => `${policy.name} ${verdictOf(policy)}`);
  tell(`${told.join(', ')}.`);
}

function reveal() {
  for (const input of [password, oldPassword]) input.type = byId('shown').checked ? 'text' : 'password';
}

// Each number below the limit as often as any other: a byte from the incomplete last round is drawn
// again.
function below(limit) {
  for (;;) {
    const [byte] = crypto.getRandomValues(new Uint8Array(1));
    if (byte < 256 - (256 % limit)) return byte % limit;
  }
}

// Passes everywhere by its construction, which is that of `repass generate`: letters, digits, - and ~,
// a letter first, and one of each class.
const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();
const DIGITS = '0123456789';
const SPECIALS = [...'-~'].filter((special) => (
  policies.every(({ schema }) => schema['x-password-policy'].specials.includes(special))
)).join('');

function generate() {
  const draw = (characters) => characters[below(characters.length)];
  const length = Math.min(...policies.map(({ schema }) => schema.maxLength));
  const rest = [LOWER, UPPER, DIGITS, SPECIALS].map(draw);
  while (rest.length + 1 < length) rest.push(draw(LOWER + UPPER + DIGITS + SPECIALS));
  for (let last = rest.length - 1; last > 0; last -= 1) {
    const other = below(last + 1);
    [rest[last], rest[other]] = [rest[other], rest[last]];
  }
  return draw(LOWER + UPPER) + rest.join('');
}

for (const input of [password, username, oldPassword]) input.addEventListener('input', show);
byId('shown').addEventListener('change', reveal);
byId('generate').addEventListener('click', () => {
  password.value = generate();
  byId('shown').checked = true;
  reveal();
  show();
  // Ready to be copied.
  password.focus();
  password.select();
});
