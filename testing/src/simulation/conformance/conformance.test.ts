import assert from "node:assert/strict";
import { test } from "node:test";
import { commandRecordSchema, provisionService, applySystemSchema, clientConfig } from "@kerf/data";
import { startTemporaryServer } from "@kerf/data/embedded";
import { consumerSchema, eventSchema } from "@kerf/events";
import { sagaSchema } from "@kerf/saga";
import { Client } from "pg";
import { SimulatedClient } from "../database/client.ts";
import { SimulatedServer } from "../database/server.ts";
import { SimulatedProcess } from "../process.ts";
import { Scheduler } from "../scheduler.ts";
import { statements } from "../statements/index.ts";
import { OperationSource } from "./operations.ts";
import { Schedule } from "./schedule.ts";
import { RealSession, SimulatedSession, type Waiting } from "./session.ts";

/** Schedules that are compared: seconds in all. `KERF_SIM_SCHEDULES` asks for more. */
const schedules = Number(process.env["KERF_SIM_SCHEDULES"] ?? 30);

const tables = [
  "command_record",
  "event",
  "event_reader",
  "consumer_shard",
  "consumer_member",
  "parked_event",
  "saga_signal",
  "saga_step",
  "saga",
];
const empty = `${tables.map((table) => `delete from kerf.${table}`).join(";")};
  select setval('kerf.event_id', 1, false);
  select setval(pg_get_serial_sequence('kerf.saga_signal', 'id'), 1, false);
  update kerf.event_log set identity = '00000000-0000-0000-0000-000000000000'`;

test("every statement of the engines is compared", () => {
  const drawn = new Set(new OperationSource(1).names);
  // The bank's own are no engine's, and every log has another identity.
  const left = statements.names.filter(
    (name) => !drawn.has(name) && !name.startsWith("bank: ") && name !== "log: identity",
  );
  assert.deepEqual(left, []);
});

test("the simulated database answers, fails and waits as PostgreSQL does", async (t) => {
  const temporary = await startTemporaryServer({ settings: { deadlock_timeout: "1ms" } });
  const clients: Client[] = [];
  t.after(async () => {
    await Promise.all(clients.map((client) => client.end()));
    await temporary.stop();
  });
  const { database } = temporary.server;
  const provisioned = await provisionService(database, {
    service: "bank",
    passwords: { owner: "o", app: "a" },
  });
  await applySystemSchema(provisioned.owner, [
    ...commandRecordSchema,
    ...eventSchema,
    ...consumerSchema,
    ...sagaSchema,
  ]);
  const connect = async (config: typeof provisioned.app): Promise<Client> => {
    const client = new Client(clientConfig(config, "conformance"));
    await client.connect();
    clients.push(client);
    return client;
  };
  const owner = await connect(provisioned.owner);
  const sessions = await Promise.all([1, 2, 3].map(() => connect(provisioned.app)));
  const pids = await Promise.all(
    sessions.map(async (client) => {
      const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
      return rows[0]?.pid as number;
    }),
  );
  const waiting = async (): Promise<Waiting> => {
    const { rows } = await owner.query<{ pid: number; by: number[] }>(
      "select pid, pg_blocking_pids(pid) as by from pg_locks where not granted",
    );
    return new Map(rows.map(({ pid, by }) => [pid, by]));
  };

  let compared = 0;
  for (let seed = 1; seed <= schedules; seed += 1) {
    await owner.query(empty);
    const scheduler = new Scheduler(seed);
    const server = new SimulatedServer(scheduler, statements, Date.now());
    const process = new SimulatedProcess(scheduler, "test", Date.now());
    const schedule = new Schedule(new OperationSource(seed), (n) => ({
      simulated: new SimulatedSession(
        new SimulatedClient(server, server.database("bank"), process, () => undefined),
        scheduler,
      ),
      real: new RealSession(sessions[n] as Client, pids[n] as number, waiting),
    }));
    const disagreement = await schedule.run();
    if (disagreement !== undefined) {
      const { at, simulated, real, history } = disagreement;
      assert.fail(
        `schedule ${seed} at ${at}\nsimulated: ${simulated}\nreal:      ${real}\n\n${history.slice(-25).join("\n")}`,
      );
    }
    compared += schedule.compared;
  }
  assert.ok(compared > schedules * 10, `only ${compared} statements were compared`);
});
