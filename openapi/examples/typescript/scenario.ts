/** What both clients do with the emulator: five passwords set, five refused, a wrong old one. */

import { schema } from "./contract.js";
import { check } from "./password-policy.js";

// The emulator's own, which are no secrets.
const { env } = process;
export const URL = (env.REPASS_URL ?? "http://127.0.0.1:8080").replace(/\/$/, "");
export const TOKEN = env.REPASS_TOKEN ?? "emulator-token";
export const PROJECT_ID = env.REPASS_PROJECT_ID ?? "0123456789abcdef0123456789abcdef";
export const DDM_ID = env.REPASS_DDM_ID ?? "e6b99563-0000-4000-8000-1820d4fd2a67";
export const DCS_ID = env.REPASS_DCS_ID ?? "2b9d4f16-8c3a-4e57-b1d0-9f6e7a5c3b28";
export const DMS_ID = env.REPASS_DMS_ID ?? "6f1b7a3c-52d8-4c6e-9a0f-3b8e1d2c4a57";
export const ACCOUNT = env.REPASS_DDM_ACCOUNT ?? "ddmtest";

/** No password was changed, and the code says why. Any other error leaves that open. */
export class Refused extends Error {
  constructor(readonly code: string) {
    super(`refused: ${code}`);
  }
}

/** Takes only what proves success for a success, and only what denies it for a refusal. */
export function prove<T>(told: T, success: T, ...refusals: T[]): void {
  if (refusals.includes(told)) throw new Refused(String(told));
  if (told !== success) throw new Error(`the answer does not say whether the password changed: ${told}`);
}

/** What the services and the gateway before them call the code of an error. */
export interface ErrorBody {
  errCode?: string;
  error_code?: string;
}

/** A 4xx with a code is a refusal; after anything else it is not known what happened. */
export function refuse(status: number, error: ErrorBody | undefined): never {
  const code = error?.errCode ?? error?.error_code;
  if (status >= 400 && status < 500 && code !== undefined) throw new Refused(code);
  throw new Error(`status ${status} does not say whether the password changed`);
}

/** Each ends if the password has changed, or else throws an error. */
export interface Client {
  ddmResetUserPassword(password: string): Promise<void>;
  ddmResetAdministrator(password: string): Promise<void>;
  dcsUpdatePassword(oldPassword: string, password: string): Promise<void>;
  dcsResetPassword(password: string): Promise<void>;
  dmsResetPassword(password: string): Promise<void>;
}

/** Throws an error if anything is otherwise than it should be. */
export async function run(client: Client): Promise<void> {
  const [old, fresh, weak] = ["First-Example-2024", "Second-Example-2024", "weakpassword"];

  // The policy, the call, a password for it, and the code with which the service refuses a weak
  // one. The reset gives the change an old password that is known, however often this runs.
  const steps: [string, (password: string) => Promise<void>, string, string][] = [
    ["ddm-account", (password) => client.ddmResetUserPassword(password), fresh, "DBS.300306"],
    ["ddm-admin", (password) => client.ddmResetAdministrator(password), fresh, "DBS.300306"],
    ["dcs", (password) => client.dcsResetPassword(password), old, "DCS.4019"],
    ["dcs", (password) => client.dcsUpdatePassword(old, password), fresh, "DCS.4019"],
    ["dms", (password) => client.dmsResetPassword(password), fresh, "DMS.00400012"],
  ];
  for (const [policy, call, password, code] of steps) {
    // Checked as every password should be before it is sent; here the weak one is sent, too.
    expect(check(schema(policy), weak).join(), "too_few_classes");
    expect(await refusal(call(weak)), code);
    expect(check(schema(policy), password, ACCOUNT).join(), "");
    await call(password);
  }
  // One try of five; the next right one sets the count back.
  const wrong = await refusal(client.dcsUpdatePassword("Wrong-Example-2024", old));
  expect(wrong, "passwordFailed");

  const codes = [...new Set(steps.map(([, , , code]) => code))].join(", ");
  console.log(`${steps.length} changed; weak refused: ${codes}; wrong old password: ${wrong}`);
}

async function refusal(call: Promise<void>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Refused) return error.code;
    throw error;
  }
  return "no refusal";
}

function expect(told: string, expected: string): void {
  if (told !== expected) throw new Error(`${told} instead of ${expected}`);
}
