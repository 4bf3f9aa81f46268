import {
  Caller,
  connectFramed,
  type SignedSnapshot,
  SnapshotDiscovery,
  SnapshotStore,
} from "@kerf/call";
import { TimerWheel } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { SimulatedProcess } from "../process.ts";
import { contracts } from "./contracts.ts";
import { watched } from "./watched-transport.ts";
import type { World } from "./world.ts";

/** Longest that a program ran before the simulation begins, milliseconds: monotonic clocks have nothing in common. */
const longestUptimeMs = 1_000_000;

/** A program of the world: its clocks, what it knows of the placement, and the client's half of the call path as it is. */
export class Program {
  readonly process: SimulatedProcess;
  readonly wheel: TimerWheel;
  readonly caller: Caller;
  /** What its monotonic clock shows beyond simulated time. */
  readonly uptimeMs: number;
  readonly clients: ReturnType<Program["bindAll"]>;
  readonly #store: SnapshotStore;

  constructor(world: World, name: string, snapshot: SignedSnapshot) {
    const { scheduler, network, placement, properties, settings, variant } = world;
    this.uptimeMs = scheduler.integer(0, longestUptimeMs);
    const skewMs = scheduler.integer(-60_000, 60_000);
    this.process = new SimulatedProcess(scheduler, name, world.wallStart, skewMs, this.uptimeMs);
    network.join(this.process);
    const { clock } = this.process;
    this.wheel = new TimerWheel(clock, settings.tickMs);
    const { publicKey } = placement;
    this.#store = new SnapshotStore({ publicKey, initial: snapshot, log: silentLogger });
    const discovery = new SnapshotDiscovery(this.#store);
    this.caller = new Caller({
      clock,
      random: scheduler.random,
      wheel: this.wheel,
      log: silentLogger,
      discovery: variant.discovery?.(discovery) ?? discovery,
      connect: (address) => {
        const transport = connectFramed(address, {
          clock,
          wheel: this.wheel,
          log: silentLogger,
          hello: { instance: name },
          limits: { maxCalls: settings.maxCalls },
          dial: network.dialFrom(this.process),
        });
        properties.connected(name, transport);
        return watched(variant.transport?.(transport) ?? transport, {
          sent: (request) => properties.sent(this, address, request),
          failed: (request) => properties.attemptFailed(request),
        });
      },
      checked: false,
      policies: { "*": { ...settings.policies, ...variant.policies } },
    });
    this.clients = this.bindAll();
  }

  /** Simulated milliseconds of a moment of its monotonic clock. */
  simulated(monotonicMs: number): number {
    return monotonicMs - this.uptimeMs;
  }

  /** A placement has arrived. */
  learn(snapshot: SignedSnapshot): void {
    this.#store.accept(snapshot);
  }

  bindAll() {
    const options = { caller: "operator" };
    return {
      stock: this.caller.bind(contracts.stock, options),
      mail: this.caller.bind(contracts.mail, options),
      shop: this.caller.bind(contracts.shop, options),
    };
  }
}
