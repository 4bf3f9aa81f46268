/**
 * Whether what one side sends is taken by the other. `unknown` is what the comparison does not understand: whoever asks must treat it as
 * a change that breaks until a person has looked. With `compatible` a finding is a note.
 */
export type Verdict = "compatible" | "incompatible" | "unknown";

/** What a finding is about; stable, for programs. */
export type FindingCode =
  | "absent"
  | "access"
  | "alternative"
  | "body_size"
  | "cursor"
  | "error_data"
  | "error_new"
  | "event_gone"
  | "event_key"
  | "event_version"
  | "format"
  | "ignored"
  | "items"
  | "kind"
  | "length"
  | "multiple"
  | "name"
  | "not_understood"
  | "operation_gone"
  | "pattern"
  | "properties"
  | "range"
  | "refused"
  | "route_gone"
  | "sensitive"
  | "status"
  | "too_large"
  | "type"
  | "value";

/** One place where two schemas do not go together, or where it cannot be said. */
export interface SchemaFinding {
  readonly verdict: Verdict;
  /** `items[].price`; `prices.*` for any further property; empty for the value itself. */
  readonly path: string;
  readonly code: FindingCode;
  /** One sentence. */
  readonly message: string;
}

/** Which way a value goes: to the provider, back as an answer or a declared error, or as an event; `operation`: the operation itself. */
export type Direction = "input" | "output" | "error" | "event" | "operation";

/** One thing in which a consumer and a provider do not go together. Plain JSON. */
export interface ContractFinding extends SchemaFinding {
  /** The consuming service; absent for clients outside. */
  readonly consumer?: string;
  /** The contract. */
  readonly provider: string;
  readonly operation?: string;
  readonly event?: string;
  readonly direction: Direction;
}

/** One line: `incompatible: orders calls inventory.reserve, input items[].quantity: …`. */
export function findingText(finding: ContractFinding): string {
  const { consumer, provider, operation, event, direction, path, verdict, message } = finding;
  const member = `${provider}.${event ?? operation ?? ""}`;
  const who =
    consumer === undefined
      ? member
      : `${consumer} ${event === undefined ? "calls" : "follows"} ${member}`;
  const way = direction === "operation" || direction === "event" ? "" : direction;
  const where = [way, path].filter((part) => part !== "").join(" ");
  return `${verdict === "compatible" ? "note" : verdict}: ${who}${where === "" ? "" : `, ${where}`}: ${message}`;
}

/** The two sides of a crossing, as sentences name them. */
export interface Sides {
  /** Who sends: "the consumer". */
  readonly writer: string;
  /** Who takes: "the provider". */
  readonly reader: string;
}

/** The worst of some findings: `incompatible` before `unknown` before `compatible`. */
export function verdictOf(findings: readonly { readonly verdict: Verdict }[]): Verdict {
  if (findings.some(({ verdict }) => verdict === "incompatible")) return "incompatible";
  return findings.some(({ verdict }) => verdict === "unknown") ? "unknown" : "compatible";
}

/** Whether a finding is more than a note. */
export function isProblem({ verdict }: { readonly verdict: Verdict }): boolean {
  return verdict !== "compatible";
}

/** The path of a property below `path`. */
export function propertyPath(path: string, name: string): string {
  if (!/^[A-Za-z_$][\w$-]*$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === "" ? name : `${path}.${name}`;
}

/** `a, b or c`. */
export function listed(words: readonly string[]): string {
  return words.length < 2
    ? (words[0] ?? "nothing")
    : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

/** A JSON value in a sentence; cut where it is long. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}
