/** What one client sends over a raw connection, and all that may come of it. */
export interface ProtocolCase {
  readonly name: string;
  /** The exact bytes, one a character; {@link token} stands for a valid user's token. */
  readonly bytes: string;
  /** The status of every answer, in order. */
  readonly answers: readonly number[];
  /** The connection afterwards: `closed` by the gateway, `open` for a next request, or `waits` for bytes that were announced. */
  readonly after: "closed" | "open" | "waits";
  /** Every call that a service may see, in order. A smuggled request would add {@link smuggledCall}. */
  readonly calls: readonly string[];
}

/** Replaced by a valid token before the bytes are sent. */
export const token = "<token>";

/** A request that is hidden in or behind another one. */
export const smuggled = "GET /notes?limit=9 HTTP/1.1\r\nhost: x\r\n\r\n";

/** What the service would note if it ever saw {@link smuggled}. */
export const smuggledCall = "open 9";

/** A body that the operation takes, 13 bytes. */
export const body = '{"text":"hi"}';

/** The same body as one chunk and the last one. */
export const chunked = `d\r\n${body}\r\n0\r\n\r\n`;

/** A read, with further header lines (each with its line end). */
export function get(fields = "", target = "/notes?limit=1"): string {
  return `GET ${target} HTTP/1.1\r\nhost: x\r\n${fields}\r\n`;
}

/** A write by a user, with the header lines that frame its body, and all that follows the head. */
export function post(framing: string, rest: string): string {
  return `POST /notes/a HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n${framing}\r\n${rest}`;
}

/** Refused with one answer, after which nothing more is read on the connection. */
export function refused(name: string, bytes: string, status = 400): ProtocolCase {
  return { name, bytes, answers: [status], after: "closed", calls: [] };
}

/** A whole request that is refused for what it says; where it ends is not in doubt, so the connection goes on. */
export function declined(name: string, bytes: string, status: number): ProtocolCase {
  return { name, bytes, answers: [status], after: "open", calls: [] };
}

/** A write that is taken. */
export function added(name: string, bytes: string): ProtocolCase {
  return { name, bytes, answers: [201], after: "open", calls: ["add a"] };
}

/** A read that is taken. */
export function opened(name: string, bytes: string): ProtocolCase {
  return { name, bytes, answers: [200], after: "open", calls: ["open 1"] };
}
