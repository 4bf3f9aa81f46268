import { join } from "node:path";
import type { DomainStatus } from "@kerf/control-api";
import { type Clock, type ErrorShape, KerfError, type Random, type Timer } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import type { Logger } from "@kerf/telemetry";
import type { Home } from "../state/home.ts";
import { readJson, writeJson } from "../state/json-file.ts";
import { DomainFiles } from "./domain-files.ts";
import { renewalAt, waitMs } from "./renewal-times.ts";
import { type WantedDomain, wantedDomains } from "./wanted-domains.ts";

/** How often it is looked for what is due, milliseconds. */
const lookMs = 2_000;

/** What domains are looked after with. */
export interface DomainsOptions {
  readonly home: Home;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly environment: string;
  /** Files in settings are seen from its folder. */
  readonly appModule: string;
  /** The app as it runs; undefined before it was read. */
  readonly manifest: () => AppManifest | undefined;
  /** Whether a gateway is there to answer the authority. */
  readonly answers: (gateway: string) => boolean;
  readonly problem: (error: KerfError, source: string) => void;
}

/** What is kept of a domain: a platform that starts again and again must not ask again and again. */
interface Kept {
  /** Where its certificate comes from; another one issues it anew. */
  readonly directory?: string | undefined;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly attemptedAt?: number | undefined;
  /** When it is renewed, or tried again. */
  readonly nextAt: number;
  /** In a row. */
  readonly failures: number;
  readonly problem?: ErrorShape | undefined;
}

/**
 * The certificates of an app's own names: ordered by the platform alone, whatever number of gateways serve them, and renewed. Gateways read
 * them from files and need neither the platform nor the authority to go on.
 */
export class Domains {
  readonly #options: DomainsOptions;
  readonly #files: DomainFiles;
  readonly #stateFile: string;
  #kept: Record<string, Kept>;
  readonly #ordering = new Map<string, Promise<void>>();
  #last: Promise<unknown> = Promise.resolve();
  #timer: Timer | undefined;
  #opened: Promise<void> | undefined;
  #stopped = false;

  constructor(options: DomainsOptions) {
    this.#options = options;
    this.#files = new DomainFiles(options.home);
    this.#stateFile = join(options.home.state, "domains.json");
    this.#kept = readJson<Record<string, Kept>>(this.#stateFile) ?? {};
  }

  /** Gives every name of an app a certificate, of our own until there is another: a gateway starts with what there is. */
  async prepare(manifest: Pick<AppManifest, "gateways">): Promise<void> {
    const wanted = wantedDomains(manifest, this.#options.appModule);
    if (wanted.length === 0) return;
    await (this.#opened ??= this.#files.open());
    for (const { domain } of wanted) {
      if (this.#files.certificate(domain) !== undefined) continue;
      const { makePlaceholder } = await import("../resources/certificates.ts");
      await this.#files.keep(domain, await makePlaceholder(domain, this.#options.clock.wall()));
      this.#options.log.warn("a domain is served with a certificate that nobody vouches for", {
        domain,
        why: this.#isDevelopment
          ? "In development none is ordered."
          : "Until the first one was issued.",
      });
    }
  }

  /** Begins to order and renew. */
  start(): void {
    if (this.#isDevelopment) return;
    this.#timer = this.#options.clock.after(lookMs, () => {
      this.#look();
      if (!this.#stopped) this.start();
    });
  }

  /** Orders nothing more; what is under way ends with the process, and is asked for again by the next. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  status(): DomainStatus[] {
    const { clock } = this.#options;
    const at = (ms: number): string => new Date(ms).toISOString();
    return this.#wanted().map(({ directory, domain, gateway }): DomainStatus => {
      const certificate = this.#files.certificate(domain);
      const kept = this.#kept[domain];
      const ordered = certificate?.isPlaceholder === false ? certificate : undefined;
      return {
        domain,
        gateway,
        directory,
        state:
          ordered === undefined
            ? "self-signed"
            : ordered.notAfter > clock.wall()
              ? "issued"
              : "expired",
        ...(ordered && { issuer: ordered.issuer, expires: at(ordered.notAfter) }),
        ...(kept?.attemptedAt !== undefined && {
          attempted: at(kept.attemptedAt),
          failures: kept.failures,
        }),
        ...(!this.#isDevelopment && { next: at(this.#dueAt(domain, directory)) }),
        ordering: this.#ordering.has(domain),
        ...(kept?.problem && { problem: kept.problem }),
      };
    });
  }

  /** Orders a certificate now. @throws KerfError that says why there is none */
  async renew(domain: string): Promise<DomainStatus> {
    const wanted = this.#wanted().find((one) => one.domain === domain);
    if (wanted === undefined) throw this.#unknown(domain);
    if (this.#isDevelopment) {
      throw new KerfError("invalid_input", {
        message: `No certificate is ordered for ${domain}: this is the environment dev.`,
        why: "What is developed is not where its name leads.",
        fix: "Run it with kerf up where the name leads to.",
      });
    }
    const underWay = this.#ordering.get(domain);
    await this.#order(wanted);
    // One that was under way may have begun before what held it back was mended.
    if (underWay !== undefined && this.#kept[domain]?.problem !== undefined)
      await this.#order(wanted);
    const { problem } = this.#kept[domain] as Kept;
    if (problem !== undefined) throw KerfError.fromShape(problem);
    return this.status().find((one) => one.domain === domain) as DomainStatus;
  }

  #look(): void {
    const { answers, clock } = this.#options;
    for (const wanted of this.#wanted()) {
      if (this.#dueAt(wanted.domain, wanted.directory) > clock.wall()) continue;
      if (answers(wanted.gateway)) void this.#order(wanted);
    }
  }

  /** When there is something to do for it; 0 at once. */
  #dueAt(domain: string, directory: string): number {
    const kept = this.#kept[domain];
    const certificate = this.#files.certificate(domain);
    if (kept !== undefined && kept.failures > 0) return kept.nextAt;
    if (certificate === undefined || certificate.isPlaceholder) return 0;
    if (kept?.directory !== directory) return kept === undefined ? this.#renewal(domain) : 0;
    return kept.nextAt;
  }

  /** Of a certificate whose history is lost. */
  #renewal(domain: string): number {
    const certificate = this.#files.certificate(domain);
    return certificate === undefined
      ? 0
      : renewalAt(certificate.notBefore, certificate.notAfter, 0.5);
  }

