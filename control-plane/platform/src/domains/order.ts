// The one place that speaks with authorities. Loaded with the first order: the library below is large.
import { readFile } from "node:fs/promises";
import { Agent } from "node:https";
import { rootCertificates } from "node:tls";
import * as acme from "acme-client";
import { KerfError } from "@kerf/kernel";
import { type DomainFiles, newKey } from "./domain-files.ts";
import type { Failure } from "./renewal-times.ts";
import type { WantedDomain } from "./wanted-domains.ts";

/** A request to the authority, milliseconds. */
const requestMs = 20_000;
/** How often it is asked whether it is done, and how long in between, milliseconds: 3 minutes in all. */
const asks = { attempts: 25, leastMs: 500, mostMs: 10_000 };

/** What went wrong with an order. */
export class OrderFailure extends Error {
  readonly failure: Failure;
  /** How long the authority wants to be left alone, milliseconds. */
  readonly retryAfterMs: number | undefined;
  readonly error: KerfError;

  constructor(failure: Failure, error: KerfError, retryAfterMs?: number) {
    super(error.message);
    this.failure = failure;
    this.error = error;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The last thing that an authority complained of. */
interface Complaint {
  readonly type: string;
  readonly retryAfterMs: number | undefined;
}

/**
 * Orders a certificate with a new key, and proves by HTTP-01 that the name is ours. One at a time: what the library trusts is the same for
 * all its clients. @throws OrderFailure
 */
export async function orderCertificate(
  wanted: WantedDomain,
  files: DomainFiles,
): Promise<{ chain: string; key: string }> {
  const { caFile, directory, domain, email } = wanted;
  const { defaults, interceptors } = acme.axios;
  let complaint: Complaint | undefined;
  let answered = false;
  const heard = interceptors.response.use((response) => {
    answered = true;
    const { type } = (response.data ?? {}) as { type?: unknown };
    if (response.status >= 400 && typeof type === "string")
      complaint = { type, retryAfterMs: retryAfter(response.headers["retry-after"]) };
    return response;
  });
  try {
    const ca = caFile === undefined ? [] : [await readFile(caFile, "utf8")];
    defaults.httpsAgent = new Agent({ ca: [...rootCertificates, ...ca] });
    defaults.timeout = requestMs;
    // When to try again is for us to say, and to keep.
    Object.assign(defaults, { acmeSettings: { retryMaxAttempts: 0, retryDefaultDelay: 5 } });
    const client = new acme.Client({
      directoryUrl: directory,
      accountKey: await files.accountKey(directory),
      backoffAttempts: asks.attempts,
      backoffMin: asks.leastMs,
      backoffMax: asks.mostMs,
    });
    const key = newKey();
    const [, csr] = await acme.crypto.createCsr({ altNames: [domain] }, key);
    const chain = await client.auto({
      csr,
      ...(email === undefined ? undefined : { email }),
      termsOfServiceAgreed: true,
      challengePriority: ["http-01"],
      // From in here the name may lead elsewhere than from outside.
      skipChallengeVerification: true,
      challengeCreateFn: async (_authorization, { token, type }, text) => {
        if (type !== "http-01") throw new Error(`It offers no http-01, and asks for ${type}.`);
        await files.answerWith(token, text);
      },
      challengeRemoveFn: (_authorization, { token }) => files.answerNoMore(token),
    });
    return { chain, key };
  } catch (cause) {
    throw failureOf(wanted, cause as Error, answered, complaint);
  } finally {
    interceptors.response.eject(heard);
  }
}

function failureOf(
  { directory, domain, gateway }: WantedDomain,
  cause: Error,
  answered: boolean,
  complaint: Complaint | undefined,
): OrderFailure {
  const { host } = new URL(directory);
  const code = (cause as NodeJS.ErrnoException).code;
  const why = cause.message === "" ? (code ?? "It gave no reason.") : cause.message;
  if (complaint?.type.endsWith(":rateLimited") === true) {
    const error = new KerfError("unavailable", {
      message: `${host} issues no certificate for ${domain} now: it was asked too often.`,
      why,
      fix: "Wait: it is tried again by itself. Until then, try things out at the authority's staging directory (tls.acme.directory).",
      cause,
    });
    return new OrderFailure("limited", error, complaint.retryAfterMs);
  }
  if (!answered || code !== undefined) {
    const error = new KerfError("unavailable", {
      message: `No certificate was ordered for ${domain}: ${host} cannot be reached.`,
      why,
      fix: `Look at tls.acme.directory and, for an authority of your own, tls.acme.caFile; and whether this machine reaches ${host}. It is tried again by itself.`,
      cause,
    });
    return new OrderFailure("away", error);
  }
  const error = new KerfError("unavailable", {
    message: `${host} issues no certificate for ${domain}.`,
    why,
    fix: `Have http://${domain}/ (port 80) lead to the gateway ${gateway}: its DNS entry, firewall and forwarding. Then: kerf domains renew ${domain}`,
    cause,
  });
  return new OrderFailure("refused", error);
}

/** Seconds or a date, as milliseconds from now. */
function retryAfter(header: unknown): number | undefined {
  if (typeof header !== "string") return undefined;
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}
