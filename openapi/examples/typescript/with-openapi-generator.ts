/** Sets the five passwords with the clients that openapi-generator's typescript-fetch generates. */

import * as dcs from "./generated/openapi-generator/dcs/index.js";
import * as ddm from "./generated/openapi-generator/ddm/index.js";
import * as dms from "./generated/openapi-generator/dms/index.js";
import { ACCOUNT, DCS_ID, DDM_ID, DMS_ID, PROJECT_ID, prove, refuse, run, TOKEN, URL } from "./scenario.js";

const options: ddm.ConfigurationParameters = {
  basePath: URL,
  // Not as `apiKey`, which would be sent as the signature in `Authorization`, too.
  headers: { "X-Auth-Token": TOKEN },
  // `fetch` follows a redirect by default, and takes password and token along to wherever it leads.
  fetchApi: (input, init) => fetch(input, { ...init, redirect: "manual" }),
};
const ddmApi = new ddm.DDMAccountsApi(new ddm.Configuration(options));
const dcsApi = new dcs.RedisInstancesApi(new dcs.Configuration(options));
const dmsApi = new dms.KafkaInstancesApi(new dms.Configuration(options));

/** An error has the answer, but does not read its body. */
async function sent<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (
      error instanceof ddm.ResponseError ||
      error instanceof dcs.ResponseError ||
      error instanceof dms.ResponseError
    ) {
      refuse(error.response.status, await error.response.json());
    }
    throw error;
  }
}

await run({
  async ddmResetUserPassword(password) {
    const answer = await sent(
      ddmApi.resetUserPassword({
        projectId: PROJECT_ID,
        instanceId: DDM_ID,
        username: ACCOUNT,
        resetUserPasswordRequest: { password },
      }),
    );
    prove(answer.success, true, false);
  },

  async ddmResetAdministrator(password) {
    // The success may come without a body, which is not read here.
    const { raw } = await sent(
      ddmApi.resetAdministratorRaw({
        projectId: PROJECT_ID,
        instanceId: DDM_ID,
        resetAdministratorRequest: { name: "root", password },
      }),
    );
    // 202: it is accepted, and a job does it.
    prove(raw.status === 200 || raw.status === 202, true);
  },

  async dcsUpdatePassword(oldPassword, password) {
    const answer = await sent(
      dcsApi.updatePassword({
        projectId: PROJECT_ID,
        instanceId: DCS_ID,
        updatePasswordRequest: { oldPassword, newPassword: password },
      }),
    );
    prove(answer.result, "success", "passwordFailed", "locked", "failed");
  },

  async dcsResetPassword(password) {
    const answer = await sent(
      dcsApi.resetPassword({
        projectId: PROJECT_ID,
        instanceId: DCS_ID,
        resetPasswordRequest: { newPassword: password },
      }),
    );
    prove(answer.code, "1", "3");
  },

  async dmsResetPassword(password) {
    const { raw } = await sent(
      dmsApi.resetPasswordRaw({
        projectId: PROJECT_ID,
        instanceId: DMS_ID,
        resetPasswordRequest: { newPassword: password },
      }),
    );
    prove(raw.status, 204);
  },
});
