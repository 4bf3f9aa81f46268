import type { IncomingMessage } from "node:http";
import { KerfError } from "@kerf/kernel";

const loopback = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/;

/**
 * Scheme, host and port as browsers see this front door. Without a setting a request's own word counts only where nobody but
 * this machine can be meant.
 * @throws KerfError `invalid_input`
 */
export function ownOrigin(request: IncomingMessage, setting: string | undefined): string {
  if (setting !== undefined) return setting;
  const { host = "" } = request.headers;
  if (loopback.test(host)) return `http://${host}`;
  throw new KerfError("invalid_input", {
    message: "This front door does not know under which name it is seen.",
    why: "Its session names no origin, and the Host of a request is the client's choice.",
    fix: 'Give the gateway\'s session its origin: session({ origin: "https://…", … })',
  });
}
