import { KerfError } from "@kerf/kernel";

/** What both sides say about one key. */
export interface Keyed {
  readonly key: string;
  /** When this side last changed it, ISO 8601. What is young may still be on its way to the other, and is not judged. */
  readonly at?: string;
}

/** One key on which the two sides do not agree. */
export interface Difference<Row extends Keyed = Keyed> {
  readonly key: string;
  readonly kind: "missing here" | "missing there" | "different";
  readonly ours?: Row | undefined;
  readonly theirs?: Row | undefined;
}

/** Pages of one side, by key ascending in the order of code units; an empty page ends it. */
export type Pages<Row extends Keyed> = (after: string | undefined) => Promise<readonly Row[]>;

/**
 * Walks two sides in the order of their keys and yields what differs; holds one page of each. Throws `invalid_output` when a side does
 * not come in order, since then nothing can be said.
 */
export async function* compare<Row extends Keyed>(
  ours: Pages<Row>,
  theirs: Pages<Row>,
  same: (ours: Row, theirs: Row) => boolean,
): AsyncGenerator<Difference<Row> | undefined> {
  const [here, there] = [rowsOf(ours, "ours"), rowsOf(theirs, "theirs")];
  let [a, b] = await Promise.all([here.next(), there.next()]);
  while (a.done !== true || b.done !== true) {
    const [left, right] = [
      a.done === true ? undefined : a.value,
      b.done === true ? undefined : b.value,
    ];
    if (right === undefined || (left !== undefined && left.key < right.key)) {
      yield { key: (left as Row).key, kind: "missing there", ours: left };
      a = await here.next();
    } else if (left === undefined || right.key < left.key) {
      yield { key: right.key, kind: "missing here", theirs: right };
      b = await there.next();
    } else {
      yield same(left, right)
        ? undefined
        : { key: left.key, kind: "different", ours: left, theirs: right };
      [a, b] = await Promise.all([here.next(), there.next()]);
    }
  }
}

async function* rowsOf<Row extends Keyed>(
  pages: Pages<Row>,
  side: string,
): AsyncGenerator<Row, undefined> {
  let last: string | undefined;
  for (;;) {
    const page = await pages(last);
    if (page.length === 0) return undefined;
    for (const row of page) {
      if (last !== undefined && row.key <= last) throw notInOrder(side, last, row.key);
      last = row.key;
      yield row;
    }
  }
}

function notInOrder(side: string, last: string, key: string): KerfError {
  return new KerfError("invalid_output", {
    message: `${side} came with the key ${JSON.stringify(key)} behind ${JSON.stringify(last)}.`,
    fix: `Answer pages by key ascending, in the order of code units (ORDER BY key COLLATE "C"), and behind the key that is asked for.`,
  });
}
