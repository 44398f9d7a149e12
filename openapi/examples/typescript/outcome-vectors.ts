/** Checks outcome.ts against every case of outcome-vectors.json. */

import { isDeepStrictEqual } from "node:util";
import { operation, read } from "./contract.js";
import type { Outcome } from "./outcome.js";

interface Case {
  service: string;
  operation: string;
  name: string;
}
interface Answer extends Case {
  status: number;
  body?: string;
  body_base64?: string;
  outcome: Outcome;
}
interface Retry extends Case {
  request: object;
  status: number | null;
  again: boolean;
}

const { cases, later, retries } = JSON.parse(read("outcome-vectors.json")) as {
  cases: Answer[];
  later: Answer[];
  retries: Retry[];
};
let wrong = 0;
function compare(vector: Case, decided: unknown, expected: unknown): void {
  if (isDeepStrictEqual(decided, expected)) return;
  console.log(`wrong: ${vector.service} ${vector.operation} ${vector.name}: ${JSON.stringify(decided)}`);
  wrong += 1;
}
for (const vector of [...cases, ...later]) {
  const { service, operation: operationId, status, body = "", body_base64 } = vector;
  const bytes = body_base64 === undefined ? Buffer.from(body) : Buffer.from(body_base64, "base64");
  const inDoubt = later.includes(vector);
  compare(vector, operation(service, operationId).decide(status, bytes, inDoubt), vector.outcome);
}
for (const vector of retries) {
  const { service, operation: operationId, request, status, again } = vector;
  compare(vector, operation(service, operationId).mayResend(request, status), again);
}
const count = cases.length + later.length + retries.length;
if (wrong > 0 || count === 0) throw new Error(`${wrong} of ${count} cases are wrong`);
console.log(`all ${count} cases as they should be`);
