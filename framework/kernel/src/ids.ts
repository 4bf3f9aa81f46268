import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";

const hex: string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

// Random bytes are drawn a page at a time: one system call for many ids.
const page = new Uint8Array(4096);
let position = page.length;

function take(count: number): number {
  if (position + count > page.length) {
    globalThis.crypto.getRandomValues(page);
    position = 0;
  }
  const start = position;
  position += count;
  return start;
}

function hexAt(start: number, count: number): string {
  let text = "";
  for (let i = start; i < start + count; i++) text += hex[page[i] as number] as string;
  return text;
}

/** `bytes` random bytes as lower-case hex; 16 for a trace id, 8 for a span id. */
export function randomHex(bytes: number): string {
  return hexAt(take(bytes), bytes);
}

/** A UUID of version 7 (RFC 9562): sorts by the millisecond it was made in. */
export function newId(clock: Clock = systemClock): string {
  const start = take(10);
  page[start] = ((page[start] as number) & 0x0f) | 0x70;
  page[start + 2] = ((page[start + 2] as number) & 0x3f) | 0x80;
  const time = Math.floor(clock.wall()).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-${hexAt(start, 2)}-${hexAt(start + 2, 2)}-${hexAt(start + 4, 6)}`;
}
