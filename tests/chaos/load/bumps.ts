import { randomUUID } from "node:crypto";
import type { Seen } from "./ask.ts";
import type { BumpIntent } from "./journal.ts";
import { mayBeTried, type Shopper } from "./shopper.ts";

/** Few, so that many clients meet at each. */
const names = ["amber", "birch", "cedar", "dogwood"];

/** Adds one to a counter that others add to as well. */
export async function bump(shopper: Shopper): Promise<void> {
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
