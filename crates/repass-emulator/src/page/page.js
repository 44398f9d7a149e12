// What the page shows is asked for once a second, in short; the console is Swagger UI on the emulator's own contract.
'use strict';

const PAUSE = 1000;

const byId = (id) => document.getElementById(id);

// What the emulator tells only ever becomes text, so a name that looks like HTML stays a name.
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// A narrow window has no room for the head of a table, so each cell carries its own.
const cell = (label, ...children) => element('td', { 'data-label': label }, ...children);
const emptyCell = (label) => element('td', { 'data-label': label, class: 'empty' }, '–');
const code = (text) => element('code', {}, text);
const badge = (kind, text) => element('span', { class: `badge ${kind}` }, text);

async function ask(path) {
  const answer = await fetch(path, { signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(`${path} answers ${answer.status}`);
  return answer.json();
}

// Sets what has changed and nothing else: it is announced, may be selected, or may have the focus.
const shown = new Map();
function show(id, data, draw) {
  const text = JSON.stringify(data);
  if (shown.get(id) === text) return;
  shown.set(id, text);
  draw(byId(id), data);
}
const showText = (id, text) => show(id, text, (node) => { node.textContent = text; });

function details(instance) {
  const facts = [];
  if (instance.accounts?.length) facts.push(`accounts ${instance.accounts.join(', ')}`);
  if (instance.service === 'ddm') {
    facts.push(instance.administrator ? `administrator ${instance.administrator}` : 'no administrator');
  }
  if (instance.password_free) facts.push('password-free');
  if (instance.lock_minutes_left) facts.push(`locked for ${instance.lock_minutes_left} min`);
  if (instance.ssl !== undefined) facts.push(instance.ssl ? 'SSL on' : 'SSL off');
  return facts.join(' · ');
}

const changes = new Map();
function drawInstances(body, instances) {
  body.replaceChildren(...instances.map((instance) => {
    const { id, service, state, changed_at: changed } = instance;
    const locked = Boolean(instance.lock_minutes_left);
    const facts = details(instance);
    const isNews = changes.has(id) && changes.get(id) !== changed;
    changes.set(id, changed);
    return element('tr', isNews ? { class: 'news' } : {},
      cell('Service', element('span', { class: `service ${service}` }, service.toUpperCase())),
      cell('Instance', code(id)),
      cell('State', locked ? badge('bad', 'locked') : badge(state, state)),
      instance.tries_left === undefined
        ? emptyCell('Tries left')
        : cell('Tries left', String(instance.tries_left)),
      cell('Changed', changed
        ? element('time', { datetime: changed }, changed.replace('T', ' ').replace('Z', ''))
        : 'never'),
      facts === '' ? emptyCell('Details') : cell('Details', facts));
  }));
}

const asText = (value) => (typeof value === 'object' ? JSON.stringify(value) : value);
function drawFaults(body, faults) {
  byId('faults').hidden = faults.length === 0;
  body.replaceChildren(...faults.map(({ fault_id: id, hits, fault }) => {
    const { fault: kind, ...rest } = fault;
    const facts = Object.entries(rest).filter(([, value]) => value !== null);
    return element('tr', {},
      cell('Fault', `${id} `, badge('bad', kind)),
      cell('What', facts.map(([key, value]) => `${key} ${asText(value)}`).join(' · ') || 'every request'),
      cell('Hits', hits >= (fault.count ?? Infinity) ? `${hits}, over` : String(hits)));
  }));
}

function drawRequests(body, requests) {
  byId('received-none').hidden = requests.length > 0;
  body.replaceChildren(...requests.map(({ method, path, status, request_id: id }) => {
    const kind = status === undefined || status >= 500 ? 'bad' : status >= 400 ? 'refused' : 'good';
    return element('tr', {},
      cell('Status', badge(kind, String(status ?? 'cut'))),
      cell('Request', element('b', {}, method), ' ', code(path)),
      cell('Request id', code(id)));
  }));
}

// An answer that a later question has overtaken is not shown.
let round = 0;
let timer;

async function refresh() {
  const mine = ++round;
  clearTimeout(timer);
  // Nobody looks.
  if (document.hidden) return;
  const prefix = byId('filter').value.trim();
  const state = await ask(`/_emulator/page/state?${new URLSearchParams({ prefix })}`).catch(() => null);
  if (mine !== round) return;
  if (state === null) {
    showText('status', 'The emulator does not answer');
    byId('status').className = 'lost';
  } else {
    draw(state);
    showText('status', 'Live');
    byId('status').className = 'live';
  }
  // One after the other, however slow an answer is.
  timer = setTimeout(refresh, PAUSE);
}

const outOf = (part, all) => (part === all ? `${all}` : `${part} of ${all}`);

function draw(state) {
  const { instances, faults, requests } = state;
  show('instances', instances, drawInstances);
  show('active-faults', faults, drawFaults);
  show('received', requests, drawRequests);
  byId('instances-none').hidden = instances.length > 0;
  showText('fleet-count', outOf(instances.length, state.instance_count));
  showText('faults-count', outOf(faults.length, state.fault_count));
  const some = requests.length < state.request_count;
  showText('requests-count', some ? `the last ${requests.length}` : `${requests.length}`);
}

document.addEventListener('visibilitychange', refresh);
byId('filter').addEventListener('input', refresh);
refresh();

// Swagger UI knows dark from a class.
const dark = matchMedia('(prefers-color-scheme: dark)');
const setScheme = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', setScheme);
setScheme();

// Else it would take over the links within the page, and they would not move the focus.
window.noZensmooth = true;

const chosen = () => document.querySelector('#contracts input:checked').value;
const contractUrl = () => `/_emulator/page/contract/${chosen()}.yaml`;

async function openConsole() {
  const { token } = await ask('/_emulator/page/token');
  if (token === undefined) {
    byId('authorization').textContent +=
      ' Its first project has no token: get one with the contract of IAM, and press Authorize.';
  }
  const ui = SwaggerUIBundle({
    domNode: byId('swagger'),
    url: contractUrl(),
    // The contract is valid, and the emulator asks nobody else.
    validatorUrl: null,
    tryItOutEnabled: true,
    displayRequestDuration: true,
    defaultModelsExpandDepth: 0,
    // Each contract brings its own authorization, which is the same token.
    onComplete() {
      if (token !== undefined) ui.preauthorizeApiKey('token', token);
    },
  });
  byId('contracts').addEventListener('change', () => {
    ui.specActions.updateUrl(contractUrl());
    ui.specActions.download(contractUrl());
  });
}
// Swagger UI is there then.
document.addEventListener('DOMContentLoaded', openConsole);
