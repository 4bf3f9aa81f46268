import type { Answer } from "@kerf/call/http";
import { KerfError } from "@kerf/kernel";
import type { Mirror, RouteSettings } from "@kerf/service";
import type { AnswerObserver } from "../upstreams/forward.ts";
import { ask } from "../upstreams/http1/ask.ts";
import { type Fields, fieldOf } from "../upstreams/http1/fields.ts";
import type { ForeignUpstream, TrafficParts } from "../upstreams/upstream.ts";
import { AnswerCapture, type CapturedAnswer } from "./captured-answer.ts";
import { type Difference, IgnoredPaths, jsonDifferences } from "./json-difference.ts";

const defaultMaxInFlight = 32;
const safeMethods: readonly string[] = ["GET", "HEAD"];
/** How often the counts are logged while there are comparisons, and how many differences in between, milliseconds. */
const reportMs = 60_000;
const samplesPerReport = 10;

/** What a mirror has seen. */
export interface MirrorCounts {
  equal: number;
  different: number;
  /** Not copied, since too many copies were under way, or the target took no more. */
  dropped: number;
  /** Without two whole answers to compare. */
  failed: number;
}

/** How a request is copied to an upstream. */
export interface UpstreamCopy {
  readonly upstream: ForeignUpstream;
  readonly method: string;
  readonly target: string;
  /** Head for the upstream, names and values in turn. */
  readonly head: string[];
}

/** Sends copies of a route's requests elsewhere, compares the answers, and reports. What becomes of them never reaches a client. */
export class RouteMirror {
  readonly counts: MirrorCounts = { equal: 0, different: 0, dropped: 0, failed: 0 };
  /** Names of fields whose values are told of no answer. */
  sensitive: ReadonlySet<string> = new Set();
  readonly #mirror: Mirror;
  readonly #path: string;
  readonly #parts: TrafficParts;
  readonly #ignored: IgnoredPaths;
  #inFlight = 0;
  #samples = 0;
  #reportAt: number;

  constructor({ path }: Pick<RouteSettings, "path">, mirror: Mirror, parts: TrafficParts) {
    this.#path = path;
    this.#mirror = mirror;
    this.#parts = parts;
    this.#ignored = new IgnoredPaths(mirror.compare?.ignore);
    this.#reportAt = parts.clock.now() + reportMs;
  }

  /** A copy of one request, when this one is to be copied. */
  begin(method: string): MirroredRequest | undefined {
    const { share, methods = safeMethods, maxInFlight = defaultMaxInFlight } = this.#mirror;
    if (!methods.includes(method) || this.#parts.random.next() >= share) return undefined;
    if (this.#inFlight >= maxInFlight) {
      this.#dropped();
      return undefined;
    }
    this.#inFlight++;
    return new MirroredRequest(
      (real, copy) => this.#compare(real, copy),
      () => {
        this.#inFlight--;
        this.#report();
      },
      this.#parts,
    );
  }

  /** Logs the counts now, when there are any. */
  flush(): void {
    const { equal, different, dropped, failed } = this.counts;
    if (equal + different + dropped + failed === 0) return;
    this.#parts.log.info(`mirror of ${this.#path}`, { route: this.#path, ...this.counts });
    this.#samples = 0;
    this.#reportAt = this.#parts.clock.now() + reportMs;
  }

  #compare(real: CapturedAnswer | undefined, copy: CapturedAnswer | "dropped" | undefined): void {
    if (copy === "dropped") return void this.counts.dropped++;
    if (real === undefined || copy === undefined) return void this.counts.failed++;
    const differences: Difference[] =
      real.status === copy.status
        ? jsonDifferences(real.json, copy.json, this.#ignored)
        : [{ path: "status", values: [String(real.status), String(copy.status)] }];
    if (differences.length === 0) return void this.counts.equal++;
    this.counts.different++;
    if (this.#samples++ >= samplesPerReport) return;
    const values = this.#mirror.compare?.values === true;
    this.#parts.log.warn(`the mirror of ${this.#path} answers differently`, {
      route: this.#path,
      differences: differences.map(({ path, values: [a, b] }) =>
        path === "status" || (values && !this.#isSensitive(path, `${a} ${b}`))
          ? `${path}: ${a} | ${b}`
          : path,
      ),
    });
  }

  /** A path such as `$.cards[0].number`, or values of which a name is a part: a difference may lie above what is marked. */
  #isSensitive(path: string, shown: string): boolean {
    if (this.sensitive.size === 0) return false;
    return (
      path.split(/[$.[\]]+/).some((name) => this.sensitive.has(name)) ||
      [...this.sensitive].some((name) => shown.includes(`${JSON.stringify(name)}:`))
    );
  }

