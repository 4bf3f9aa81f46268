import type { RunState } from "@kerf/control-api";
import { type Clock, type ErrorShape, KerfError, type Timer } from "@kerf/kernel";
import { isGateway } from "../placement/gateway-copies.ts";
import { HeldBack } from "./held-back.ts";
import type { Instance, InstanceEnd } from "./instance.ts";
import { RestartPolicy } from "./restart-policy.ts";

/** How long a replaced copy may finish what it has begun, in milliseconds (`defaults.md`: drain), where nobody says otherwise. */
export const drainMs = 30_000;

/** What a slot needs from its surroundings. */
export interface SlotSurroundings {
  readonly clock: Clock;
  /** Starts a new copy. */
  launch(slot: Slot): Instance;
  /** Something about it is different now. */
  changed(slot: Slot): void;
  /** A copy ended that should run. Answers the error to show; `report`: it is worth telling people. */
  failed(slot: Slot, instance: Instance, end: InstanceEnd, report: boolean): Promise<KerfError>;
  /** Resolves when everyone who routes knows what is true now, or after a bound. */
  acknowledged(): Promise<void>;
}

/** A place for one copy of a unit or gateway: keeps it filled, and exchanges what is in it without a gap. */
export class Slot {
  readonly name: string;
  readonly unit: string;
  readonly #around: SlotSurroundings;
  readonly #policy: RestartPolicy;
  readonly #retiring = new Set<Instance>();
  #current: Instance | undefined;
  #next: Instance | undefined;
  #wanted = false;
  #held = false;
  #timer: Timer | undefined;
  #since: number;
  #settled = Promise.withResolvers<void>();
  lastError: ErrorShape | undefined;
  /** How a copy came to its end last that should have run, and when, milliseconds since 1970-01-01 UTC; kept when the next one serves. */
  #lastEnd: { readonly at: number; readonly error: ErrorShape } | undefined;

  constructor(name: string, unit: string, around: SlotSurroundings) {
    this.name = name;
    this.unit = unit;
    this.#around = around;
    this.#policy = new RestartPolicy(around.clock);
    this.#since = around.clock.wall();
  }

  /** The copy that serves, or is to. */
  get current(): Instance | undefined {
    return this.#current;
  }

  /** Every copy whose process runs: the one that serves, its successor, and those that finish their work. */
  get instances(): Instance[] {
    return [this.#current, this.#next, ...this.#retiring].filter(
      (instance) => instance !== undefined,
    );
  }

  /** Whether another copy is being started to take its place. */
  get hasSuccessor(): boolean {
    return this.#next !== undefined;
  }

  /** The successor that was staged and is ready. */
  get staged(): Instance | undefined {
    return this.#next?.routable === true ? this.#next : undefined;
  }

  /** The copies that routers may know of. */
  get routable(): Instance[] {
    return [this.#current, ...this.#retiring].filter(
      (instance) => instance?.routable === true,
    ) as Instance[];
  }

  /** The copy that was ready, lives, and has lost its connection to us. */
  get silent(): Instance | undefined {
    const current = this.#current;
    return current?.state === "ready" && !current.routable ? current : undefined;
  }

