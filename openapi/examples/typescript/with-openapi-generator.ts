/** Sets the five passwords with the clients that openapi-generator's typescript-fetch generates. */

import * as dcs from "./generated/openapi-generator/dcs/index.js";
import * as ddm from "./generated/openapi-generator/ddm/index.js";
import * as dms from "./generated/openapi-generator/dms/index.js";
import { ACCOUNT, type Answer, change, DCS_ID, DDM_ID, DMS_ID, PROJECT_ID, run, TOKEN, URL } from "./scenario.js";

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

/** The answer of a call's `Raw` form, whose body is not read yet, in a success and in an error. */
async function sent(call: Promise<{ raw: Response }>): Promise<Answer> {
  try {
    return (await call).raw;
  } catch (error) {
    if (
      error instanceof ddm.ResponseError ||
      error instanceof dcs.ResponseError ||
      error instanceof dms.ResponseError
    ) {
      return error.response;
    }
    throw error;
  }
}

const instance = (instanceId: string) => ({ projectId: PROJECT_ID, instanceId });

await run({
  async ddmResetUserPassword(password) {
    const resetUserPasswordRequest = { password };
    const all = { ...instance(DDM_ID), username: ACCOUNT, resetUserPasswordRequest };
    const request = ddm.ResetUserPasswordRequestToJSON(resetUserPasswordRequest);
    await change("ddm", "resetUserPassword", request, () => sent(ddmApi.resetUserPasswordRaw(all)));
  },

  async ddmResetAdministrator(password) {
    const resetAdministratorRequest = { name: "root", password } as const;
    const all = { ...instance(DDM_ID), resetAdministratorRequest };
    const request = ddm.ResetAdministratorRequestToJSON(resetAdministratorRequest);
    await change("ddm", "resetAdministrator", request, () => sent(ddmApi.resetAdministratorRaw(all)));
  },

  async dcsUpdatePassword(oldPassword, password) {
    const updatePasswordRequest = { oldPassword, newPassword: password };
    const all = { ...instance(DCS_ID), updatePasswordRequest };
    const request = dcs.UpdatePasswordRequestToJSON(updatePasswordRequest);
    await change("dcs", "updatePassword", request, () => sent(dcsApi.updatePasswordRaw(all)));
  },

  async dcsResetPassword(password) {
    const resetPasswordRequest = { newPassword: password };
    const all = { ...instance(DCS_ID), resetPasswordRequest };
    const request = dcs.ResetPasswordRequestToJSON(resetPasswordRequest);
    await change("dcs", "resetPassword", request, () => sent(dcsApi.resetPasswordRaw(all)));
  },

  async dmsResetPassword(password) {
    const resetPasswordRequest = { newPassword: password };
    const all = { ...instance(DMS_ID), resetPasswordRequest };
    const request = dms.ResetPasswordRequestToJSON(resetPasswordRequest);
    await change("dms", "resetPassword", request, () => sent(dmsApi.resetPasswordRaw(all)));
  },
});
