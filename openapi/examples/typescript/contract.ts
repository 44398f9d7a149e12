/** The password schemas of the contract, by the name of their policy. */

import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { PasswordSchema } from "./password-policy.js";

// This is compiled into out/, and three folders up is openapi/.
const FOLDER = new URL("../../../", import.meta.url);

export const read = (file: string): string => readFileSync(new URL(file, FOLDER), "utf8");

const schemas = new Map<string, PasswordSchema>();
for (const service of ["ddm", "dcs", "dms"]) {
  for (const [name, schema] of Object.entries<object>(parse(read(`${service}.yaml`)).components.schemas)) {
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
