import { generateKeyPairSync } from "node:crypto";
import {
  type PlacedInstance,
  type PublicKey,
  type SignedSnapshot,
  signSnapshot,
  type Snapshot,
} from "@kerf/call";
import type { Scheduler } from "../scheduler.ts";
import { records, type ServiceName, serviceNames } from "./contracts.ts";
import type { Program } from "./program.ts";

/** How long a snapshot is on its way, simulated milliseconds. */
const fastestMs = 0.5;
const slowestMs = 1_500;

const pair = generateKeyPairSync("ed25519");
const publicKey: PublicKey = { ...pair.publicKey.export({ format: "jwk" }), kid: "simulation" };
const privateKey: Record<string, unknown> = {
  ...pair.privateKey.export({ format: "jwk" }),
  kid: "simulation",
};

/** What the platform knows and publishes: each program learns it at a moment of its own, and an older one may come after a newer one. */
export class Placement {
  readonly publicKey = publicKey;
  readonly #scheduler: Scheduler;
  readonly #programs = new Set<Program>();
  readonly #instances: Record<ServiceName, PlacedInstance[]> = { stock: [], mail: [], shop: [] };
  #generation = 0;
  #signed: SignedSnapshot | undefined;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** The newest snapshot. */
  get signed(): SignedSnapshot {
    return (this.#signed ??= signSnapshot(this.#snapshot(), privateKey));
  }

  instancesOf(service: ServiceName): readonly PlacedInstance[] {
    return this.#instances[service];
  }

  follow(program: Program): void {
    this.#programs.add(program);
  }

  forget(program: Program): void {
    this.#programs.delete(program);
  }

  add(service: ServiceName, instance: PlacedInstance): void {
    this.#instances[service] = [...this.#instances[service], instance];
    this.#publish();
  }

  remove(service: ServiceName, id: string): void {
    this.#instances[service] = this.#instances[service].filter((instance) => instance.id !== id);
    this.#publish();
  }

  #publish(): void {
    this.#generation++;
    this.#signed = undefined;
    const { signed } = this;
    this.#scheduler.note(`placement ${this.#generation}`);
    for (const program of this.#programs) {
      const after = this.#scheduler.latency(fastestMs, slowestMs);
      this.#scheduler.plan(after, `placement for ${program.process.name}`, () =>
        program.process.deliver(() => program.learn(signed)),
      );
    }
  }

  #snapshot(): Snapshot {
    return {
      app: "simulation",
      environment: "simulation",
      epoch: 1,
      generation: this.#generation,
      services: Object.fromEntries(
        serviceNames.map((name) => [
          name,
          { unit: name, version: "1.0.0", uses: serviceNames, recordsCommands: records[name] },
        ]),
      ),
      units: Object.fromEntries(
        serviceNames.map((name) => [name, { instances: this.#instances[name] }]),
      ),
      gateways: {},
      principalKeys: [],
      issuerKeys: [],
    };
  }
}
