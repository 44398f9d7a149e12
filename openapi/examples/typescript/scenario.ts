/** What both clients do with the emulator: five passwords set, five refused, a wrong old one. */

import { setTimeout } from "node:timers/promises";
import { operation, schema } from "./contract.js";
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

const ATTEMPTS = 3;

/** No password was changed, and the kind says why. Any other error leaves that open. */
export class Refused extends Error {
  constructor(readonly kind: string | undefined) {
    super(`refused: ${kind}`);
  }
}

/** An answer as it came: the rule of the contract is about the bytes of its body. */
export interface Answer {
  status: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Sends a request, again if the contract allows it, and ends if its answer proves success. */
export async function change(
  service: string,
  operationId: string,
  request: object,
  send: () => Promise<Answer>,
): Promise<void> {
  const rules = operation(service, operationId);
  let inDoubt = false;
  for (let attempt = 1; ; attempt += 1) {
    const answer = await send();
    const { certainty, kind } = rules.decide(answer.status, new Uint8Array(await answer.arrayBuffer()), inDoubt);
    if (attempt < ATTEMPTS && rules.mayResend(request, answer.status)) {
      inDoubt ||= certainty === "unknown";
      await setTimeout(1000 * attempt);
      continue;
    }
    if (certainty === "refused") throw new Refused(kind);
    if (certainty === "unknown") throw new Error(`it is unknown whether the password changed: ${kind}`);
    // Accepted: a job does it.
    return;
  }
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

  // The policy, the call, and a password for it. The reset gives the change an old password that is
  // known, however often this runs.
  const steps: [string, (password: string) => Promise<void>, string][] = [
    ["ddm-account", (password) => client.ddmResetUserPassword(password), fresh],
    ["ddm-admin", (password) => client.ddmResetAdministrator(password), fresh],
    ["dcs", (password) => client.dcsResetPassword(password), old],
    ["dcs", (password) => client.dcsUpdatePassword(old, password), fresh],
    ["dms", (password) => client.dmsResetPassword(password), fresh],
  ];
  for (const [policy, call, password] of steps) {
    // Checked as every password should be before it is sent; here the weak one is sent, too.
    expect(check(schema(policy), weak).join(), "too_few_classes");
    expect(await refusal(call(weak)), "weak-password");
    expect(check(schema(policy), password, ACCOUNT).join(), "");
    await call(password);
  }
  // One try of five; the next right one sets the count back.
  expect(await refusal(client.dcsUpdatePassword("Wrong-Example-2024", old)), "wrong-old-password");
  console.log(`${steps.length} changed, ${steps.length} weak passwords refused, and a wrong old one`);
}

async function refusal(call: Promise<void>): Promise<string | undefined> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Refused) return error.kind;
    throw error;
  }
  return "no refusal";
}

function expect(told: string | undefined, expected: string): void {
  if (told !== expected) throw new Error(`${told} instead of ${expected}`);
}
