import { KerfError } from "@kerf/kernel";
import type { Address } from "../../placement.ts";

/** Longest path of a Unix socket in bytes: macOS has room for 103, Linux for 107. */
export const maxSocketPath = 100;

/** Where to connect or listen, taken apart. */
export type Endpoint =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

/** Takes `unix:/path` or `tcp:host:port` apart (`tcp:[::1]:80` for IPv6). Throws `invalid_configuration`. */
export function parseAddress(address: Address): Endpoint {
  if (address.startsWith("unix:")) return { kind: "unix", path: socketPath(address.slice(5)) };
  const match = /^tcp:(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new KerfError("invalid_configuration", {
      message: `${JSON.stringify(address)} is no address.`,
      fix: 'Write it as "unix:/path/to.sock" or "tcp:host:port".',
    });
  }
  return { kind: "tcp", host: (match[1] ?? match[2]) as string, port };
}

/** The address of an endpoint. */
export function formatAddress(endpoint: Endpoint): Address {
  if (endpoint.kind === "unix") return `unix:${endpoint.path}`;
  return `tcp:${endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`;
}

function socketPath(path: string): string {
  if (!path.startsWith("/")) {
    throw new KerfError("invalid_configuration", {
      message: `The socket's path ${JSON.stringify(path)} is not absolute.`,
      fix: "Write the whole path: unix:/path/to.sock",
    });
  }
  const bytes = Buffer.byteLength(path);
  if (bytes <= maxSocketPath && !path.includes("\0")) return path;
  throw new KerfError("invalid_configuration", {
    message: `The socket's path ${JSON.stringify(path)} is ${bytes} bytes long; at most ${maxSocketPath} fit.`,
    why: "Operating systems keep the path of a Unix socket in a field of about 104 bytes.",
    fix: "Put the socket into a directory with a shorter path, such as one under /tmp.",
  });
}
