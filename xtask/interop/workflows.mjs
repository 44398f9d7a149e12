// Runs the workflows of the contract's Arazzo document with Redocly's `respect`: each one succeeds on
// the emulator, fails if the answer proves no success, and is sent again only if `x-retry` allows it.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const DOCUMENT = "../openapi/passwords.arazzo.json";
const URL = process.env.REPASS_URL;
const PROJECT = "0123456789abcdef0123456789abcdef";
const INSTANCES = {
  ddm: "e6b99563-0000-4000-8000-1820d4fd2a67",
  dcs: "2b9d4f16-8c3a-4e57-b1d0-9f6e7a5c3b28",
  dms: "6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57",
};

const { workflows } = JSON.parse(readFileSync(DOCUMENT, "utf8"));
let password = "Redis-Example-2023";
let count = 0;

/** Runs a workflow with a new password; says whether it succeeded, and the statuses of its answers. */
async function run({ workflowId, inputs }, changed = {}) {
  const service = workflowId.split("-")[0];
  count += 1;
  const next = `Example-${2100 + count}`;
  const all = {
    token: "emulator-token",
    project_id: PROJECT,
    instance_id: INSTANCES[service],
    username: "ddmtest",
    name: "root",
    old_password: password,
    new_password: next,
    password: next,
    ...changed,
  };
  const own = Object.keys(inputs.properties).flatMap((name) => ["--input", `${name}=${all[name]}`]);
  const servers = Object.keys(INSTANCES).flatMap((name) => ["--server", `${name}=${URL}`]);
  const before = (await requests()).length;
  const arguments_ = ["redocly", "respect", DOCUMENT, "--workflow", workflowId, ...own, ...servers];
  const done = spawnSync("npx", arguments_, { encoding: "utf8" });
  console.log(done.stdout, done.stderr);
  if (done.status === 0 && service === "dcs") {
    password = all.new_password;
  }
  return { passed: done.status === 0, statuses: (await requests()).slice(before) };
}

async function requests() {
  const answer = await fetch(`${URL}/_emulator/requests`);
  return (await answer.json()).requests.map((request) => request.status);
}

async function fault(operation, service, status) {
  const answer = await fetch(`${URL}/_emulator/faults`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ fault: "error", operation, service, status, count: 1 }),
  });
  if (answer.status !== 201) {
    throw new Error(`no fault: ${await answer.text()}`);
  }
}

function expect(what, { passed, statuses }, expected) {
  const was = `${passed ? "passes" : "fails"} ${statuses.join(" ")}`;
  if (was !== expected) {
    throw new Error(`${what}: ${was}, and not: ${expected}`);
  }
}

const success = { "dms-resetPassword": 204 };
const retried = workflows.filter(({ workflowId }) => workflowId !== "dcs-updatePassword");
for (const workflow of workflows) {
  const { workflowId } = workflow;
  const good = success[workflowId] ?? 200;
  expect(workflowId, await run(workflow), `passes ${good}`);

  const weak = { password: "short", new_password: "short" };
  expect(`${workflowId}, weak password`, await run(workflow, weak), "fails 400");

  const [service, operation] = workflowId.split("-");
  await fault(operation, service, 429);
  expect(`${workflowId}, throttled`, await run(workflow), `passes 429 ${good}`);

  await fault(operation, service, 503);
  const again = retried.includes(workflow) ? `passes 503 ${good}` : "fails 503";
  expect(`${workflowId}, unavailable`, await run(workflow), again);
}
const change = workflows.find(({ workflowId }) => workflowId === "dcs-updatePassword");
const wrong = await run(change, { old_password: "Wrong-Example-1" });
expect("dcs-updatePassword, wrong old password", wrong, "fails 200");
console.log(`ok, workflows: ${workflows.length}`);
