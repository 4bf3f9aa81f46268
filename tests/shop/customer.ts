import { randomBytes } from "node:crypto";

/** What the gateway answered. */
export interface Answer<T = any> {
  status: number;
  headers: Headers;
  body: T;
}

/** A customer of the shop: plain HTTP, as any client would send it. */
export class Customer {
  readonly url: string;
  token: string | undefined;

  constructor(url: string) {
    this.url = url;
  }

  /** A customer with an account of its own, signed in. */
  static async signedUp(url: string): Promise<Customer> {
    const customer = new Customer(url);
    const email = `${randomBytes(6).toString("hex")}@example.com`;
    const password = randomBytes(9).toString("base64url");
    const registered = await customer.post("/users", { email, name: "Ada", password });
    if (registered.status !== 201)
      throw new Error(
        `POST /users answered ${registered.status}: ${JSON.stringify(registered.body)}`,
      );
    const session = await customer.post<{ token: string }>("/sessions", { email, password });
    customer.token = session.body.token;
    return customer;
  }

  get<T = any>(path: string, headers?: Record<string, string>): Promise<Answer<T>> {
    return this.#send("GET", path, undefined, headers);
  }

  post<T = any>(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer<T>> {
    return this.#send("POST", path, JSON.stringify(body), {
      "content-type": "application/json",
      ...headers,
    });
  }

  /** Sends bytes as they are. */
  raw(
    method: string,
    path: string,
    body: string | undefined,
    headers: Record<string, string>,
  ): Promise<Answer> {
    return this.#send(method, path, body, headers);
  }

  /** The events of a stream, until it ends. */
  async *events(
    path: string,
    headers?: Record<string, string>,
  ): AsyncGenerator<{ id?: string; event?: string; data: any }> {
    const response = await fetch(this.url + path, {
      headers: { ...this.#authorization(), accept: "text/event-stream", ...headers },
    });
    if (response.status !== 200 || response.body === null)
      throw new Error(`${path} answered ${response.status}`);
    let text = "";
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        const fields = new Map<string, string>();
        for (const line of text.slice(0, end).split("\n")) {
          const colon = line.indexOf(":");
          if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
        }
        text = text.slice(end + 2);
        const data = fields.get("data");
        if (data === undefined) continue;
        const id = fields.get("id");
        const event = fields.get("event");
        yield {
          data: JSON.parse(data),
          ...(id === undefined ? undefined : { id }),
          ...(event === undefined ? undefined : { event }),
        };
      }
    }
  }

  #authorization(): Record<string, string> {
    return this.token === undefined ? {} : { authorization: `Bearer ${this.token}` };
  }

  async #send<T>(
    method: string,
    path: string,
    body: string | undefined,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const response = await fetch(this.url + path, {
      method,
      headers: { ...this.#authorization(), ...headers },
      ...(body === undefined ? undefined : { body }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text === "" ? undefined : JSON.parse(text)) as T,
    };
  }
}
