import { isIP } from "node:net";
import { KerfError } from "@kerf/kernel";
import { subjectOf } from "../notice.ts";
import { attemptMs, type Sending } from "./destination.ts";

const ports: Readonly<Record<string, number>> = { "smtp:": 587, "smtps:": 465 };

/** A server that takes mail. */
export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; without it by STARTTLS. */
  readonly secure: boolean;
  /** Of this machine, where nobody listens in between. */
  readonly isLocal: boolean;
  readonly auth?: { readonly user: string; readonly pass: string };
}

/** Reads `smtps://user:password@host:port`. Throws `invalid_input`; never repeats it, since it has a password in it. */
export function smtpServer(text: string): SmtpServer {
  const url = URL.parse(text);
  const port = url === null ? undefined : ports[url.protocol];
  if (url === null || port === undefined || url.hostname === "") {
    throw new KerfError("invalid_input", {
      message: "The mail server's address is none of smtps://user:password@host and smtp://….",
      fix: "Give it on stdin or by --file, in one line; what is special in a password is written as %40.",
    });
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return {
    host,
    port: url.port === "" ? port : Number(url.port),
    secure: url.protocol === "smtps:",
    isLocal:
      host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127.")),
    ...(url.username === ""
      ? undefined
      : {
          auth: {
            user: decodeURIComponent(url.username),
            pass: decodeURIComponent(url.password),
          },
        }),
  };
}

/** Sends a notice to the addresses of a destination, and to the people whom it concerns. */
export async function sendEmail(sending: Sending): Promise<void> {
  const { destination, notice, people, secret, signal } = sending;
  const to = [...new Set([...(destination.to ?? []), ...people])];
  if (to.length === 0) {
    throw new KerfError("invalid_input", {
      message: "There is nobody to send it to.",
      why: `${destination.name} names no address, and nobody is on call.`,
      fix: `Set a rota: kerf oncall set ${notice.owner ?? "TEAM"} --file rota.json`,
    });
  }
  const { auth, host, isLocal, port, secure } = smtpServer(secret.url);
  // Loaded when there is something to send.
  const { createTransport } = await import("nodemailer");
  const transport = createTransport({
    host,
    port,
    secure,
    ...(auth === undefined ? undefined : { auth }),
    // In the clear only to this machine, and there without asking for a certificate that nobody can check.
    requireTLS: !isLocal || destination.ca !== undefined,
    ignoreTLS: isLocal && destination.ca === undefined,
    tls: destination.ca === undefined ? {} : { ca: destination.ca },
    connectionTimeout: attemptMs,
    greetingTimeout: attemptMs,
    socketTimeout: attemptMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const end = (): void => transport.close();
  signal.addEventListener("abort", end, { once: true });
  try {
    const sent = transport.sendMail({
      from: destination.from,
      to,
      subject: subjectOf(notice),
      text: `${notice.text}\n`,
      // The same for each attempt: whoever gets it twice sees it once.
      messageId: `<${notice.id}@${destination.name}.kerf>`,
      headers: { "Auto-Submitted": "auto-generated" },
    });
    await Promise.race([sent, aborted(signal)]);
  } catch (cause) {
    throw new KerfError("unavailable", {
      message: `The mail server ${destination.host} did not take it.`,
      why: (cause as Error).message,
      fix: "Look whether address, password and sender are right: kerf alerts destinations test NAME",
    });
  } finally {
    signal.removeEventListener("abort", end);
    transport.close();
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}