  get state(): RunState {
    if (this.#current !== undefined) {
      const { state } = this.#current;
      if (this.silent !== undefined) return "restarting";
      return state === "starting" && this.#policy.looping ? "crashed" : state;
    }
    if (!this.#wanted || this.#held) return "stopped";
    return this.#policy.looping ? "crashed" : "restarting";
  }

  /** Whether it waits, empty, until someone changes what keeps its unit from being started. */
  get heldBack(): boolean {
    return this.#held && this.#current === undefined;
  }

  /** Whether it is empty and nobody wants it filled. */
  get isVacant(): boolean {
    return this.#current === undefined && !this.#wanted;
  }

  /** When the state began, milliseconds since 1970-01-01 UTC. */
  get since(): number {
    return this.#current?.since ?? this.#since;
  }

  get lastEnd(): { readonly at: number; readonly error: ErrorShape } | undefined {
    return this.#lastEnd;
  }

  /** Its copy ends, or has to go, because of this. */
  endedBy(error: KerfError): void {
    this.#lastEnd = { at: this.#around.clock.wall(), error: error.toShape() };
  }

  get restarts(): number {
    return this.#policy.restarts;
  }

  /** Fills it, and keeps it filled from now on. Resolves when the copy is ready or the first one failed. */
  start(): Promise<void> {
    this.#wanted = true;
    if (this.#current === undefined && this.#timer === undefined) this.#launch();
    return this.#settled.promise;
  }

  /** Starts now what would be started later: what kept it from starting is gone. */
  hurry(): void {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = undefined;
    this.#policy.reset();
    this.#launch();
  }

  /** Goes on with a copy that a platform before us started. */
  adopt(instance: Instance): void {
    this.#wanted = true;
    if (this.#current === undefined) this.#keep(instance);
    else this.#retire(instance);
  }

  /**
   * Exchanges the copy: the new one first, then routing, then the end of the old one. When the new one does not get ready, or
   * `gate` rejects, which it waits for, the old one serves on, and this rejects. A newer exchange supersedes one that is under
   * way.
   */
  async replace(gate?: Promise<unknown>): Promise<Instance> {
    this.#wanted = true;
    this.#policy.reset();
    if (this.#current === undefined) await gate;
    if (this.#current === undefined || this.#current.state === "starting") return this.#fillAnew();
    this.#next?.kill();
    const next = this.#around.launch(this);
    this.#next = next;
    try {
      await next.whenReady;
    } catch {
      const replaced = this.#next !== next;
      if (!replaced) this.#next = undefined;
      if (replaced || !this.#wanted) throw supersededError(this.name);
      // Whoever holds the gate has told already what is wrong with the change; it is most likely the same.
      const told = await (gate ?? Promise.resolve()).then(
        () => false,
        () => true,
      );
      throw await this.#explain(next, !told);
    }
    try {
      await gate;
    } catch (cause) {
      if (this.#next === next) this.#next = undefined;
      next.kill();
      throw cause;
    }
    // A still newer exchange began in the moment between.
    if (this.#next !== next) {
      next.kill();
      throw supersededError(this.name);
    }
    this.#next = undefined;
    const old = this.#current;
    this.#keep(next);
    this.#policy.ready();
    this.lastError = undefined;
    if (old !== undefined) this.#retire(old);
    return next;
  }

  /** Starts a successor beside the present copy. Routers do not know it until {@link promote}. */
  stage(launch: () => Instance): Instance {
    this.#next?.kill();
    this.#next = launch();
    return this.#next;
  }

  /** Whether the successor that was staged could take the place now. */
  isStaged(instance: Instance): boolean {
    return this.#next === instance && instance.state === "ready";
  }

  /** Puts the staged successor in the place of the present copy, which drains and is ended by force after `boundMs`. */
  promote(boundMs: number): void {
    const next = this.#next;
    if (next === undefined) throw supersededError(this.name);
    this.#next = undefined;
    this.#wanted = true;
    this.#held = false;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#policy.reset();
    const old = this.#current;
    this.#keep(next);
    this.lastError = undefined;
    if (old !== undefined) this.#retire(old, boundMs);
  }

  /** Ends the staged successor; the present copy serves on. One that was called finishes what it has begun, within `boundMs`. */
  abandon(instance: Instance, boundMs: number): void {
    if (this.#next === instance) this.#next = undefined;
    if (instance.state === "ready") void instance.stop(boundMs);
    else instance.kill();
  }

  /** Lets the present copy finish what it has begun, within `boundMs`, and starts none again. Resolves when it has ended. */
  async vacate(boundMs: number): Promise<void> {
    this.letGo();
    this.#next?.kill();
    this.#next = undefined;
    const old = this.#current;
    this.#current = undefined;
    if (old !== undefined) this.#retire(old, boundMs);
    await Promise.all(this.instances.map((instance) => instance.whenEnded));
  }

  /** Starts nothing again from now on. */
  letGo(): void {
    this.#wanted = false;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Empties it for good; each copy is ended by force after `boundMs`. */
  async stop(boundMs: number): Promise<void> {
    this.letGo();
    this.#next?.kill();
    await Promise.all(this.instances.map((instance) => instance.stop(boundMs)));
  }

  #launch(): Instance {
    this.#held = false;
    const instance = this.#around.launch(this);
    this.#keep(instance);
    return instance;
  }

  #keep(instance: Instance): void {
    this.#current = instance;
    instance.whenReady.then(
      () => {
        this.#policy.ready();
        this.lastError = undefined;
        this.#settled.resolve();
        this.#around.changed(this);
      },
      () => {}, // Its end says more.
    );
    void instance.whenEnded.then((end) => this.#ended(instance, end));
    this.#around.changed(this);
  }

  /** Everybody routes to the new copy before the old one refuses work; clients of a gateway come to its port, where the new one listens. */
  #retire(instance: Instance, boundMs = drainMs): void {
    this.#retiring.add(instance);
    instance.retire();
    this.#around.changed(this);
    const told = isGateway(this.unit) ? Promise.resolve() : this.#around.acknowledged();
    void told.then(() => instance.stop(boundMs));
    void instance.whenEnded.then(() => {
      this.#retiring.delete(instance);
      this.#around.changed(this);
    });
  }

  async #fillAnew(): Promise<Instance> {
    this.#timer?.cancel();
    this.#timer = undefined;
    const starting = this.#current;
    this.#current = undefined;
    starting?.kill();
    const instance = this.#launch();
    try {
      await instance.whenReady;
    } catch {
      // Its end was reported already, by what keeps the slot filled.
      throw await this.#explain(instance, false);
    }
    return instance;
  }

  async #explain(instance: Instance, report: boolean): Promise<KerfError> {
    const end = await instance.whenEnded;
    if (end.reason === "stopped") return supersededError(this.name);
    return this.#around.failed(this, instance, end, report);
  }

  async #ended(instance: Instance, end: InstanceEnd): Promise<void> {
    if (this.#current !== instance) return;
    this.#current = undefined;
    this.#since = this.#around.clock.wall();
    if (!this.#wanted) return this.#around.changed(this);
    const held =
      end.exit.kind === "failed" && end.exit.error instanceof HeldBack ? end.exit.error : undefined;
    this.#held = held !== undefined;
    const wasLooping = this.#policy.looping;
    const wait = this.#policy.ended();
    const report =
      held === undefined ? wait === 0 || (this.#policy.looping && !wasLooping) : !held.told;
    if (!this.#held) {
      this.#timer = this.#around.clock.after(wait, () => {
        this.#timer = undefined;
        if (this.#wanted && this.#current === undefined) this.#launch();
      });
    }
    this.#around.changed(this);
    const error = await this.#around.failed(this, instance, end, report);
    if (held === undefined) this.endedBy(error);
    if (this.current?.state !== "ready") this.lastError = error.toShape();
    this.#settled.resolve();
    this.#around.changed(this);
  }
}

/** The code of a start that a newer one took the place of. */
const superseded = "superseded";

export function supersededError(slot: string): KerfError {
  return new KerfError(superseded, {
    message: `A newer start of ${slot} took the place of this one.`,
    retry: "not-executed",
  });
}

/** Whether an error says that a newer start took over. */
export function isSuperseded(error: unknown): boolean {
  return error instanceof KerfError && error.code === superseded;
}
