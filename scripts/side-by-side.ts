/** How many pieces of work go on at once. */
export interface SideBySide {
  /** So many whatever the machine does. */
  readonly least: number;
  /** And so many while processors have nothing to do. */
  readonly most: number;
  /** The share of them that must be idle for one more, from 0 to 1. */
  readonly room: number;
  /** How much of them was idle since the last question, from 0 to 1. */
  readonly idle: () => number;
  /** Resolves when it is time to ask again: long enough for what was begun last to show what it takes. */
  readonly pause: () => Promise<unknown>;
}

/**
 * Works on every item, in their order. What mostly waits leaves room for more, what works does not, and a machine that others use has less of it: so
 * many at once as keep it busy, and no more. Rejects as the first work that does, once the others have ended.
 */
export async function workSideBySide<T>(
  items: readonly T[],
  { idle, least, most, pause, room }: SideBySide,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const going = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const begin = (): void => {
    const one = work(left.shift() as T)
      .catch((thrown: unknown) => void failures.push(thrown))
      .finally(() => void going.delete(one));
    going.add(one);
  };
  while (left.length > 0 && failures.length === 0) {
    if (going.size < least) begin();
    else if (going.size >= most) await Promise.race(going);
    else {
      idle();
      const isTime = await Promise.race([pause().then(() => true), ...[...going].map(ended)]);
      if (isTime && idle() >= room) begin();
    }
  }
  await Promise.all(going);
  if (failures.length > 0) throw failures[0];
}

async function ended(work: Promise<void>): Promise<false> {
  await work;
  return false;
}
