import type { HttpListener } from "@kerf/call/http";

/** A gateway's own listener with the one in clear text beside it: a port that is passed on takes the other along. */
export async function bothDoors(
  main: HttpListener,
  openPlain: () => Promise<HttpListener | undefined>,
): Promise<HttpListener> {
  let plain: HttpListener | undefined;
  try {
    plain = await openPlain();
  } catch (thrown) {
    await main.close();
    throw thrown;
  }
  if (plain === undefined) return main;
  const beside = plain;
  return {
    host: main.host,
    port: main.port,
    get url() {
      return main.url;
    },
    get isListening() {
      return main.isListening;
    },
    async pause() {
      await Promise.all([main.pause(), beside.pause()]);
    },
    async resume() {
      await main.resume();
      await beside.resume();
    },
    async drain(ms) {
      await Promise.all([main.drain(ms), beside.drain(ms)]);
    },
    async close() {
      await Promise.all([main.close(), beside.close()]);
    },
  };
}