  #dropped(): void {
    this.counts.dropped++;
    this.#report();
  }

  #report(): void {
    if (this.#parts.clock.now() >= this.#reportAt) this.flush();
  }
}

/** Compares two answers; undefined for one that is not there whole. */
type Compare = (
  real: CapturedAnswer | undefined,
  copy: CapturedAnswer | "dropped" | undefined,
) => void;

/** One request and its copy: both answers are kept until they can be compared. */
export class MirroredRequest implements AnswerObserver {
  readonly #compare: Compare;
  readonly #done: () => void;
  readonly #parts: TrafficParts;
  readonly #real = new AnswerCapture();
  readonly #realEnd = Promise.withResolvers<boolean>();

  constructor(compare: Compare, done: () => void, parts: TrafficParts) {
    this.#compare = compare;
    this.#done = done;
    this.#parts = parts;
  }

  head(status: number, fields: Fields): void {
    this.#real.head(status, describing(fields));
  }

  piece(chunk: Buffer): void {
    this.#real.piece(chunk);
  }

  end(complete: boolean): void {
    this.#realEnd.resolve(complete);
  }

  /** The services' own answer, as the client gets it. */
  readonly observe = ({ status, headers, body }: Answer): void => {
    this.#real.head(status, headers);
    if (body !== undefined) this.#real.piece(Buffer.from(body));
    this.end(true);
  };

  /** Asks the services, and compares. */
  askServices(services: () => Promise<Answer | undefined>): void {
    void this.#settle(async () => {
      const answer = await services();
      if (answer === undefined) return undefined;
      const capture = new AnswerCapture();
      capture.head(answer.status, answer.headers);
      if (answer.body !== undefined) capture.piece(Buffer.from(answer.body));
      return capture.answer();
    }); // Never rejects.
  }

  /** Asks an upstream, and compares. */
  askUpstream(copy: UpstreamCopy, body: Buffer | null): void {
    void this.#settle(() => this.#send(copy, body)); // Never rejects.
  }

  /** Nothing was sent that could be compared. */
  drop(): void {
    void this.#settle(async () => "dropped" as const); // Never rejects.
  }

  async #settle(ask: () => Promise<CapturedAnswer | "dropped" | undefined>): Promise<void> {
    const copy = await ask().catch(() => undefined); // A failure is counted as one.
    const complete = copy === "dropped" || copy === undefined ? false : await this.#realEnd.promise;
    try {
      this.#compare(complete ? await this.#real.answer() : undefined, copy);
    } catch (error) {
      this.#parts.log.error("two answers could not be compared", { error });
    } finally {
      this.#done();
    }
  }

  async #send(
    { upstream, method, target, head }: UpstreamCopy,
    body: Buffer | null,
  ): Promise<CapturedAnswer | "dropped"> {
    const { clock } = this.#parts;
    // Those who are waited for go first.
    if (upstream.breaker.state !== "closed" || !upstream.admission.tryEnter()) return "dropped";
    try {
      const { instance } = upstream.pick(undefined, clock.now());
      const pool = instance.enter();
      const capture = new AnswerCapture();
      const asked = ask(
        pool,
        { method, target, fields: head, body },
        {
          head: ({ status, fields }) => capture.head(status, describing(fields)),
          piece: (bytes) => capture.piece(Buffer.from(bytes)),
        },
      );
      const timer = clock.after(upstream.policies.deadlineMs, () =>
        asked.abandon(new KerfError("deadline_exceeded", "The copy was not answered in time.")),
      );
      try {
        await asked.head;
        return await capture.answer();
      } finally {
        timer.cancel();
        instance.leave();
      }
    } finally {
      upstream.admission.leave();
    }
  }
}

/** What a capture has to know of a head. */
function describing(fields: Fields): Record<string, string | undefined> {
  return {
    "content-type": fieldOf(fields, "content-type"),
    "content-encoding": fieldOf(fields, "content-encoding"),
  };
}
