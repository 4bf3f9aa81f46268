// The file of API keys: `kerf keys` writes it, gateways read it.

/** What a key looks like: `kerf_ID_SECRET`, the id 12 letters and digits, the secret 32 random bytes in base64url. */
export const apiKeyForm = /^kerf_([0-9a-z]{12})_[A-Za-z0-9_-]{43}$/;

/** One API key, without the key. Times are ISO 8601 in UTC. */
export interface ApiKey {
  readonly id: string;
  /** SHA-256 of the whole key, 64 hex digits. A hash for passwords would guard nothing more: 256 random bits cannot be guessed. */
  readonly sha256: string;
  /** Who calls with it, as services see it. */
  readonly subject: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly created: string;
  readonly expires?: string;
  /** True once it is revoked. */
  readonly disabled?: boolean;
}

/** @throws Error that says which key is wrong, and how */
export function parseApiKeys(text: string): readonly ApiKey[] {
  const file = JSON.parse(text) as { version?: unknown; keys?: unknown } | null;
  if (file?.version !== 1 || !Array.isArray(file.keys))
    throw new Error('It must be {"version":1,"keys":[…]}.');
  const seen = new Set<string>();
  for (const [index, given] of (file.keys as unknown[]).entries()) {
    const problem = problemOf(given, seen);
    if (problem !== undefined) throw new Error(`keys[${index}]: ${problem}.`);
  }
  return file.keys as ApiKey[];
}

/** The text of the file. */
export function formatApiKeys(keys: readonly ApiKey[]): string {
  return `${JSON.stringify({ version: 1, keys }, undefined, 2)}\n`;
}

function problemOf(given: unknown, seen: Set<string>): string | undefined {
  if (typeof given !== "object" || given === null) return "is no object";
  const { id, sha256, subject, claims, created, expires, disabled } = given as Partial<ApiKey>;
  if (typeof id !== "string" || !/^[0-9a-z]{12}$/.test(id))
    return "id must be 12 letters and digits";
  if (seen.has(id)) return `the id ${id} comes twice`;
  seen.add(id);
  if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256))
    return "sha256 must be 64 hex digits";
  if (typeof subject !== "string" || subject === "") return "subject must be a text";
  if (typeof claims !== "object" || claims === null || Array.isArray(claims))
    return "claims must be an object";
  if (!isTime(created)) return "created must be a time";
  if (expires !== undefined && !isTime(expires)) return "expires must be a time";
  if (disabled !== undefined && typeof disabled !== "boolean")
    return "disabled must be true or false";
  return undefined;
}

function isTime(given: unknown): boolean {
  return (
    typeof given === "string" && /^\d{4}-\d\d-\d\dT/.test(given) && !Number.isNaN(Date.parse(given))
  );
}
