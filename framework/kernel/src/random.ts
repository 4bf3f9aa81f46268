/** The only source of chance: the system's in production, seeded in tests and simulations. Not for keys or tokens. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
}

/** Chance that nobody can replay. */
export const systemRandom: Random = { next: () => Math.random() };

/** The same sequence for the same seed (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    },
  };
}
