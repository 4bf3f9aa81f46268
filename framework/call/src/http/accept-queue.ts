import type { Server } from "node:net";

/** How long connections that keep coming are taken at most before a server closes all the same, milliseconds. */
const boundMs = 1_000;

/**
 * A turn of the event loop that took longer had other work in it, milliseconds: what connected during that work has not been seen. One without work takes a tenth of it.
 */
const quietMs = 0.5;

/**
 * Resolves in the moment in which nothing waits to be accepted, as far as this process can see. Linux resets what waits in the queue of a socket that
 * closes, though its client has been told that it is connected: so whoever stops listening first takes what is there, which under load is the
 * greater part of a second's connections. What comes between this moment and the close, which is a turn of the event loop without other work, is reset all the same.
 */
export async function acceptQueueEmpty(server: Server): Promise<void> {
  const until = performance.now() + boundMs;
  let accepted = false;
  const seen = (): void => void (accepted = true);
  server.on("connection", seen).on("drop", seen);
  // The turn in which this is asked may have accepted before it.
  await turn();
  let quiet: boolean;
  do {
    accepted = false;
    const began = performance.now();
    await turn();
    quiet = !accepted && performance.now() - began < quietMs;
  } while (!quiet && performance.now() < until);
  server.off("connection", seen).off("drop", seen);
}

/** A turn of the event loop: connections are accepted in it before this resolves. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
