import { timingSafeEqual } from "node:crypto";
import type { Attachment, HostReport } from "@kerf/call";
import { type Clock, KerfError, type Timer, toKerfError } from "@kerf/kernel";
import type { Exit, Running } from "../runtimes/runtime.ts";
import type { InstanceRecord } from "../state/instance-records.ts";

/** The states of one process, in the only order they come in. */
export type InstanceState = "starting" | "ready" | "draining" | "stopped";

/** Resident memory of a copy, bytes. */
export interface MemoryUse {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

/** How and why a process ended. */
export interface InstanceEnd {
  readonly exit: Exit;
  /** Whether it had been ready before. */
  readonly wasReady: boolean;
  /** Set when we ended it: because it was told to stop, did not get ready, or could not be reached any more. */
  readonly reason?: "stopped" | "not-ready" | "unreachable" | "memory";
  /** What it used when it was ended because of it. */
  readonly memory?: MemoryUse;
  /** Set when it was told to stop, had not finished in its time and was ended by force. */
  readonly overran?: true;
}

/** How long a start may take where nobody says otherwise, in milliseconds. */
const startBoundMs = 30_000;
/** How long a process that lives may be without a connection to us before it counts as hung, in milliseconds. */
export const unreachableBoundMs = 10_000;
/** How long a lost connection is put down to the process's end, of which we hear a moment later, in milliseconds. */
const lostGraceMs = 250;

/** One process of a unit or gateway, from its start to its end: what it says of itself and what the system says of it. */
export class Instance {
  readonly record: InstanceRecord;
  readonly adopted: boolean;
  /** How long its start may take, in milliseconds. */
  readonly readyMs: number;
  readonly #clock: Clock;
  readonly #onChange: (instance: Instance) => void;
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<InstanceEnd>();
  #running: Running | undefined;
  #state: InstanceState = "starting";
  #since: number;
  #wasReady = false;
  #links = 0;
  #reachable = false;
  #reason: InstanceEnd["reason"];
  #overran = false;
  #memory: MemoryUse | undefined;
  #address: string;
  #files: readonly string[] = [];
  #seen = { epoch: 0, generation: 0 };
  #startTimer: Timer | undefined;
  #lostTimer: Timer | undefined;
  #stopTimer: Timer | undefined;

  constructor(options: {
    record: InstanceRecord;
    running: Promise<Running>;
    /** Resolves when it has what it needs to start; from then on its start is bounded. */
    booted?: Promise<unknown>;
    clock: Clock;
    adopted?: boolean;
    readyMs?: number | undefined;
    onChange: (instance: Instance) => void;
  }) {
    this.record = options.record;
    this.adopted = options.adopted ?? false;
    this.readyMs = options.readyMs ?? startBoundMs;
    this.#clock = options.clock;
    this.#onChange = options.onChange;
    this.#address = options.record.address;
    this.#since = options.clock.wall();
    if (this.adopted && this.record.ready) {
      // It served a moment ago and lives: it is routed to until it proves to be away, or its absence would be our doing.
      this.#state = "ready";
      this.#wasReady = true;
      this.#reachable = true;
      this.#ready.resolve();
      this.#lostTimer = this.#clock.after(unreachableBoundMs, () => this.#giveUp("unreachable"));
    }
    const begin = (): void => {
      if (this.#state !== "starting") return;
      this.#startTimer = this.#clock.after(this.readyMs, () => this.#giveUp("not-ready"));
    };
    // Without a boot document the runtime ends it.
    (options.booted ?? Promise.resolve()).then(begin, () => {});
    // Who waits for neither is told by onChange.
    this.#ready.promise.catch(() => {});
    void this.#follow(options.running);
  }

  get id(): string {
    return this.record.id;
  }
  get unit(): string {
    return this.record.unit;
  }
  get state(): InstanceState {
    return this.#state;
  }
  /** When the state began, milliseconds since 1970-01-01 UTC. */
  get since(): number {
    return this.#since;
  }
  get pid(): number {
    return this.#state === "stopped" ? 0 : (this.#running?.pid ?? 0);
  }
  /** Where it answers, as it says itself. */
  get address(): string {
    return this.#address;
  }
  /** Source files of the app that it loaded. */
  get files(): readonly string[] {
    return this.#files;
  }
  /** Whether it has a connection to us. */
  get attached(): boolean {
    return this.#links > 0;
  }
  /** Whether routers may know of it: it attached, and the connection is there or has only just gone. */
  get routable(): boolean {
    return this.#reachable && (this.#state === "ready" || this.#state === "draining");
  }
  /** Resolves when it is ready; rejects when it ends before. */
  get whenReady(): Promise<void> {
    return this.#ready.promise;
  }
  /** Resolves when its process has ended. */
  get whenEnded(): Promise<InstanceEnd> {
    return this.#ended.promise;
  }

  /** Whether `token` is the one that it was given; compared in constant time. */
  owns(token: string): boolean {
    const given = Buffer.from(token);
    const own = Buffer.from(this.record.token);
    return given.length === own.length && timingSafeEqual(given, own);
  }

  /** Whether it routes by this snapshot or a newer one. */
  hasSeen(epoch: number, generation: number): boolean {
    return (
      this.#seen.epoch > epoch ||
      (this.#seen.epoch === epoch && this.#seen.generation >= generation)
    );
  }

  /** It connected to us. */
  attach(attachment: Attachment): void {
    this.#links++;
    this.#lostTimer?.cancel();
    this.#lostTimer = undefined;
    this.#reachable = true;
    this.#address = attachment.address;
    this.#files = attachment.files;
    this.#says(attachment.state);
    this.#onChange(this);
  }

  /** Its connection ended. */
  detach(): void {
    this.#links = Math.max(0, this.#links - 1);
    if (this.#links > 0 || this.#state === "stopped") return;
    this.#lostTimer = this.#clock.after(lostGraceMs, () => {
      this.#reachable = false;
      this.#lostTimer = this.#clock.after(unreachableBoundMs, () => this.#giveUp("unreachable"));
      this.#onChange(this);
    });
  }

  /** It tells its state and which snapshot it routes by. */
  report(report: HostReport): void {
    this.#seen = { epoch: report.epoch, generation: report.generation };
    // Where it listens is said when it attaches, and a report may overtake that: it comes again then.
    if (report.state !== "ready" || this.attached) this.#says(report.state);
    this.#onChange(this);
  }

  /** Takes it out of routing; it goes on serving what reaches it until {@link stop}. */
  retire(): void {
    if (this.#state === "ready") this.#enter("draining");
  }

  /** Lets it drain and end; ends it by force after `boundMs`. Idempotent. */
  async stop(boundMs: number): Promise<void> {
    if (this.#state !== "stopped") {
      this.#reason ??= "stopped";
      this.#enter("draining");
      this.#running?.terminate();
      // Of two bounds the later word counts: whoever is in a hurry must not wait for who was not.
      this.#stopTimer?.cancel();
      this.#stopTimer = this.#clock.after(boundMs, () => {
        this.#overran = true;
        this.#running?.kill();
      });
    }
    await this.#ended.promise;
  }

