// Swagger UI on the contract. It shows; to try out takes an emulator, whose page has the same viewer.
'use strict';

// Swagger UI knows dark from a class.
const dark = matchMedia('(prefers-color-scheme: dark)');
const setScheme = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', setScheme);
setScheme();

// Else it would take over the links within the page, and they would not move the focus.
window.noZensmooth = true;

const choices = document.getElementById('contracts');
const [first, ...others] = choices.querySelectorAll('input');
const wanted = others.find(({ value }) => value === location.hash.slice(1)) ?? first;
wanted.checked = true;

const ui = SwaggerUIBundle({
  domNode: document.getElementById('swagger'),
  spec: CONTRACT[wanted.value],
  validatorUrl: null,
  supportedSubmitMethods: [],
  defaultModelsExpandDepth: 0,
  // The rules of a password are one.
  showExtensions: true,
});
choices.addEventListener('change', ({ target }) => {
  ui.specActions.updateSpec(JSON.stringify(CONTRACT[target.value]));
});
