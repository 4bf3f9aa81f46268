import { writeFileSync } from "node:fs";
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";
import type { ServedOperation } from "@kerf/call";
import type { Clock } from "@kerf/kernel";
import type { GatewaySettings } from "@kerf/service";
import { type Issued, TestAuthority } from "./certificates.ts";
import { startFront, type TestFront } from "./front.ts";

/** A gateway that serves TLS with a certificate of an authority that only the test knows. */
export interface SecureFront extends TestFront {
  readonly authority: TestAuthority;
  readonly tls: { readonly certFile: string; readonly keyFile: string };
  /** Puts another certificate in the place of the one before. */
  readonly write: (issued: Partial<Issued>) => void;
}

/** Starts one; it ends with the test. */
export async function startSecureFront(
  t: TestContext,
  settings: (folder: string) => GatewaySettings = () => ({}),
  operations: Partial<Record<string, ServedOperation>> = {},
  clock?: Clock,
): Promise<SecureFront> {
  const authority = await TestAuthority.make("CN=site");
  const first = await authority.issue({ name: "CN=localhost", server: true });
  let folder = "";
  const write = ({ cert, key }: Partial<Issued>): void => {
    if (cert !== undefined) writeFileSync(join(folder, "cert.pem"), cert);
    if (key !== undefined) writeFileSync(join(folder, "key.pem"), key, { mode: 0o600 });
  };
  const filesIn = (directory: string): SecureFront["tls"] => ({
    certFile: join(directory, "cert.pem"),
    keyFile: join(directory, "key.pem"),
  });
  const front = await startFront(
    t,
    (directory) => {
      folder = directory;
      write(first);
      return { tls: filesIn(directory), ...settings(directory) };
    },
    operations,
    clock,
  );
  return { ...front, authority, tls: filesIn(folder), write };
}

/** An answer over HTTP/2. */
export interface Http2Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Opens a session; it ends with the test. */
export function http2Session(
  t: TestContext,
  url: string,
  options: object = {},
): ClientHttp2Session {
  const session = connect(url, { servername: "localhost", ...options });
  session.on("error", () => {});
  t.after(() => session.destroy());
  return session;
}

/** One request on a session. Rejects when its stream is reset. */
export function askHttp2(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  body?: string,
): Promise<Http2Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request(
      { ":path": "/notes", ...headers },
      { endStream: body === undefined },
    );
    stream.once("error", reject);
    stream.once("response", (answer) => {
      text(stream).then((received) => {
        resolve({ status: answer[":status"] as number, headers: answer, body: received });
      }, reject);
    });
    if (body !== undefined) stream.end(body);
  });
}
