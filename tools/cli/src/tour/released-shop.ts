import { withPlatform } from "../connection/connect.ts";
import type { Stage } from "./act.ts";
import { startOwnShop } from "./own-shop.ts";
import { gatewayToWalkThrough } from "./refusals.ts";
import { Visitor } from "./visitor.ts";

/** Plays in a second shop, which runs releases and is gone afterwards, whatever becomes of us. */
export async function inReleasedShop<T>(
  stage: Stage & { readonly source: string },
  work: (there: typeof stage) => Promise<T>,
): Promise<T> {
  const { json, signal, source } = stage;
  const why = "what runs here comes from source: starting a second shop that runs releases";
  const own = await startOwnShop({ app: source, json, why }, signal);
  try {
    return await withPlatform({ home: own.home }, async (connection) => {
      const url = gatewayToWalkThrough(await connection.client.status({}));
      const visitor = await Visitor.signedUp(url);
      return work({ ...stage, connection, visitor, isLive: false });
    });
  } finally {
    await own.leave();
  }
}
