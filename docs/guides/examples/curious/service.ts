import { service } from "kerf";
import { createClient } from "redis";
import { curious } from "./contract.ts";

export default service(curious, { owner: "security-team", redis: true }).implement({
  async look({ input, log, redis }) {
    // The platform keeps it out of the log.
    log.info("looking", { as: redis.username, with: `${redis.password}` });
    const client = createClient(redis);
    client.on("error", () => {});
    await client.connect();
    try {
      // As it is, without the prefix that the client writes before keys.
      return { said: await client.sendCommand<string>(["TYPE", input.key]) };
    } catch (thrown) {
      return { said: (thrown as Error).message };
    } finally {
      client.destroy();
    }
  },
});
