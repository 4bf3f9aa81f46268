import { randomUUID } from "node:crypto";
import type { Seen } from "./ask.ts";
import type { BumpIntent } from "./journal.ts";
import { mayBeTried, type Shopper } from "./shopper.ts";

/** Few, so that many clients meet at each; more than shards of a log, so that events of several stand in one shard. */
const names = Array.from({ length: 24 }, (_, i) => `counter-${i}`);
/** How often a client sends many at once, and how many: commits that overtake one another are met only then. */
const rushes = 0.15;
const inRush = 16;

/** Adds one to a counter that others add to as well, or to many at once. */
export async function bump(shopper: Shopper): Promise<void> {
  const count = shopper.random.next() < rushes ? inRush : 1;
  await Promise.all(Array.from({ length: count }, () => bumpOne(shopper)));
}

async function bumpOne(shopper: Shopper): Promise<void> {
  const insists = shopper.random.next() < 0.7;
  const name = shopper.pick(names);
  const key = insists ? shopper.newKey() : undefined;
  const intent: BumpIntent = { name, mark: randomUUID(), key, answers: [], unknown: 0 };
  shopper.journal.bumps.push(intent);
  const asked = {
    method: "POST",
    path: `/counters/${name}/bumps`,
    body: { mark: intent.mark },
    ...(key === undefined ? undefined : { key }),
  } as const;
  const note = (seen: Seen): void => {
    if (mayBeTried(seen)) intent.unknown += 1;
    else if (seen.status !== 200) shopper.journal.isWrong("a good bump was refused", seen);
    else {
      if (intent.answers.length > 0 && !intent.answers.includes(seen.body.n))
        shopper.journal.isWrong("two numbers under one key", { intent, seen });
      intent.answers.push(seen.body.n);
    }
  };
  if (insists) await shopper.insist(asked, note);
  else note(await shopper.ask(asked));
}
