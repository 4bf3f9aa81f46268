import { readdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { commandOf, isAlive } from "../launcher/process-table.ts";

/** How long gateways and units may take to end when they are asked, in milliseconds; what hangs is ended by force afterwards. */
const bounds = { gateways: 3_000, units: 6_000 };
const pollMs = 50;

/** What the platform writes down of a program that it starts; its own type lies on the other side of a process boundary. */
interface Left {
  readonly id: string;
  readonly unit: string;
  readonly address?: string;
  readonly reference?: { readonly pid?: number };
}

/** The programs that a platform started which is gone. */
export class LeftRunning {
  readonly #home: string;
  readonly #directory: string;

  constructor(home: string) {
    this.#home = home;
    this.#directory = join(home, "run", "instances");
  }

  /** Asks them to end, front doors first, and waits, bounded. Answers how many there were. */
  async end(): Promise<number> {
    const records = await this.#records();
    const living: Left[] = [];
    for (const record of records) if (await lives(record)) living.push(record);
    const isGateway = ({ unit }: Left): boolean => unit.startsWith("gateway:");
    await endThese(living.filter(isGateway), bounds.gateways);
    await endThese(
      living.filter((record) => !isGateway(record)),
      bounds.units,
    );
    // Last, since all of them tell it how they ended.
    const store = await this.#telemetryStore();
    await endThese(store, bounds.units);
    return living.length + store.length;
  }

  /** Takes away what they can no longer take away themselves: their records and sockets, and those of the platform. */
  async clear(home: string): Promise<void> {
    for (const record of await this.#records()) {
      if (await lives(record)) continue;
      if (record.address?.startsWith("unix:") === true) {
        const socket = record.address.slice(5);
        await rm(socket, { force: true });
        await rm(`${socket}.d`, { recursive: true, force: true });
        await rm(join(dirname(socket), "platform.sock"), { force: true });
      }
      await rm(join(this.#directory, `${record.id}.json`), { force: true });
    }
    for (const name of [
      "platform.json",
      "platform.lock",
      join("run", "platform.sock"),
      join("run", "telemetry.json"),
    ])
      await rm(join(home, name), { force: true });
  }

  /** Its record lies beside those of instances, and it has its folder as an argument. */
  async #telemetryStore(): Promise<Left[]> {
    try {
      const text = await readFile(join(this.#home, "run", "telemetry.json"), "utf8");
      const { reference } = JSON.parse(text) as Pick<Required<Left>, "reference">;
      const id = join(this.#home, "state", "telemetry");
      const store: Left = { id, unit: "telemetry", reference };
      return (await lives(store)) ? [store] : [];
    } catch {
      return [];
    }
  }

  async #records(): Promise<Left[]> {
    const names = await readdir(this.#directory).catch(() => []);
    const records: Left[] = [];
    for (const name of names.filter((one) => one.endsWith(".json"))) {
      try {
        const record = JSON.parse(await readFile(join(this.#directory, name), "utf8")) as Left;
        if (typeof record.id === "string" && typeof record.unit === "string") records.push(record);
      } catch {
        // It ended and was taken away meanwhile.
      }
    }
    return records;
  }
}

/** Its pid may be another program's by now: ours have their id as an argument. */
async function lives({ id, reference }: Left): Promise<boolean> {
  const pid = reference?.pid ?? 0;
  return pid > 1 && isAlive(pid) && (await commandOf(pid)).includes(id);
}

async function endThese(records: readonly Left[], boundMs: number): Promise<void> {
  for (const { reference } of records) {
    try {
      process.kill(reference?.pid as number, "SIGTERM");
    } catch {
      // It ended in between.
    }
  }
  for (let waited = 0; waited < boundMs; waited += pollMs) {
    const left = await Promise.all(records.map(lives));
    if (!left.includes(true)) return;
    await wait(pollMs);
  }
}
