const notHex = 16;
/** What a hexadecimal digit stands for, by its character code; of either case. */
const valueOf = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = "0123456789abcdef".indexOf(String.fromCharCode(code).toLowerCase());
  return value < 0 ? notHex : value;
});

/**
 * Writes the `count` bytes that hexadecimal digits stand for, or as many zeroes when the text is not that. By hand: for so few digits as an id has
 * the way into the runtime costs twice as much.
 */
export function writeHex(digits: string, bytes: Uint8Array, at: number, count: number): void {
  let seen = digits.length === 2 * count ? 0 : notHex;
  for (let i = 0; seen < notHex && i < count; i++) {
    const high = valueOf[digits.charCodeAt(2 * i)] ?? notHex;
    const low = valueOf[digits.charCodeAt(2 * i + 1)] ?? notHex;
    bytes[at + i] = (high << 4) | low;
    seen |= high | low;
  }
  if (seen >= notHex) bytes.fill(0, at, at + count);
}
