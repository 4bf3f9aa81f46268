import { type RedisPlace, service } from "kerf";
import { createClient } from "redis";
import { baskets } from "./contract.ts";

const dayS = 86_400;

// One client for all calls of this process; the first of them makes it.
const connect = (redis: RedisPlace) =>
  createClient(redis)
    .on("error", () => {}) // It connects again by itself; calls that cannot wait fail.
    .connect();
let client: ReturnType<typeof connect> | undefined;

export default service(baskets, {
  owner: "shopping-team",
  redis: true,
}).implement({
  async put({ input, redis, signal }) {
    const connected = (await (client ??= connect(redis))).withAbortSignal(signal);
    await connected.hSet(input.id, input.sku, input.quantity);
    await connected.expire(input.id, dayS);
    return {};
  },

  async get({ input, redis, signal }) {
    const connected = (await (client ??= connect(redis))).withAbortSignal(signal);
    const items = await connected.hGetAll(input.id);
    return {
      items: Object.fromEntries(
        Object.entries(items).map(([sku, quantity]) => [sku, Number(quantity)]),
      ),
    };
  },
});
