import { type Fields, fieldOf } from "../upstreams/http1/fields.ts";
import { CacheControl } from "./cache-control.ts";

/** For how long an answer may be used by whom. Milliseconds. */
export interface Freshness {
  readonly freshMs: number;
  /** How old it was when it came (RFC 9111, 4.2.3). */
  readonly initialAgeMs: number;
  /** After that, while a new one is fetched, and while none can be had (RFC 5861). */
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
  /** Also for requests with credentials, and when it was asked for with some (RFC 9111, 3.5). */
  readonly forAuthorized: boolean;
}

/** When an answer was had. */
export interface AnswerTimes {
  /** Between the request and the head of the answer, milliseconds. */
  readonly delayMs: number;
  /** When the head came, milliseconds since 1970. */
  readonly wall: number;
}

/** Final answers that say the same to whoever asks in the same way. Others are not kept, whatever their upstream says. */
const keptStatuses: ReadonlySet<number> = new Set([200, 301, 308, 404, 410]);
/** IMF-fixdate. The two older forms, and what is no date, count as over. */
const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * For how long an answer to GET may be kept and shared; undefined when it may not. Only what its upstream says explicitly counts: nothing is
 * guessed from dates.
 * @param asked names of the request headers that the upstream could answer by
 */
export function freshnessOf(
  status: number,
  fields: Fields,
  { delayMs, wall }: AnswerTimes,
  asked: ReadonlySet<string>,
): Freshness | undefined {
  if (!keptStatuses.has(status)) return undefined;
  if (fieldOf(fields, "set-cookie") !== undefined) return undefined;
  if (!variesBy(fields, asked)) return undefined;
  const control = new CacheControl(fieldOf(fields, "cache-control"));
  if (control.has("no-store") || control.has("private") || control.has("no-cache"))
    return undefined;
  const date = dateOf(fieldOf(fields, "date")) ?? wall;
  const expires = fieldOf(fields, "expires");
  const freshMs = lifetimeMs(control, expires, date);
  if (freshMs === undefined) return undefined;
  const [age = ""] = (fieldOf(fields, "age") ?? "").split(",", 1);
  const ageMs = /^\d+$/.test(age.trim()) ? Number(age) * 1_000 : 0;
  // A date has whole seconds.
  const apparentMs = Math.floor(wall / 1_000) * 1_000 - date;
  const initialAgeMs = Math.max(0, apparentMs, ageMs + delayMs);
  if (freshMs <= initialAgeMs) return undefined;
  // An upstream that names both means both, though s-maxage alone would forbid stale answers (5.2.2.10).
  const mayBeStale = !control.has("must-revalidate") && !control.has("proxy-revalidate");
  const staleMs = (name: string): number => (mayBeStale ? (control.seconds(name) ?? 0) * 1_000 : 0);
  return {
    freshMs,
    initialAgeMs,
    staleWhileRevalidateMs: staleMs("stale-while-revalidate"),
    staleIfErrorMs: staleMs("stale-if-error"),
    forAuthorized:
      control.has("public") || control.has("s-maxage") || control.has("must-revalidate"),
  };
}

function lifetimeMs(
  control: CacheControl,
  expires: string | undefined,
  date: number,
): number | undefined {
  const seconds = control.seconds("s-maxage") ?? control.seconds("max-age");
  if (seconds !== undefined) return seconds * 1_000;
  if (expires === undefined) return undefined;
  return Math.max(0, (dateOf(expires) ?? 0) - date);
}

/** Whether the answer depends on nothing but what the upstream was given of the request. */
function variesBy(fields: Fields, asked: ReadonlySet<string>): boolean {
  const vary = fieldOf(fields, "vary");
  if (vary === undefined) return true;
  return vary.split(",").every((part) => {
    const name = part.trim().toLowerCase();
    return name === "" || asked.has(name);
  });
}

function dateOf(text: string | undefined): number | undefined {
  if (text === undefined || !httpDate.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
