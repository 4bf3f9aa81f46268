import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";

const codeOfDigit = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));

// Random bytes are drawn and put into digits a page at a time, as one flat text. An id is a part of its page's text and keeps it alive, so that
// pages are small.
const page = new Uint8Array(2_048);
const codes = new Uint8Array(2 * page.length);
const decoder = new TextDecoder();
let digits = "";
let position = page.length;

function take(count: number): number {
  if (position + count > page.length) {
    globalThis.crypto.getRandomValues(page);
    for (let i = 0; i < page.length; i++) {
      const byte = page[i] as number;
      codes[2 * i] = codeOfDigit[byte >> 4] as number;
      codes[2 * i + 1] = codeOfDigit[byte & 15] as number;
    }
    digits = decoder.decode(codes);
    position = 0;
  }
  const start = position;
  position += count;
  return start;
}

function hexAt(start: number, count: number): string {
  return digits.slice(2 * start, 2 * (start + count));
}

const words = new Int32Array(512);
let wordAt = words.length;

/** 32 random bits as a whole number from -2^31 to 2^31 - 1. */
export function randomWord(): number {
  if (wordAt === words.length) {
    globalThis.crypto.getRandomValues(words);
    wordAt = 0;
  }
  return words[wordAt++] as number;
}

/** `bytes` random bytes as lower-case hex. */
export function randomHex(bytes: number): string {
  return hexAt(take(bytes), bytes);
}

/** A UUID of version 7 (RFC 9562): sorts by the millisecond it was made in. */
export function newId(clock: Clock = systemClock): string {
  const start = take(10);
  const time = Math.floor(clock.wall()).toString(16).padStart(12, "0");
  const random = hexAt(start, 10);
  // The version, 7, and the variant, two bits.
  const variant = "89ab"[(page[start + 2] as number) & 3] as string;
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(1, 4)}-${variant}${random.slice(5, 8)}-${random.slice(8)}`;
}
