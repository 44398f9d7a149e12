/** Sets the five passwords with openapi-fetch, by the types that openapi-typescript generates. */

import createClient, { type Middleware } from "openapi-fetch";
import type * as dcs from "./generated/openapi-typescript/dcs.js";
import type * as ddm from "./generated/openapi-typescript/ddm.js";
import type * as dms from "./generated/openapi-typescript/dms.js";
import { ACCOUNT, type Answer, change, DCS_ID, DDM_ID, DMS_ID, PROJECT_ID, run, TOKEN, URL } from "./scenario.js";

// `fetch` follows a redirect by default, and takes password and token along to wherever it leads.
const options = { baseUrl: URL, headers: { "X-Auth-Token": TOKEN }, redirect: "manual" } as const;
const ddmClient = createClient<ddm.paths>(options);
const dcsClient = createClient<dcs.paths>(options);
const dmsClient = createClient<dms.paths>(options);

// The client reads the body of a failure itself, so each answer is kept as it came.
const answers = new WeakMap<Response, Response>();
const keep: Middleware = {
  onResponse({ response }) {
    answers.set(response, response.clone());
  },
};
for (const client of [ddmClient, dcsClient, dmsClient]) client.use(keep);

async function sent(call: Promise<{ response: Response }>): Promise<Answer> {
  const { response } = await call;
  return answers.get(response) ?? response;
}

// The body of a success is left unread.
const parseAs = "stream";
const instance = (instance_id: string) => ({ path: { project_id: PROJECT_ID, instance_id } });

await run({
  async ddmResetUserPassword(password) {
    const path = "/v2/{project_id}/instances/{instance_id}/users/{username}/password";
    const params = { path: { project_id: PROJECT_ID, instance_id: DDM_ID, username: ACCOUNT } };
    const body = { password };
    await change("ddm", "resetUserPassword", body, () => sent(ddmClient.POST(path, { params, body, parseAs })));
  },

  async ddmResetAdministrator(password) {
    const path = "/v3/{project_id}/instances/{instance_id}/admin-user";
    const params = instance(DDM_ID);
    const body = { name: "root", password } as const;
    await change("ddm", "resetAdministrator", body, () => sent(ddmClient.PUT(path, { params, body, parseAs })));
  },

  async dcsUpdatePassword(oldPassword, password) {
    const path = "/v2/{project_id}/instances/{instance_id}/password";
    const params = instance(DCS_ID);
    const body = { old_password: oldPassword, new_password: password };
    await change("dcs", "updatePassword", body, () => sent(dcsClient.PUT(path, { params, body, parseAs })));
  },

  async dcsResetPassword(password) {
    const path = "/v2/{project_id}/instances/{instance_id}/password/reset";
    const params = instance(DCS_ID);
    const body = { new_password: password };
    await change("dcs", "resetPassword", body, () => sent(dcsClient.POST(path, { params, body, parseAs })));
  },

  async dmsResetPassword(password) {
    const path = "/v2/{project_id}/instances/{instance_id}/password";
    const params = instance(DMS_ID);
    const body = { new_password: password };
    await change("dms", "resetPassword", body, () => sent(dmsClient.POST(path, { params, body, parseAs })));
  },
});
