import {
  applySystemSchema,
  type CommandTransaction,
  provisionService,
  ServiceDatabase,
} from "@kerf/data";
import { startTemporaryServer } from "@kerf/data/embedded";
import { type Clock, KerfError, seededRandom, systemClock } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { SagaEngine } from "../engine.ts";
import type { SagaDefinition, SagaRow } from "../saga.ts";
import { scheduleSchema } from "../schedules/schema.ts";
import { sagaSchema } from "../schema.ts";

/** What a local step is given here. */
export interface Local {
  readonly transaction: CommandTransaction;
}

/** An operation of the callee. */
export type Operation = (
  input: { what: string },
  options?: { idempotencyKey?: string },
) => Promise<{ did: string }>;

/** Clients as sagas of these tests see them. */
export interface Clients {
  readonly act: Operation;
}

/**
 * A service with sagas, and a callee that keeps what it did under each key in a table of its own: one effect a key, however often it
 * is called.
 */
export async function bank(clock: Clock = systemClock) {
  const temporary = await startTemporaryServer();
  const passwords = { owner: "o", app: "a" };
  const provisioned = await provisionService(temporary.server.database, {
    service: "bank",
    passwords,
    // Many engines, each with a pool of its own.
    connections: { owner: -1, app: -1 },
  });
  await applySystemSchema(provisioned.owner, [
    ...sagaSchema,
    ...scheduleSchema,
    {
      name: "own-0001",
      sql: `create table public.effect (n bigserial, key text primary key, what text not null);
        create table public.note (n bigserial, what text not null)`,
    },
  ]);
  const open = (instance: string) =>
    new ServiceDatabase({
      connection: provisioned.app,
      service: "bank",
      instance,
      connections: 8,
      clock,
    });
  const callee = open("callee");
  /** Told before and after each effect; throws what becomes of the call. */
  let onCall: (when: "before" | "after", what: string) => void = () => {};

  const act = async (key: string, what: string): Promise<{ did: string }> => {
    onCall("before", what);
    const transaction = callee.transaction({ deadline: clock.now() + 10_000 });
    try {
      await transaction.raw.query(
        "insert into effect (key, what) values ($1, $2) on conflict do nothing",
        [key, what],
      );
      await transaction.commit();
    } finally {
      await transaction.rollback();
    }
    onCall("after", what);
    return { did: what };
  };

  return {
    callee,
    database: open("test"),
    set onCall(listener: typeof onCall) {
      onCall = listener;
    },
    open,
    engine(
      instance: string,
      definitions: readonly SagaDefinition<any, any>[],
      database: ServiceDatabase = open(instance),
    ): SagaEngine {
      const clients = (_saga: SagaRow, under: string): Clients => ({
        act: ({ what }, options) => act(options?.idempotencyKey ?? `${under}/act#1`, what),
      });
      return new SagaEngine({
        service: "bank",
        instance,
        definitions,
        database,
        clients,
        local: (transaction) => ({ transaction }),
        clock,
        random: seededRandom(1),
        log: silentLogger,
      });
    },
    async start(
      engine: SagaEngine,
      definition: SagaDefinition<any, any>,
      input: unknown,
    ): Promise<string> {
      const transaction = this.database.transaction({ deadline: clock.now() + 10_000 });
      const id = engine.begin(transaction, definition, input, { trace: "", principal: undefined });
      await transaction.commit();
      return id;
    },
    async rows<T extends object>(statement: string, values: unknown[] = []): Promise<T[]> {
      const { raw } = this.database.reads({ deadline: clock.now() + 10_000 });
      return (await raw.query<T>(statement, values)).rows;
    },
    async run(statement: string, values: unknown[] = []): Promise<void> {
      const transaction = this.database.transaction({ deadline: clock.now() + 10_000 });
      await transaction.raw.query(statement, values);
      await transaction.commit();
    },
    async state(id: string): Promise<string> {
      const [row] = await this.rows<{ state: string }>(
        "select state from kerf.saga where id = $1",
        [id],
      );
      return row?.state ?? "none";
    },
    /** Waits until the saga is in one of these states, 20 s at most. */
    async until(id: string, ...states: string[]): Promise<string> {
      const end = systemClock.now() + 20_000;
      for (;;) {
        const state = await this.state(id);
        if (states.includes(state)) return state;
        if (systemClock.now() > end)
          throw new KerfError("deadline_exceeded", `The saga is still ${state}.`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    async effects(): Promise<string[]> {
      return (await this.rows<{ what: string }>("select what from effect order by n")).map(
        ({ what }) => what,
      );
    },
    async stop(): Promise<void> {
      await Promise.all([callee.close(), this.database.close()]);
      await temporary.stop();
    },
  };
}
