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

// Digits of a page of random bytes, made in one piece: a part of a string costs no copy.
const codes = new Uint8Array(page.length * 2);
const decoder = new TextDecoder("latin1");
let digits = "";
let digit = 0;

function drawDigits(): void {
  globalThis.crypto.getRandomValues(codes.subarray(0, page.length));
  // From the end, since each byte is replaced by two digits.
  for (let i = page.length - 1; i >= 0; i--) {
    const byte = codes[i] as number;
    codes[i * 2] = digitCode(byte >> 4);
    codes[i * 2 + 1] = digitCode(byte & 15);
  }
  digits = decoder.decode(codes);
  digit = 0;
}

function digitCode(value: number): number {
  return value < 10 ? 48 + value : 87 + value;
}

/** `bytes` random bytes as lower-case hex, at most 4,096; 16 for a trace id, 8 for a span id. */
export function randomHex(bytes: number): string {
  if (digit + bytes * 2 > digits.length) drawDigits();
  const start = digit;
  digit += bytes * 2;
  return digits.slice(start, digit);
}

/** A UUID of version 7 (RFC 9562): sorts by the millisecond it was made in. */
export function newId(clock: Clock = systemClock): string {
  const start = take(10);
  page[start] = ((page[start] as number) & 0x0f) | 0x70;
  page[start + 2] = ((page[start + 2] as number) & 0x3f) | 0x80;
  const time = Math.floor(clock.wall()).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-${hexAt(start, 2)}-${hexAt(start + 2, 2)}-${hexAt(start + 4, 6)}`;
}
