import type { Clock } from "@kerf/kernel";

/** How long an issuer may take to answer, milliseconds; jose's and openid-client's default is 5 s resp. 30 s. */
const timeoutMs = 5_000;
/** Largest answer of an issuer, bytes: a hundred keys with certificates fit. */
const maxBytes = 262_144;

/** Fetches from an issuer: bounded in time and size, and without following it to anywhere else. */
export async function boundedFetch(
  clock: Clock,
  url: string,
  init: RequestInit = {},
): Promise<Response> {
  const late = new AbortController();
  const timer = clock.after(timeoutMs, () =>
    late.abort(new Error(`No answer within ${timeoutMs} ms.`)),
  );
  try {
    const signal = late.signal;
    const response = await fetch(url, { ...init, redirect: "manual", signal });
    const { status, statusText, headers } = response;
    const body = await readBounded(response);
    return new Response(body, { status, statusText, headers });
  } finally {
    timer.cancel();
  }
}

async function readBounded(response: Response): Promise<ArrayBuffer | null> {
  if (response.body === null) return null;
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body) {
    size += part.length;
    // Leaving the loop ends the answer.
    if (size > maxBytes) throw new Error(`The answer is larger than ${maxBytes} bytes.`);
    parts.push(part);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole.buffer;
}
