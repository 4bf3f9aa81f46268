/** How much more than its share an instance may have under way before a key goes to the next one: 1.25, as Google's bounded loads and HAProxy's `hash-balance-factor` have it. */
const bound = 1.25;

/** One that a key may go to. */
export interface Candidate {
  readonly id: string;
  /** Share of the keys that it gets beside the others. */
  readonly weight: number;
  /** Calls under way to it. */
  readonly inFlight: number;
}

/**
 * Where calls with one key go: by rendezvous hashing, so that every caller chooses the same one without asking anybody, and only the keys of an instance that comes
 * or goes move. One that has more than its share under way is passed over, so that a hot key does not drown it. Undefined for none.
 */
export function chooseByKey<C extends Candidate>(
  key: string,
  candidates: readonly C[],
): C | undefined {
  const hashed = hash(key);
  let under = 1;
  let weights = 0;
  for (const { inFlight, weight } of candidates) {
    under += inFlight;
    weights += weight;
  }
  let best: C | undefined;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const candidate of candidates) {
    const { id, weight, inFlight } = candidate;
    if (inFlight + 1 > Math.ceil((bound * under * weight) / weights)) continue;
    const score = -weight / Math.log(unit(hashed, hash(id)));
    if (score <= bestScore) continue;
    best = candidate;
    bestScore = score;
  }
  return best;
}

/** FNV-1a over UTF-16 units: the same in every program. */
function hash(text: string): number {
  let hashed = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hashed = Math.imul(hashed ^ text.charCodeAt(i), 0x01000193);
  return hashed;
}

/** A number strictly between 0 and 1 for a key at an instance (the finalizer of MurmurHash3 over both hashes). */
function unit(key: number, instance: number): number {
  let mixed = key ^ Math.imul(instance, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  mixed ^= mixed >>> 16;
  return ((mixed >>> 0) + 0.5) / 4_294_967_296;
}
