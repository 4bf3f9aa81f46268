import type { SimulatedProcess } from "../process.ts";
import { SimulatedClient } from "./client.ts";
import { connectionRefused } from "./errors.ts";
import type { SimulatedServer } from "./server.ts";

/** The driver's pool, as far as the engines use it: connections of one process to one database. */
export class SimulatedPool {
  readonly #server: SimulatedServer;
  readonly #database: string;
  readonly #process: SimulatedProcess;
  readonly #idle: SimulatedClient[] = [];
  #open = 0;

  constructor(server: SimulatedServer, database: string, process: SimulatedProcess) {
    this.#server = server;
    this.#database = database;
    this.#process = process;
  }

  get totalCount(): number {
    return this.#open;
  }

  get idleCount(): number {
    return this.#idle.length;
  }

  /** Nobody asks for the pool's events here. */
  on(): this {
    return this;
  }

  /** An idle connection, or a new one after a while; rejects when the server is down. */
  connect(): Promise<SimulatedClient> {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (!idle.broken) return Promise.resolve(idle);
      this.#open -= 1;
    }
    const { scheduler } = this.#server;
    return new Promise((resolve, reject) => {
      if (!this.#process.alive) return;
      scheduler.plan(scheduler.latency(0.1, 10), "a connection", () =>
        this.#process.deliver(() => {
          if (!this.#server.up) return reject(connectionRefused());
          this.#open += 1;
          const database = this.#server.database(this.#database);
          resolve(
            new SimulatedClient(this.#server, database, this.#process, (client, broken) =>
              this.#takeBack(client, broken),
            ),
          );
        }),
      );
    });
  }

  /** Nothing is open in the simulation that would keep a program alive. */
  end(): Promise<void> {
    return Promise.resolve();
  }

  #takeBack(client: SimulatedClient, broken: boolean): void {
    if (broken) this.#open -= 1;
    else this.#idle.push(client);
  }
}
