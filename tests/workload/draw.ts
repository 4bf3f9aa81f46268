import type { Random } from "@kerf/kernel";

/** One of them, each as likely as the others. */
export function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random.next() * from.length)] as T;
}

/** A number from `least` to `most`. */
export function between(random: Random, least: number, most: number): number {
  return least + random.next() * (most - least);
}

/** All of them, in an order of chance. */
export function shuffled<T>(random: Random, from: readonly T[]): T[] {
  const left = [...from];
  const drawn: T[] = [];
  while (left.length > 0) drawn.push(...left.splice(Math.floor(random.next() * left.length), 1));
  return drawn;
}
