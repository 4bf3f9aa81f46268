import type { IncomingMessage, ServerResponse } from "node:http";

/** One cookie of this origin, for HTTP only. `__Host-`: no other host and no plain HTTP can have set it. */
export class Cookie {
  readonly name: string;
  readonly #secure: boolean;

  constructor(name: string, options: { secure: boolean }) {
    this.name = options.secure ? `__Host-${name}` : name;
    this.#secure = options.secure;
  }

  /** Its values: more than one when somebody tries to put another beside it. */
  read(request: IncomingMessage): readonly string[] {
    const { cookie } = request.headers;
    if (cookie?.includes(`${this.name}=`) !== true) return [];
    return cookie
      .split(";")
      .map((pair) => pair.trim())
      .filter((pair) => pair.startsWith(`${this.name}=`))
      .map((pair) => pair.slice(this.name.length + 1));
  }

  /** @param maxAgeMs how long the browser keeps it */
  set(response: ServerResponse, value: string, maxAgeMs: number): void {
    const attributes = [
      `${this.name}=${value}`,
      "Path=/",
      `Max-Age=${Math.max(0, Math.floor(maxAgeMs / 1_000))}`,
      "HttpOnly",
      "SameSite=Lax",
      ...(this.#secure ? ["Secure"] : []),
    ];
    response.appendHeader("set-cookie", attributes.join("; "));
  }

  clear(response: ServerResponse): void {
    this.set(response, "", 0);
  }
}
