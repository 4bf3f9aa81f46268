import { createHash } from "node:crypto";
import type { Identity, Shaped, Verdict } from "@kerf/call/http";
import type { BucketShape, BucketState, BucketStore } from "@kerf/call/limits";
import { type Clock, KerfError } from "@kerf/kernel";
import type { RateLimit } from "@kerf/service";

/** Longer subjects are remembered as a hash of this length, so that buckets have a bounded size. */
const maxSubject = 64;

interface Limit {
  readonly by: RateLimit["by"];
  readonly buckets: BucketStore;
  readonly shape: BucketShape;
  /** What the answer's fields call it. */
  readonly name: string;
  /** Its buckets' keys begin with this: a limit that is changed counts anew, one that stays goes on. */
  readonly key: string;
  /** The keys of those who are known: an identity is the same object as long as its credentials are remembered. */
  readonly bucketOf: WeakMap<Identity, string>;
  readonly routes: ReadonlySet<string> | undefined;
  /** Its part of the field `ratelimit-policy`: quota and window. */
  readonly policy: string;
}

/** A limit and what its bucket says to one request. */
interface Asked {
  readonly limit: Limit;
  readonly bucket: string;
  readonly state: BucketState;
}

/** The limits of one configuration, over buckets that outlive it. */
export class RateLimits {
  /** Looked at before the credentials are, and after. */
  readonly #early: readonly Limit[];
  readonly #late: readonly Limit[];
  readonly #clock: Clock;

  /** @param shared the buckets that all instances of the gateway have together */
  constructor(
    limits: readonly RateLimit[],
    { buckets, shared, clock }: { buckets: BucketStore; shared: BucketStore; clock: Clock },
  ) {
    this.#clock = clock;
    const names = new Map<string, number>();
    const made = limits.map((limit): Limit => {
      const { by, rate, burst = rate.requests, routes, shared: isShared = false } = limit;
      const nth = (names.get(by) ?? 0) + 1;
      names.set(by, nth);
      const name = nth === 1 ? by : `${by}-${nth}`;
      const everyMs = rate.perMs / rate.requests;
      const windowS = Math.max(1, Math.ceil((burst * everyMs) / 1_000));
      return {
        by,
        buckets: isShared ? shared : buckets,
        shape: { everyMs, burst },
        name,
        policy: `"${name}";q=${burst};w=${windowS}`,
        key: hash(JSON.stringify([by, rate.requests, rate.perMs, burst, routes, isShared])).slice(
          0,
          16,
        ),
        bucketOf: new WeakMap(),
        routes: routes === undefined ? undefined : new Set(routes),
      };
    });
    this.#early = made.filter(({ by }) => by === "address");
    this.#late = made.filter(({ by }) => by !== "address");
  }

  /** Whether there is any to ask at this point. */
  has({ identity }: Shaped): boolean {
    return (identity === undefined ? this.#early : this.#late).length > 0;
  }

  /**
   * Takes a token of each limit that counts the request, or of none when one has no token left.
   * @param subscriber who sends it as far as the network knows
   */
  admit(shaped: Shaped, subscriber: () => string): Verdict | undefined {
    const now = this.#clock.now();
    const asked: Asked[] = [];
    for (const limit of shaped.identity === undefined ? this.#early : this.#late) {
      if (!counts(limit, shaped)) continue;
      const bucket = bucketOf(limit, subscriber, shaped.identity);
      asked.push({ limit, bucket, state: limit.buckets.look(bucket, limit.shape, now) });
    }
    if (asked.length === 0) return undefined;
    const headers = fieldsOf(asked);
    if (asked.some(({ state }) => !state.admitted)) return { headers, refusal: refusal(asked) };
    for (const { bucket, limit } of asked) limit.buckets.take(bucket, limit.shape, now);
    return { headers };
  }
}

function counts({ routes }: Limit, { route, foreign, identity }: Shaped): boolean {
  const named = foreign !== undefined && (routes === undefined || routes.has(foreign));
  // Before its credentials were looked at, the foreign route was asked about already.
  if (named) return route === undefined || identity !== undefined;
  if (route === undefined) return false;
  if (routes === undefined) return true;
  return routes.has(route.service) || routes.has(route.name);
}

function bucketOf(limit: Limit, subscriber: () => string, identity: Identity | undefined): string {
  // Nobody in particular is one object for all, and told apart by the address.
  if (identity?.principal === undefined) return limit.key + subjectOf(limit, subscriber, identity);
  const known = limit.bucketOf.get(identity);
  if (known !== undefined) return known;
  const bucket = limit.key + subjectOf(limit, subscriber, identity);
  if (limit.by !== "address") limit.bucketOf.set(identity, bucket);
  return bucket;
}

function subjectOf(
  { by }: Limit,
  subscriber: () => string,
  identity: Identity | undefined,
): string {
  if (by === "everyone") return "";
  // The first letter keeps a user from taking an address for a name.
  let subject: string;
  const credential = by === "key" ? identity?.credential : undefined;
  if (credential !== undefined) subject = `k${credential}`;
  else if (by !== "address" && identity?.principal !== undefined)
    subject = `u${identity.principal.subject}`;
  else subject = `a${subscriber()}`;
  if (subject.length <= maxSubject) return subject;
  return `h${hash(subject)}`;
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

/** The fields of draft-ietf-httpapi-ratelimit-headers-10: quota and window of each limit, what is left, and when all is there again. */
function fieldsOf(asked: readonly Asked[]): Record<string, string> {
  let states = "";
  let policies = "";
  for (const { limit, state } of asked) {
    const separator = states === "" ? "" : ", ";
    states += `${separator}"${limit.name}";r=${state.remaining};t=${Math.ceil(state.fullInMs / 1_000)}`;
    policies += separator + limit.policy;
  }
  return { ratelimit: states, "ratelimit-policy": policies };
}

function refusal(asked: readonly Asked[]): KerfError {
  const over = asked.filter(({ state }) => !state.admitted);
  const retryAfterMs = Math.max(...over.map(({ state }) => state.retryInMs));
  const names = over.map(({ limit }) => `"${limit.name}"`).join(" and ");
  return new KerfError("rate_limited", {
    message: `There were more requests than the limit ${names} allows. Nothing was done.`,
    fix: "Send it again after the seconds that Retry-After names.",
    retryAfterMs,
  });
}