  /** One after the other; never rejects. */
  #order(wanted: WantedDomain): Promise<void> {
    const running = this.#ordering.get(wanted.domain);
    if (running !== undefined) return running;
    const done = this.#last.then(() => this.#attempt(wanted));
    const cleared = done.finally(() => this.#ordering.delete(wanted.domain));
    this.#ordering.set(wanted.domain, cleared);
    this.#last = cleared;
    return cleared;
  }

  async #attempt(wanted: WantedDomain): Promise<void> {
    const { clock, log, problem, random } = this.#options;
    const { directory, domain } = wanted;
    const attemptedAt = clock.wall();
    const before = this.#kept[domain];
    const { orderCertificate, OrderFailure } = await import("./order.ts");
    try {
      await this.#files.keep(domain, await orderCertificate(wanted, this.#files));
      const certificate = this.#files.certificate(domain);
      if (certificate === undefined) throw new Error("What was issued is no certificate.");
      const { issuer, notAfter, notBefore } = certificate;
      const nextAt = renewalAt(notBefore, notAfter, random.next());
      await this.#keep(domain, { directory, attemptedAt, nextAt, failures: 0 });
      log.info("a certificate was issued", {
        domain,
        issuer,
        valid_to: new Date(notAfter).toISOString(),
        next: new Date(nextAt).toISOString(),
      });
    } catch (thrown) {
      const failed = thrown instanceof OrderFailure ? thrown : undefined;
      const failures = (before?.failures ?? 0) + 1;
      const wait = waitMs(failed?.failure ?? "away", failures, random.next(), failed?.retryAfterMs);
      const error =
        failed?.error ??
        new KerfError("unavailable", {
          message: `No certificate was ordered for ${domain}.`,
          why: (thrown as Error).message,
          fix: "It is tried again by itself.",
          cause: thrown,
        });
      const nextAt = clock.wall() + wait;
      const kept: Kept = {
        directory: before?.directory,
        attemptedAt,
        nextAt,
        failures,
        problem: error.toShape(),
      };
      log.error("no certificate was issued; the one before serves on", {
        domain,
        error,
        failures,
        next: new Date(nextAt).toISOString(),
      });
      problem(error, domain);
      // A disk that is full lets us forget it, and stops nothing.
      await this.#keep(domain, kept).catch(() => {});
    }
  }

  async #keep(domain: string, kept: Kept): Promise<void> {
    this.#kept = { ...this.#kept, [domain]: kept };
    await writeJson(this.#stateFile, this.#kept);
  }

  #wanted(): WantedDomain[] {
    const manifest = this.#options.manifest();
    return manifest === undefined ? [] : wantedDomains(manifest, this.#options.appModule);
  }

  #unknown(domain: string): KerfError {
    const names = this.#wanted().map((one) => one.domain);
    return new KerfError("not_found", {
      message: `No gateway has a certificate ordered for ${JSON.stringify(domain)}.`,
      fix:
        names.length === 0
          ? "Name it in a gateway's tls.acme.domains."
          : `Give one of: ${names.join(", ")}`,
    });
  }

  get #isDevelopment(): boolean {
    return this.#options.environment === "dev";
  }
}
