import { type Dial, unreachable } from "@kerf/call";
import type { SimulatedProcess } from "../process.ts";
import type { Scheduler } from "../scheduler.ts";
import { Lane, type Passage } from "./lane.ts";
import { SimulatedSocket } from "./socket.ts";

/** A program that takes connections. */
export interface Listener {
  readonly process: SimulatedProcess;
  accept(socket: SimulatedSocket): void;
}

/** What goes wrong with single messages, by its chance; zero when the faults are over. */
export interface ByteFaults {
  /** A segment is lost and sent again by the system: seconds. */
  slow: number;
}

/** Longest time of a segment that was lost, simulated milliseconds: a few retransmissions. */
const slowestMs = 3_000;

/** Connections between simulated programs: bytes in order, cuts in one direction or both, resets, programs that are gone. */
export class ByteNetwork implements Passage {
  readonly faults: ByteFaults = { slow: 0 };
  readonly #scheduler: Scheduler;
  readonly #listeners = new Map<string, Listener>();
  readonly #lanes = new Set<Lane>();
  readonly #sockets = new Set<SimulatedSocket>();
  readonly #pairs = new Map<SimulatedSocket, SimulatedSocket>();
  /** Directions in which nothing passes, as `from>to`, with how many faults say so. */
  readonly #cuts = new Map<string, number>();

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** Whose ends are open. */
  get open(): string[] {
    return [...this.#sockets].map(({ process }) => process.name);
  }

  listen(address: string, listener: Listener): void {
    this.#listeners.set(address, listener);
    this.join(listener.process);
  }

  unlisten(address: string): void {
    this.#listeners.delete(address);
  }

  /** A program that has connections: when it dies, they break. */
  join(process: SimulatedProcess): void {
    process.onDeath(() => {
      for (const socket of this.#sockets) if (socket.process === process) socket.died();
    });
  }

  /** Lets nothing pass in this direction for so long. */
  cut(from: string, to: string, ms: number): void {
    this.#scheduler.note(`nothing passes from ${from} to ${to} for ${ms.toFixed(0)} ms`);
    const key = `${from}>${to}`;
    this.#cuts.set(key, (this.#cuts.get(key) ?? 0) + 1);
    this.#scheduler.plan(ms, `${from} reaches ${to} again`, () => {
      const left = (this.#cuts.get(key) ?? 1) - 1;
      if (left > 0) {
        this.#cuts.set(key, left);
        return;
      }
      this.#cuts.delete(key);
      for (const lane of this.#lanes) {
        if (lane.from === from && lane.to === to) lane.retransmit();
      }
    });
  }

  blocked(from: string, to: string): boolean {
    return this.#cuts.has(`${from}>${to}`);
  }

  latency(): number {
    const { slow } = this.faults;
    const isSlow = slow > 0 && this.#scheduler.chance(slow);
    return this.#scheduler.latency(0.05, isSlow ? slowestMs : 3);
  }

  /** How a program connects. */
  dialFrom(process: SimulatedProcess): Dial {
    return (endpoint, { clock, timeoutMs, connected, failed }) => {
      let isOver = false;
      const over = (fn: () => void): void => {
        if (isOver) return;
        isOver = true;
        timer.cancel();
        fn();
      };
      let near: SimulatedSocket | undefined;
      const fail = (what: string): void =>
        over(() => {
          near?.destroy();
          failed(unreachable(endpoint, what));
        });
      const timer = clock.after(timeoutMs, () => fail(`no connection within ${timeoutMs} ms`));
      const address = endpoint.kind === "unix" ? `unix:${endpoint.path}` : endpoint.host;
      const to = address.slice(address.lastIndexOf("/") + 1);
      const there = this.#lane(process.name, to);
      const back = this.#lane(to, process.name);
      there.send("connect", () => {
        const listener = this.#listeners.get(address);
        if (listener?.process.alive !== true) {
          back.send("refused", () => process.deliver(() => fail("ECONNREFUSED")));
          return;
        }
        const mine = this.#socket(process, there);
        const far = this.#socket(listener.process, back);
        near = mine;
        mine.pairWith(far);
        far.pairWith(mine);
        this.#pairs.set(mine, far).set(far, mine);
        listener.process.deliver(() => listener.accept(far));
        back.send("connected", () =>
          process.deliver(() => {
            if (isOver) mine.destroy();
            else over(() => mine.reads(connected(mine.asSocket, undefined)));
          }),
        );
      });
      return { cancel: () => over(() => near?.destroy()) };
    };
  }

  /** Breaks a connection of this program, if it has any. */
  breakOne(name: string): void {
    const candidates = [...this.#sockets].filter(({ process }) => process.name === name);
    if (candidates.length === 0) return;
    const socket = this.#scheduler.pick(candidates);
    this.#scheduler.note(`a connection of ${name} breaks`);
    const other = this.#pairs.get(socket);
    socket.reset();
    other?.reset();
  }

  #socket(process: SimulatedProcess, lane: Lane): SimulatedSocket {
    const socket = new SimulatedSocket(process, lane, (closed) => {
      this.#sockets.delete(closed);
      const other = this.#pairs.get(closed);
      if (other === undefined || this.#sockets.has(other)) return;
      this.#pairs.delete(closed);
      this.#pairs.delete(other);
    });
    this.#sockets.add(socket);
    return socket;
  }

  #lane(from: string, to: string): Lane {
    const lane = new Lane(this.#scheduler, this, from, to);
    this.#lanes.add(lane);
    return lane;
  }
}
