import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { SMTPServer } from "smtp-server";

/** What a webhook is sent, as docs/guides/alerts.md says. */
export interface Notice {
  readonly id: string;
  readonly kind: string;
  readonly text: string;
  readonly alert?: { readonly id: string; readonly service: string; readonly operation: string };
  readonly owner?: string;
  readonly onCall?: { readonly name: string; readonly email: string };
  readonly traces?: readonly { readonly id: string }[];
  readonly change?: string;
  readonly handOver?: { readonly team: string; readonly to: { readonly name: string } };
}

/** A real webhook that checks the signature of everything that it takes. */
export class WebhookReceiver {
  readonly secret: string;
  readonly notices: Notice[] = [];
  /** What was not signed as it is to be. */
  readonly unsigned: string[] = [];
  readonly #server: Server;

  constructor(secret: string) {
    this.secret = secret;
    this.#server = createServer((request, response) => {
      void text(request).then((body) => {
        const given = String(request.headers["kerf-signature"]);
        const [, seconds = ""] = /^t=(\d+),/.exec(given) ?? [];
        const hex = createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
        if (given === `t=${seconds},v1=${hex}`) this.notices.push(JSON.parse(body) as Notice);
        else this.unsigned.push(body);
        response.writeHead(204).end();
      });
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hooks/t0ken`;
  }

  /** Of that operation. */
  of(service: string, operation: string): readonly Notice[] {
    return this.notices.filter(
      ({ alert }) => alert?.service === service && alert.operation === operation,
    );
  }

  close(): void {
    this.#server.close();
  }
}

/** A real mail server that asks for a password. */
export class MailReceiver {
  readonly mails: { readonly to: readonly string[]; readonly text: string }[] = [];
  readonly #server: SMTPServer;

  constructor(user: string, pass: string) {
    this.#server = new SMTPServer({
      logger: false,
      // Of this machine: it goes without TLS, and so does its password.
      hideSTARTTLS: true,
      allowInsecureAuth: true,
      onAuth: ({ password, username }, _session, done) =>
        username === user && password === pass
          ? done(null, { user })
          : done(new Error("Invalid password")),
      onData: (stream, { envelope }, done) => {
        void text(stream).then((body) => {
          this.mails.push({ to: envelope.rcptTo.map(({ address }) => address), text: body });
          done();
        });
      },
    });
  }

  /** Host and port. */
  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server.server, "listening");
    return `127.0.0.1:${(this.#server.server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(resolve));
  }
}
