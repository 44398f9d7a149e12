/** Sets the five passwords with openapi-fetch, by the types that openapi-typescript generates. */

import createClient from "openapi-fetch";
import type * as dcs from "./generated/openapi-typescript/dcs.js";
import type * as ddm from "./generated/openapi-typescript/ddm.js";
import type * as dms from "./generated/openapi-typescript/dms.js";
import { ACCOUNT, DCS_ID, DDM_ID, DMS_ID, PROJECT_ID, prove, refuse, run, TOKEN, URL } from "./scenario.js";

// `fetch` follows a redirect by default, and takes password and token along to wherever it leads.
const options = { baseUrl: URL, headers: { "X-Auth-Token": TOKEN }, redirect: "manual" } as const;
const ddmClient = createClient<ddm.paths>(options);
const dcsClient = createClient<dcs.paths>(options);
const dmsClient = createClient<dms.paths>(options);

const instance = (instance_id: string) => ({ path: { project_id: PROJECT_ID, instance_id } });

await run({
  async ddmResetUserPassword(password) {
    const { data, error, response } = await ddmClient.POST(
      "/v2/{project_id}/instances/{instance_id}/users/{username}/password",
      {
        params: { path: { project_id: PROJECT_ID, instance_id: DDM_ID, username: ACCOUNT } },
        body: { password },
      },
    );
    if (data === undefined) refuse(response.status, error);
    prove(data.success, true, false);
  },

  async ddmResetAdministrator(password) {
    const { error, response } = await ddmClient.PUT("/v3/{project_id}/instances/{instance_id}/admin-user", {
      params: instance(DDM_ID),
      body: { name: "root", password },
    });
    if (error !== undefined) refuse(response.status, error);
    // 202: it is accepted, and a job does it. Neither needs a body.
    prove(response.status === 200 || response.status === 202, true);
  },

  async dcsUpdatePassword(oldPassword, password) {
    const { data, error, response } = await dcsClient.PUT("/v2/{project_id}/instances/{instance_id}/password", {
      params: instance(DCS_ID),
      body: { old_password: oldPassword, new_password: password },
    });
    if (data === undefined) refuse(response.status, error);
    prove(data.result, "success", "passwordFailed", "locked", "failed");
  },

  async dcsResetPassword(password) {
    const { data, error, response } = await dcsClient.POST("/v2/{project_id}/instances/{instance_id}/password/reset", {
      params: instance(DCS_ID),
      body: { new_password: password },
    });
    if (data === undefined) refuse(response.status, error);
    prove(data.code, "1", "3");
  },

  async dmsResetPassword(password) {
    const { error, response } = await dmsClient.POST("/v2/{project_id}/instances/{instance_id}/password", {
      params: instance(DMS_ID),
      body: { new_password: password },
    });
    if (error !== undefined) refuse(response.status, error);
    prove(response.status, 204);
  },
});
