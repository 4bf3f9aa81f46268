import { KerfError } from "@kerf/kernel";
import type { TourOptions } from "../commands/tour.ts";
import { exitCodes } from "../exit-code.ts";
import { onStopRequest } from "../launcher/stop-requests.ts";
import { printJson } from "../output/json.ts";
import { paintFor } from "../output/paint.ts";
import type { Act, Stage } from "./act.ts";
import { acts } from "./acts/index.ts";
import { play, type Played } from "./play.ts";
import { admit, findShop, type Shop } from "./shop.ts";
import { shopSource } from "./shop-source.ts";
import { actEnd, actHead, actJson, countsOf, countsText } from "./tour-text.ts";
import { Visitor } from "./visitor.ts";

/** Walks through the shop; resolves with the exit code. */
export async function tour(options: TourOptions): Promise<number> {
  const chosen = chosenActs(options.act);
  const ending = new AbortController();
  const unlisten = onStopRequest(() => {
    if (ending.signal.aborted) process.exit(exitCodes.interrupted);
    process.stderr.write("putting back what was changed… (Ctrl-C again: leave it as it is)\n");
    ending.abort();
  });
  try {
    const shop = await findShop(options, ending.signal);
    try {
      const source = shopSource(options.app, process.cwd());
      const { signal } = ending;
      const { isLive } = shop;
      return await walk(shop, chosen, { json: options.json === true, signal, source, isLive });
    } finally {
      if (!shop.isLive) process.stderr.write("ending the shop of the tour…\n");
      await shop.leave();
    }
  } catch (thrown) {
    if (ending.signal.aborted) throw new KerfError("interrupted", "Interrupted.");
    throw thrown;
  } finally {
    unlisten();
  }
}

async function walk(
  shop: Shop,
  chosen: readonly Act[],
  given: Pick<Stage, "json" | "signal" | "source" | "isLive">,
): Promise<number> {
  const { json, signal } = given;
  const paint = paintFor(process.stdout);
  const print = (text: string): void => {
    if (!json) process.stdout.write(`${text}\n`);
  };
  const url = await admit(shop.home);
  const visitor = await Visitor.signedUp(url);
  print(
    `The shop at ${url}${shop.isLive ? "" : ", started for this tour; repeat its commands in one that npm start runs"}`,
  );
  const say = (text: string): void => print(`  ${paint("faint", "·")} ${text}`);
  const played: Played[] = [];
  for (const act of chosen) {
    print(actHead(act, `${played.length + 1}/${chosen.length}`, paint));
    const ended = await play(act, shop.home, { ...given, visitor, say });
    print(actEnd(ended, paint, shop.command));
    played.push(ended);
    signal.throwIfAborted();
  }
  print(`\n${countsText(played)}`);
  if (json) {
    const told = played.map((each) => actJson(each, shop.command));
    printJson({ shop: { url, live: shop.isLive }, acts: told, ...countsOf(played) });
  }
  return countsOf(played).failed > 0 ? exitCodes.failed : exitCodes.ok;
}

function chosenActs(names: readonly string[] | undefined): readonly Act[] {
  if (names === undefined) return acts;
  const known = acts.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return acts.filter(({ name }) => names.includes(name));
  throw new KerfError("usage", {
    message: `There is no act ${JSON.stringify(unknown)}.`,
    fix: `Give one of: ${known.join(", ")}`,
  });
}
