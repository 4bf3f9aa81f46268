import { randomBytes } from "node:crypto";
import { promised } from "./act.ts";
import { eventually } from "./eventually.ts";

/** How long one request may take, milliseconds: longer than any deadline of the gateway's own. */
const requestMs = 35_000;
/** How long an order may take until it has come to its end, milliseconds. */
const orderMs = 30_000;
/** The tour buys steel rules: there are plenty. */
const sku = "rule-steel";

/** What came of one request. */
export interface Answer {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** The body as it was read from JSON, or why there was no answer. */
  readonly body: any;
}

/** An order as its customer sees it at its end. */
export interface EndedOrder {
  readonly id: string;
  readonly status: "confirmed" | "rejected";
  readonly reason?: string;
  /** Of the request that placed it. */
  readonly traceId: string;
}

/** A client of the shop with an account of its own: plain HTTP at the gateway, as a browser sends it. */
export class Visitor {
  readonly url: string;
  readonly #token: string;

  private constructor(url: string, token: string) {
    this.url = url;
    this.#token = token;
  }

  /** Opens an account and signs in. */
  static async signedUp(url: string): Promise<Visitor> {
    const name = `tour-${randomBytes(6).toString("hex")}`;
    const account = { email: `${name}@example.com`, password: randomBytes(12).toString("hex") };
    const opened = await send(url, "/users", { body: { ...account, name } });
    promised(opened.status === 201, `POST /users answered ${text(opened)}`);
    const session = await send(url, "/sessions", { body: account });
    promised(session.status === 201, `POST /sessions answered ${text(session)}`);
    return new Visitor(url, session.body.token);
  }

  get(path: string): Promise<Answer> {
    return send(this.url, path, { token: this.#token });
  }

  /** Orders one steel rule. */
  order(method: "card-ok" | "card-declined", traceparent?: string): Promise<Answer> {
    const body = { items: [{ sku, quantity: 1 }], payment: { method } };
    const headers = traceparent === undefined ? undefined : { traceparent };
    return send(this.url, "/orders", { token: this.#token, body, headers });
  }

  /** Orders in a trace that is recorded in any environment, and waits until the order has come to its end. */
  async ordered(method: "card-ok" | "card-declined", signal: AbortSignal): Promise<EndedOrder> {
    const traceId = randomBytes(16).toString("hex");
    const traceparent = `00-${traceId}-${randomBytes(8).toString("hex")}-01`;
    const { body, status } = await this.order(method, traceparent);
    promised(status === 202, `POST /orders answered ${text({ body, status })}`);
    return { ...(await this.ended(body.id, signal)), traceId };
  }

  /** An order once it has come to its end. */
  ended(id: string, signal: AbortSignal): Promise<Omit<EndedOrder, "traceId">> {
    return eventually(`order ${id} comes to its end`, { withinMs: orderMs, signal }, async () => {
      const { body, status } = await this.get(`/orders/${id}`);
      return status === 200 && (body.status === "confirmed" || body.status === "rejected")
        ? body
        : undefined;
    });
  }
}

/** An answer in words, as it stands in what went wrong. */
export function text({ body, status }: Pick<Answer, "body" | "status">): string {
  return `${status} ${JSON.stringify(body)}`.slice(0, 300);
}

interface Sent {
  readonly body?: unknown;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

async function send(url: string, path: string, { body, headers, token }: Sent): Promise<Answer> {
  try {
    const response = await fetch(new URL(path, url), {
      method: body === undefined ? "GET" : "POST",
      headers: {
        ...headers,
        ...(body === undefined ? undefined : { "content-type": "application/json" }),
        ...(token === undefined ? undefined : { authorization: `Bearer ${token}` }),
      },
      signal: AbortSignal.timeout(requestMs),
      ...(body === undefined ? undefined : { body: JSON.stringify(body) }),
    });
    const said = await response.text();
    return { status: response.status, body: said === "" ? undefined : JSON.parse(said) };
  } catch (thrown) {
    const { cause, message } = thrown as { cause?: { message?: string }; message: string };
    return { status: 0, body: cause?.message ?? message };
  }
}
