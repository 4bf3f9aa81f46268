import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { json, text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";

/** Where somebody listens. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

const question = "GET / HTTP/1.1\r\nhost: tags\r\nconnection: close\r\n\r\n";

/** What is answered to a request in clear text. */
export async function knock(place: Place): Promise<string> {
  const socket = connect(place);
  socket.write(question);
  return text(socket);
}

/** Who shows itself to somebody over TLS without a certificate, and how that ends. */
export async function knockWithTls(
  place: Place,
): Promise<{ names: string | undefined; protocol: string | null; end: unknown }> {
  const socket = connectTls({ ...place, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const [names, protocol] = [socket.getPeerX509Certificate()?.subjectAltName, socket.getProtocol()];
  socket.write(question);
  const end = await text(socket).catch((error: NodeJS.ErrnoException) => error.code);
  return { names, protocol, end };
}

/** What is answered to a request for a domain, which `fetch` would not ask for. */
export async function askDomain(
  url: string,
  domain: string,
  path: string,
): Promise<{ status: number | undefined; body: any }> {
  const sent = request(new URL(path, url), { headers: { host: domain } });
  const [answer] = (await once(sent.end(), "response")) as [IncomingMessage];
  return { status: answer.statusCode, body: await json(answer) };
}
