import { KerfError } from "@kerf/kernel";
import type { TourOptions } from "../commands/tour.ts";
import { withPlatform } from "../connection/connect.ts";
import { findHome } from "../connection/home.ts";
import { ownCommand } from "../launcher/own-command.ts";
import { eventually } from "./eventually.ts";
import { startOwnShop } from "./own-shop.ts";
import { gatewayToWalkThrough } from "./refusals.ts";

/** How long a shop that is starting may take, milliseconds. */
const startingMs = 120_000;

/** The shop that the tour walks through. */
export interface Shop {
  readonly home: string;
  /** Whether it ran before, and goes on afterwards. */
  readonly isLive: boolean;
  /** How a command is typed that reaches it, or one like it once ours has ended. */
  readonly command: (words: string) => string;
  /** Ends it, when it is ours. */
  leave(): Promise<void>;
}

/** The shop that runs, or one that is started for the tour. Throws for a platform that runs something else. */
export async function findShop(
  options: Pick<TourOptions, "app" | "home" | "json">,
  signal: AbortSignal,
): Promise<Shop> {
  const cwd = process.cwd();
  try {
    const home = findHome(options.home, process.env, cwd);
    await withPlatform({ home }, ({ client }) =>
      eventually("the shop is ready", { withinMs: startingMs, signal }, async () =>
        (await client.status({})).phase === "ready" ? true : undefined,
      ),
    );
    return {
      home,
      isLive: true,
      command: ownCommand(home, process.env, cwd),
      leave: () => Promise.resolve(),
    };
  } catch (thrown) {
    const isAbsent = thrown instanceof KerfError && thrown.code === "platform_unreachable";
    // Who names one means that one.
    if (!isAbsent || options.home !== undefined) throw thrown;
  }
  const why = "no shop runs: starting one for the tour";
  const own = await startOwnShop({ ...options, json: options.json === true, why }, signal);
  return { ...own, isLive: false, command: (words) => `npx kerf ${words}` };
}

/** The address of the shop's web gateway. Throws before anything is changed when the tour may not be made here. */
export async function admit(home: string): Promise<string> {
  const status = await withPlatform({ home }, ({ client }) => client.status({}));
  const url = gatewayToWalkThrough(status);
  await assertMay(home);
  return url;
}

/** Some acts need what only the operator's own token may do. That is asked by looking at tokens, which changes nothing. */
function assertMay(home: string): Promise<unknown> {
  return withPlatform({ home }, ({ client }) => client.listTokens({})).catch((thrown: unknown) => {
    if (!(thrown instanceof KerfError) || thrown.code !== "forbidden") throw thrown;
    throw new KerfError("forbidden", {
      message: "This token may not do what the tour shows; nothing was changed.",
      why: "The tour moves services and looks into sagas, which a token for some services may not.",
      fix: "Run it with the operator's own token: without --token-file, as the user who started the shop.",
      cause: thrown,
    });
  });
}
