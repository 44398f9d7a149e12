/** The operations of the contract, and its password schemas by the name of their policy. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { Operation } from "./outcome.js";
import type { PasswordSchema } from "./password-policy.js";

// This is compiled into out/, and three folders up is openapi/.
const FOLDER = resolve(import.meta.dirname, "../../..");
// Another copy of the contract.
const CONTRACT = process.env.REPASS_CONTRACT ?? FOLDER;

export const read = (file: string, folder = FOLDER): string => readFileSync(resolve(folder, file), "utf8");

const documents = new Map(
  ["ddm", "dcs", "dms", "iam"].map((name) => [name, parse(read(`${name}.yaml`, CONTRACT))]),
);

export function operation(service: string, operationId: string): Operation {
  return new Operation(documents.get(service), operationId);
}

const schemas = new Map<string, PasswordSchema>();
for (const service of ["ddm", "dcs", "dms"]) {
  for (const [name, schema] of Object.entries<object>(documents.get(service).components.schemas)) {
    if (!("x-password-policy" in schema)) continue;
    const words = name.replace(/Password$/, "").replace(/(?!^)[A-Z]/g, "-$&");
    schemas.set(words.toLowerCase(), schema as PasswordSchema);
  }
}

/** `DcsPassword` has the policy `dcs`, and `DdmAdminPassword` has `ddm-admin`. */
export function schema(policy: string): PasswordSchema {
  const found = schemas.get(policy);
  if (found === undefined) throw new Error(`the contract has no policy ${policy}`);
  return found;
}