  /** Ends it at once: it uses far more memory than it may. Whoever keeps its place filled starts another. */
  outgrew(use: MemoryUse): void {
    this.#memory = use;
    this.#giveUp("memory");
  }

  /** Ends it at once. */
  kill(): void {
    this.#reason ??= "stopped";
    this.#running?.kill();
  }

  async #follow(starting: Promise<Running>): Promise<void> {
    let exit: Exit;
    try {
      this.#running = await starting;
      if (this.#reason !== undefined) this.#running.kill();
      // One that a platform before us has started may have been on its way then.
      if (this.#state === "ready") this.#running.ready?.();
      this.#onChange(this);
      exit = await this.#running.exited;
    } catch (cause) {
      exit = { kind: "failed", error: toKerfError(cause) };
    }
    for (const timer of [this.#startTimer, this.#lostTimer, this.#stopTimer]) timer?.cancel();
    const end: InstanceEnd = {
      exit,
      wasReady: this.#wasReady,
      ...(this.#reason === undefined ? undefined : { reason: this.#reason }),
      ...(this.#memory === undefined ? undefined : { memory: this.#memory }),
      ...(this.#overran ? { overran: true as const } : undefined),
    };
    this.#reachable = false;
    this.#enter("stopped");
    this.#ready.reject(
      new KerfError("start_failed", `${this.id} ${describeExit(exit)} before it was ready.`),
    );
    this.#ended.resolve(end);
  }

  #says(state: HostReport["state"]): void {
    if (state === "ready" && this.#state === "starting") {
      this.#startTimer?.cancel();
      this.#wasReady = true;
      this.#running?.ready?.();
      this.#enter("ready");
      this.#ready.resolve();
    } else if (state === "draining" && this.#state === "ready") {
      this.#enter("draining");
    }
  }

  #giveUp(reason: NonNullable<InstanceEnd["reason"]>): void {
    this.#reason ??= reason;
    this.#running?.kill();
  }

  #enter(state: InstanceState): void {
    if (this.#state === state || this.#state === "stopped") return;
    this.#state = state;
    this.#since = this.#clock.wall();
    this.#onChange(this);
  }
}

/** An exit in words, as the end of a sentence. */
export function describeExit(exit: Exit): string {
  switch (exit.kind) {
    case "code":
      return `ended with exit code ${exit.code}`;
    case "signal":
      return `was ended by ${exit.signal}`;
    case "failed":
      return `could not be started: ${exit.error.message}`;
    case "unknown":
      return "ended";
  }
}
