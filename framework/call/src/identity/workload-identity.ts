import { X509Certificate } from "node:crypto";
import { type Clock, delay, KerfError, type Random, type Timer } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { createCertificateRequest } from "./certificate-request.ts";
import { spiffeId, spiffeIdOf } from "./spiffe.ts";

/** How long a program that starts asks for its first certificate, milliseconds: it was started by a platform that is there. */
const firstBoundMs = 10_000;
/** First wait after a certificate was not to be had, milliseconds; it doubles up to an eighth of the certificate's life, at most a minute. */
const againMs = { base: 250, cap: 60_000 };

/** A certificate with its key. */
export interface Credentials {
  /** Private key, PEM; a secret. */
  readonly key: string;
  /** The certificate, PEM. */
  readonly certificate: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly expiresAt: number;
}

/** The certificates of the environment's authorities, PEM: whatever they signed is trusted. */
export interface Authorities {
  current(): readonly string[];
  /** Calls `listener` when they may be others. Returns what takes it back. */
  onChange(listener: () => void): () => void;
}

/** What an identity is made of. */
export interface WorkloadIdentityOptions {
  readonly environment: string;
  /** A unit's name, or `gateway:NAME`. */
  readonly unit: string;
  /** Has a certificate made from a request (PKCS #10, PEM); answers it as PEM. */
  readonly issue?: (request: string) => Promise<string>;
  /** Instead of `issue`: gives the newest certificate with the key that somebody else made. Rejects while there is no newer one than before. */
  readonly fetch?: () => Promise<{ readonly key: string; readonly certificate: string }>;
  readonly authorities: Authorities;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/**
 * Who this program is, to programs on other machines: a key pair made here, a certificate over it from the environment's authority, and the authorities
 * that others' certificates are checked with. Renewed at half of its life with a new key; when that fails it is tried again until it succeeds, so that
 * half a life can pass without a platform.
 */
export class WorkloadIdentity {
  readonly environment: string;
  readonly unit: string;
  readonly #options: WorkloadIdentityOptions;
  readonly #listeners = new Set<() => void>();
  readonly #forgetAuthorities: () => void;
  #authorities: readonly string[];
  #credentials: Credentials;
  #timer: Timer | undefined;
  #failures = 0;
  #stopped = false;

  private constructor(options: WorkloadIdentityOptions, credentials: Credentials) {
    this.environment = options.environment;
    this.unit = options.unit;
    this.#options = options;
    this.#credentials = credentials;
    this.#authorities = options.authorities.current();
    this.#forgetAuthorities = options.authorities.onChange(() => this.#takeAuthorities());
    this.#renewAtHalfLife();
  }

  /** Gets the first certificate. Throws `start_failed` when there is none within 10 s. */
  static async obtain(options: WorkloadIdentityOptions): Promise<WorkloadIdentity> {
    const { clock, unit } = options;
    const until = clock.now() + firstBoundMs;
    for (let wait = againMs.base; ; wait *= 2) {
      try {
        return new WorkloadIdentity(options, await obtainCredentials(options));
      } catch (cause) {
        if (clock.now() + wait >= until || isFinal(cause)) throw noCertificate(unit, cause);
      }
      await delay(clock, wait);
    }
  }

  /** The newest certificate with its key. */
  get credentials(): Credentials {
    return this.#credentials;
  }

  /** Whose certificates it accepts, PEM; the same array until they are others. */
  get authorities(): readonly string[] {
    return this.#authorities;
  }

  /** Milliseconds until what expires at `expiresAt` (wall clock); negative when it has. */
  remainingMs(expiresAt: number): number {
    return expiresAt - this.#options.clock.wall();
  }

  /**
   * When a connection that must end within `remainingMs` asks its caller to make another: after 80 to 90 % of that time, at random, so that connections
   * that were made together are not made anew together.
   */
  retireAfter(remainingMs: number): number {
    return remainingMs * (0.8 + 0.1 * this.#options.random.next());
  }

  /** Calls `listener` when there is a new certificate, or other authorities. Returns what takes it back. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Renews no more. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#forgetAuthorities();
    this.#listeners.clear();
  }

  #takeAuthorities(): void {
    const authorities = this.#options.authorities.current();
    // A placement that names none would leave nobody to talk to: those of before stay.
    if (authorities.length === 0 || authorities.join() === this.#authorities.join()) return;
    this.#authorities = authorities;
    for (const listener of this.#listeners) listener();
  }

  #renewAtHalfLife(): void {
    const { random } = this.#options;
    // From 45 to 55 % of it: programs that started together do not ask together.
    this.#renewIn(this.remainingMs(this.#credentials.expiresAt) * (0.45 + 0.1 * random.next()));
  }

  #renewIn(ms: number): void {
    if (this.#stopped) return;
    this.#timer = this.#options.clock.after(ms, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const { log, random } = this.#options;
    try {
      const credentials = await obtainCredentials(this.#options);
      if (this.#stopped) return;
      this.#credentials = credentials;
      log.info("The certificate of this program was renewed.", {
        remaining_ms: Math.round(this.remainingMs(credentials.expiresAt)),
      });
      this.#failures = 0;
      for (const listener of this.#listeners) listener();
      this.#renewAtHalfLife();
    } catch (error) {
      const left = this.remainingMs(this.#credentials.expiresAt);
      const most = Math.min(againMs.cap, Math.max(againMs.base, left / 8));
      if (this.#failures++ === 0) {
        log.warn("The certificate of this program could not be renewed; it is tried again.", {
          error,
          remaining_ms: Math.round(left),
        });
      }
      const wait = Math.min(most, againMs.base * 2 ** Math.min(this.#failures - 1, 20));
      this.#renewIn(wait * (0.5 + 0.5 * random.next()));
    }
  }
}

async function obtainCredentials(options: WorkloadIdentityOptions): Promise<Credentials> {
  const id = spiffeId(options.environment, options.unit);
  const { key, certificate } = await (options.fetch?.() ?? requested(options, id));
  const read = new X509Certificate(certificate);
  if (spiffeIdOf(read) !== id) {
    throw new KerfError("protocol_error", {
      message: `The certificate that came is for ${spiffeIdOf(read) ?? "nobody"}, not for ${id}.`,
      fix:
        options.fetch === undefined
          ? "Restart the platform: kerf dev"
          : "Have it made for this unit, with that URI as its only name.",
      retry: "never",
    });
  }
  return { key, certificate, expiresAt: read.validToDate.getTime() };
}

async function requested({ issue }: WorkloadIdentityOptions, id: string) {
  const { key, request } = await createCertificateRequest(id);
  if (issue === undefined) throw new KerfError("internal", "Nobody signs certificates.");
  return { key, certificate: await issue(request) };
}

/** Whether asking again changes nothing. */
function isFinal(thrown: unknown): boolean {
  return thrown instanceof KerfError && thrown.retry === "never";
}

function noCertificate(unit: string, cause: unknown): KerfError {
  return new KerfError("start_failed", {
    message: `${unit} got no certificate: ${cause instanceof Error ? cause.message : String(cause)}`,
    why: "It is placed on TCP, where programs prove to each other who they are.",
    fix: "Look into the log of whoever makes it: kerf logs platform, or cert-manager's.",
    cause,
  });
}
