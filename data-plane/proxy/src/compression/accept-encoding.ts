/** The encodings that a gateway knows, the better ones first. */
const known = ["br", "gzip"] as const;

/** An encoding of content (RFC 9110, 8.4.1). */
export type Encoding = (typeof known)[number];

/** Weighted coding of Accept-Encoding (RFC 9110, 12.5.3); the weight has at most three digits. */
const coding = /^([a-z0-9*._-]+)\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/i;

/** The encoding that a client likes best; undefined when that is none, or when it does not say. */
export function encodingFor(accepted: string | undefined): Encoding | undefined {
  if (accepted === undefined) return undefined;
  const weights = new Map<string, number>();
  for (const part of accepted.split(",")) {
    const [, name, weight] = coding.exec(part.trim()) ?? [];
    if (name !== undefined) weights.set(name.toLowerCase(), Number(weight ?? 1));
  }
  // What is not named costs the client nothing, but it likes what it named.
  let most = weights.get("identity") ?? 0;
  let best: Encoding | undefined;
  for (const name of known) {
    const weight = weights.get(name) ?? weights.get("*") ?? 0;
    if (weight > 0 && (weight > most || (best === undefined && weight === most))) {
      best = name;
      most = weight;
    }
  }
  return best;
}
