import type { Socket } from "node:net";
import pg from "pg";
import type { Crash } from "./crash.ts";
import type { StatementNames } from "./statement-names.ts";

type Query = (this: pg.Client, config: unknown, ...rest: unknown[]) => Promise<unknown>;

const ends = /: (commit|rollback)$/;

/** Makes every statement of this process a point, before it is sent and after it was answered. Nothing of the platform knows of it. */
export function watchDriver(crash: Crash, names: StatementNames): void {
  // Names of functions that were awaited stand far down.
  Error.stackTraceLimit = 30;
  const last = new WeakMap<pg.Client, string>();
  const prototype = pg.Client.prototype as unknown as { query: Query };
  const original = prototype.query;
  prototype.query = function query(config, ...rest) {
    const text = typeof config === "string" ? config : (config as { text: string }).text;
    const message = names.message(text, () => new Error("where").stack ?? "");
    if (message.stray !== undefined) crash.stray(message.stray);
    // Where a transaction ends says little; what it was about stands before.
    const ending = ends.test(message.names[0] ?? "");
    const context = ending ? last.get(this) : undefined;
    const [of] = message.names.slice(-1);
    if (!ending && of !== undefined) last.set(this, of);
    crash.reach("before", message.names, context);
    // The server has done it, and nobody learns so.
    const settled = (): void => {
      if (!crash.reach("after", message.names, context)) return;
      (this as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
      throw new Error("Connection terminated by the scenario");
    };
    return original.call(this, config, ...rest).then(
      (result) => {
        settled();
        return result;
      },
      (error: unknown) => {
        settled();
        throw error;
      },
    );
  };
}
