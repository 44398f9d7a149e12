/** Holds password-policy.ts against every case of password-vectors.json. */

import { read, schema } from "./contract.js";
import { check } from "./password-policy.js";

interface Case {
  policy: string;
  name: string;
  password: string;
  username?: string;
  old_password?: string;
  codes: string[];
}

const { cases } = JSON.parse(read("password-vectors.json")) as { cases: Case[] };
const wrong: string[] = [];
for (const { policy, name, password, username, old_password, codes } of cases) {
  const told = check(schema(policy), password, username, old_password);
  if (told.join() !== codes.join()) wrong.push(`${policy} ${name}: [${told}] instead of [${codes}]`);
}
if (wrong.length > 0 || cases.length === 0) throw new Error(["wrong, or no cases:", ...wrong].join("\n"));
console.log(`all ${cases.length} cases as they should be`);
