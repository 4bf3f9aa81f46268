/** How long one attempt may take, milliseconds: longer than any deadline of the gateway's own. */
const attemptMs = 35_000;

/** What a client saw of one request. */
export interface Seen {
  /** HTTP status; 0 when no complete answer came. */
  readonly status: number;
  readonly body: any;
  /** What kind of failure, for counting: a code of the answer, or why there was none. */
  readonly kind: string;
}

/** A request as a client of the shop sends it. */
export interface Asked {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: unknown;
  readonly key?: string;
  readonly token?: string;
}

/** Sends one request, once. Never rejects. */
export async function ask(url: string, asked: Asked): Promise<Seen> {
  try {
    const response = await fetch(url + asked.path, {
      method: asked.method,
      headers: headersOf(asked),
      signal: AbortSignal.timeout(attemptMs),
      ...(asked.body === undefined ? undefined : { body: JSON.stringify(asked.body) }),
    });
    const { status } = response;
    const body = read(await response.text());
    if (body === unreadable) return { status, body: undefined, kind: `${status} unreadable` };
    return { status, body, kind: status < 400 ? "" : `${status} ${String(body?.code)}` };
  } catch (thrown) {
    return { status: 0, body: undefined, kind: `no answer: ${reasonOf(thrown)}` };
  }
}

const unreadable = Symbol("unreadable");

function read(text: string): any {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return unreadable;
  }
}

export function headersOf({ body, key, token }: Omit<Asked, "method" | "path">): Headers {
  const headers = new Headers();
  if (body !== undefined) headers.set("content-type", "application/json");
  if (key !== undefined) headers.set("idempotency-key", key);
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  return headers;
}

export function reasonOf(thrown: unknown): string {
  const { cause, name } = thrown as { cause?: { code?: string; message?: string }; name: string };
  return cause?.code ?? cause?.message ?? name;
}
