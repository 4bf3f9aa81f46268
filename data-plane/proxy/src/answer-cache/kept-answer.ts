import { connectionNames, hopByHop } from "../upstreams/hop-by-hop.ts";
import { type Fields, fieldOf } from "../upstreams/http1/fields.ts";
import type { Freshness } from "./freshness.ts";

/** What an entry costs beside its bytes: objects and maps. An estimate. */
const overheadBytes = 1_024;

/** An answer that is kept. */
export interface KeptAnswer {
  /** What was asked, whatever the headers: a change there makes all of its answers old. */
  readonly resource: string;
  /** What was asked, with all that the upstream could answer by. */
  readonly key: string;
  readonly status: number;
  /** End to end only, without those that are written with each use. */
  readonly fields: Fields;
  /** Of the instance that answered. */
  readonly from: URL;
  readonly body: Buffer;
  readonly freshness: Freshness;
  /** When it came, monotonic milliseconds. */
  readonly since: number;
  readonly bytes: number;
}

/** Written with each use. */
const ofEachUse: ReadonlySet<string> = new Set(["age", "content-length"]);
/** Of a 304, they say nothing of the answer that is kept (RFC 9111, 3.2). */
const ofTheBody: ReadonlySet<string> = new Set([
  "content-encoding",
  "content-range",
  "content-type",
]);

/** Makes one. */
export function keptAnswer(
  answer: Omit<KeptAnswer, "bytes" | "fields"> & { fields: Fields },
): KeptAnswer {
  const named = connectionNames(fieldOf(answer.fields, "connection"));
  const fields: string[] = [];
  let bytes = overheadBytes + answer.body.length + 2 * (answer.key.length + answer.resource.length);
  for (let i = 0; i < answer.fields.length; i += 2) {
    const name = answer.fields[i] as string;
    const value = answer.fields[i + 1] as string;
    if (hopByHop.has(name) || named?.has(name) === true || ofEachUse.has(name)) continue;
    fields.push(name, value);
    bytes += 2 * (name.length + value.length);
  }
  return { ...answer, fields, bytes };
}

/** The fields of a kept answer after a 304 with `news`. */
export function refreshedFields(kept: Fields, news: Fields): string[] {
  const isNews = (name: string): boolean =>
    !hopByHop.has(name) && !ofEachUse.has(name) && !ofTheBody.has(name);
  const replaced = new Set(news.filter((name, index) => index % 2 === 0 && isNews(name)));
  const fields: string[] = [];
  // Without a date of its own it is of the moment at which it came (RFC 9110, 6.6.1).
  replaced.add("date");
  for (let i = 0; i < kept.length; i += 2) {
    if (!replaced.has(kept[i] as string)) fields.push(kept[i] as string, kept[i + 1] as string);
  }
  for (let i = 0; i < news.length; i += 2) {
    const name = news[i] as string;
    // Its age is read with the rest, and left out again when it is kept.
    if (isNews(name) || name === "age") fields.push(name, news[i + 1] as string);
  }
  return fields;
}

/** How old it is now, milliseconds. */
export function ageMs({ freshness, since }: KeptAnswer, now: number): number {
  return freshness.initialAgeMs + Math.max(0, now - since);
}

/** For how long it is fresh yet; negative when it is stale. Milliseconds. */
export function leftMs(kept: KeptAnswer, now: number): number {
  return kept.freshness.freshMs - ageMs(kept, now);
}
