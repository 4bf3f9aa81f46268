import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
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
