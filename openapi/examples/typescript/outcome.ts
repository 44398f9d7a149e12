/** Decides what an answer proves, by the rule of the contract: take this file as it is. */

export interface Outcome {
  certainty: "done" | "accepted" | "refused" | "unknown";
  kind?: string;
  tries?: number;
  minutes?: number;
  job_id?: string;
}

type Json = null | boolean | string | number | bigint | Json[] | Members;
type Members = Map<string, Json>;

const KINDS: Partial<Record<number, string>> = {
  401: "unauthenticated",
  403: "forbidden",
  404: "not-found",
  409: "busy",
  429: "throttled",
};
const unknown = (kind: string): Outcome => ({ certainty: "unknown", kind });

/** An operation of a file of the contract, by its operationId. */
export class Operation {
  readonly #document: any;
  readonly #rules: any;

  constructor(document: any, operationId: string) {
    this.#document = document;
    const items = Object.values<object>(document.paths).flatMap((path) => Object.values<any>(path));
    this.#rules = items.find((item) => item.operationId === operationId);
    if (this.#rules === undefined) throw new Error(`the contract has no operation ${operationId}`);
  }

  /** Returns whether to send the same request again after this status, or after no complete answer (null). */
  mayResend(request: object, status: number | null): boolean {
    const rule = this.#rules["x-retry"];
    const matches = Object.entries(request).some(
      ([name, value]) => name === rule.unless?.property && value === rule.unless?.value,
    );
    const retry = matches ? rule.unless.class : (rule.class ?? rule);
    return status === 429 || (status === 503 && retry !== "never") || (status === null && retry === "lost-answer");
  }

  /** Decides what a complete answer proves. It is in doubt if the outcome of an earlier attempt is unknown. */
  decide(status: number, body: Uint8Array, inDoubt = false): Outcome {
    const response = this.#rules.responses[status];
    let outcome = unknown(status >= 500 && status < 600 ? "server-error" : "unexpected-status");
    if (status >= 200 && status < 300 && response !== undefined) {
      outcome = this.#decideSuccess(response, body);
    } else if (status >= 400 && status < 500) {
      const code = errorCode(read(body) ?? new Map());
      const codes = new Map<string, any>(Object.entries(this.#document["x-error-codes"]));
      const kind = codes.get(code?.replace(/^APIG\./, "APIGW.") ?? "")?.kind ?? KINDS[status] ?? "other";
      if (code !== undefined || response !== undefined) outcome = { certainty: "refused", kind };
    }
    return inDoubt && outcome.certainty === "refused" ? unknown("earlier-attempt") : outcome;
  }

  #decideSuccess(response: any, body: Uint8Array): Outcome {
    const answer = body.length > 0 ? read(body) : new Map<string, Json>();
    if (answer === undefined) return unknown("unreadable");
    let rule = response["x-outcome"];
    if (rule.property !== undefined) {
      const schema = response.content["application/json"].schema.$ref.split("/").at(-1);
      const value = answer.get(rule.property);
      const ofType = typeof value === this.#document.components.schemas[schema].properties[rule.property].type;
      rule = ofType && new Map(Object.entries(rule.values)).get(String(value));
      if (!rule) return unknown("not-confirmed");
    }
    if (rule.certainty === "refused") {
      const tries = count("tries", answer.get(rule.triesLeft));
      const minutes = count("minutes", answer.get(rule.minutesLeft));
      return { certainty: "refused", kind: rule.kind ?? "other", ...tries, ...minutes };
    }
    const proven = body.length === 0 || (rule.proof?.some((name: string) => text(answer.get(name))) ?? true);
    if (speaksOfError(answer) || !proven) return unknown("not-confirmed");
    const job_id = text(answer.get(rule.jobId));
    return { certainty: rule.certainty, ...(job_id && { job_id }) };
  }
}

/** Returns the members of the object that a body is, or undefined if it is not readable. */
function read(body: Uint8Array): Members | undefined {
  try {
    const json = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
    JSON.parse(json); // It knows the syntax, but takes a name twice, any depth and 1e400.
    const tokens = json.match(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]]|[-+.\w]+/g)?.values() ?? [].values();
    const value = parse(tokens, tokens.next().value ?? "", 1);
    return value instanceof Map ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the value that begins with a token. The tokens are those of valid JSON without commas and colons. */
function parse(tokens: Iterator<string>, token: string, level: number): Json {
  const next = (): string => tokens.next().value;
  if (level > 100 && /[{[]/.test(token)) throw new Error("too many levels");
  if (token === "{") {
    const members: Members = new Map();
    for (let name = next(); name !== "}"; name = next()) {
      if (members.has(JSON.parse(name))) throw new Error("a member name twice");
      members.set(JSON.parse(name), parse(tokens, next(), level + 1));
    }
    return members;
  }
  if (token === "[") {
    const items: Json[] = [];
    for (let item = next(); item !== "]"; item = next()) items.push(parse(tokens, item, level + 1));
    return items;
  }
  const value = JSON.parse(token);
  if (value === Infinity || value === -Infinity) throw new Error("a number that is not finite");
  return /^-?\d+$/.test(token) ? BigInt(token) : value;
}

function errorCode(body: Members): string | undefined {
  const inner = body.get("error");
  const holders = inner instanceof Map ? [body, inner] : [body];
  const values = holders.flatMap((holder) => [holder.get("error_code"), holder.get("errCode")]);
  return values.find((value) => text(value) || typeof value === "bigint")?.toString();
}

function speaksOfError(body: Members): boolean {
  const isError = (name: string) => name.startsWith("err") || name === "externalMessage";
  const denied = body.has("success") && body.get("success") !== true;
  return denied || [...body].some(([name, value]) => isError(name) && value !== null);
}

const text = (value?: Json): string | undefined => (typeof value === "string" && value ? value : undefined);

const count = (name: string, value?: Json): object =>
  typeof value === "string" && /^[0-9]{1,3}$/.test(value) ? { [name]: Number(value) } : {};
