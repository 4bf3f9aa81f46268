import { createHmac } from "node:crypto";
import { KerfError } from "@kerf/kernel";
import type { Sending } from "./destination.ts";

/** Headers of ours, as docs/guides/alerts.md says. */
const idHeader = "kerf-notice";
const signatureHeader = "kerf-signature";

/** Throws `invalid_input` for what is no address of a webhook; never repeats it, since it may be a secret. */
export function webhookUrl(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && ["http:", "https:"].includes(url.protocol) && url.username === "") return url;
  throw new KerfError("invalid_input", {
    message: "The webhook's address is no http:// or https:// address without a user.",
    fix: "Give it on stdin or by --file, in one line.",
  });
}

/** `t=SECONDS,v1=HEX`: HMAC-SHA256 of `SECONDS.BODY`, so that neither can be exchanged or sent again later. */
export function signatureOf(secret: string, seconds: number, body: string): string {
  const hex = createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
  return `t=${seconds},v1=${hex}`;
}

/** Posts a notice as JSON. Redirects are not followed: they would take it to somebody else. */
export async function sendWebhook(
  { destination, notice, secret, signal }: Sending,
  wall: () => number,
): Promise<void> {
  const body = JSON.stringify(notice);
  const seconds = Math.floor(wall() / 1_000);
  const signed = secret.secret && {
    [signatureHeader]: signatureOf(secret.secret, seconds, body),
  };
  let response: Response;
  try {
    response = await fetch(secret.url, {
      method: "POST",
      body,
      redirect: "manual",
      signal,
      headers: {
        "content-type": "application/json",
        "user-agent": "kerf-alerts/1",
        [idHeader]: notice.id,
        ...signed,
      },
    });
    // What it says is nobody's business; the connection is free again.
    await response.body?.cancel();
  } catch (cause) {
    const { cause: below, message } = cause as Error;
    throw notDelivered(destination.host, (below as Error | undefined)?.message ?? message);
  }
  const { ok, status } = response;
  // What it does not take now it takes no other time, unless it says that it is busy.
  const isFinal = status < 500 && ![408, 425, 429].includes(status);
  if (!ok) throw notDelivered(destination.host, `it answers ${status}`, isFinal);
}

function notDelivered(host: string, why: string, isFinal = false): KerfError {
  return new KerfError("unavailable", {
    message: `The webhook at ${host} did not take it.`,
    why,
    ...(isFinal ? { retry: "never" as const } : undefined),
    fix: "Look whether its address is right and whether it takes JSON: kerf alerts destinations test NAME",
  });
}
