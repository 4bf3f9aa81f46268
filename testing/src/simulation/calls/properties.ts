import type { Request, Transport } from "@kerf/call";
import type { CallContext, KerfError } from "@kerf/kernel";
import type { Violation } from "../outcome.ts";
import type { Scheduler } from "../scheduler.ts";
import { Budgets } from "./budgets.ts";
import type { MadeCall } from "./calling.ts";
import { type Errand, records, type ServiceName } from "./contracts.ts";
import type { Instance } from "./instance.ts";
import type { Program } from "./program.ts";
import type { Settings } from "./settings.ts";
import { callOf } from "./watched-transport.ts";

/** What is known of one call of a stub. */
interface Known {
  readonly call: MadeCall;
  sends: number;
  /** The most that an attempt had left when it was sent, milliseconds. */
  mostLeftMs: number;
  executions: number;
  failedAt: number | undefined;
  endedAt: number | undefined;
  notExecuted: boolean;
}

/** Rounding of fractions of a millisecond. */
const hairMs = 0.001;
/** In calm times a callee knows after so long, milliseconds, that its caller has gone. */
const newsMs = 500;

/**
 * What must hold, seen by somebody outside who sees every call at both of its ends. What is found first is kept; what comes after
 * may be its consequence.
 */
export class Properties {
  /** From here on nothing goes wrong any more: what is cancelled must stop soon. Simulated milliseconds. */
  calmFrom = Number.POSITIVE_INFINITY;
  readonly #scheduler: Scheduler;
  readonly #settings: Settings;
  readonly #budgets: Budgets;
  readonly #calls = new Map<number, Known>();
  readonly #effects = new Map<string, string>();
  readonly #effectsOf = new Map<string, number>();
  readonly #executionsOf = new Map<string, number>();
  readonly #running = new Map<object, string>();
  readonly #leftAt = new Map<string, number>();
  readonly #transports: { readonly of: string; readonly transport: Transport }[] = [];
  /** Who has sent something to whom since it was last forgotten. */
  readonly reached = new Set<string>();
  answered = 0;
  failed = 0;
  retries = 0;
  #violation: Violation | undefined;

  constructor(scheduler: Scheduler, settings: Settings) {
    this.#scheduler = scheduler;
    this.#settings = settings;
    this.#budgets = new Budgets(settings.policies);
  }

  get violation(): Violation | undefined {
    return this.#violation;
  }

  get calls(): number {
    return this.#calls.size;
  }

  get effects(): number {
    return this.#effects.size;
  }

  violated(property: string, what: string): void {
    if (this.#violation !== undefined) return;
    this.#violation = { property, what };
    this.#scheduler.note(`${property}: ${what}`);
  }

  // The caller's side.

  called(call: MadeCall): void {
    this.#note(`${nameOf(call)} begins`);
    this.#calls.set(call.number, {
      call,
      sends: 0,
      mostLeftMs: 0,
      executions: 0,
      failedAt: undefined,
      endedAt: undefined,
      notExecuted: false,
    });
    this.#budgets.called(budgetOf(call), this.#scheduler.now);
  }

  connected(of: string, transport: Transport): void {
    this.#transports.push({ of, transport });
  }

  sent(program: Program, address: string, request: Request): void {
    const known = this.#known(callOf(request));
    const { call } = known;
    const { now } = this.#scheduler;
    known.sends++;
    this.#note(`${nameOf(call)} is sent to ${address}`);
    this.reached.add(`${program.process.name} ${address}`);
    if (known.endedAt !== undefined) {
      this.violated("nothing is sent for a call that has ended", nameOf(call));
    }
    if (known.sends > this.#settings.policies.attempts) {
      this.violated("at most so many attempts", `${nameOf(call)} was sent ${known.sends} times`);
    }
    const deadline = program.simulated(request.context.deadline);
    // After a pause an attempt may begin when all is over already; it is not sent then.
    if (deadline > Math.max(call.deadline, now) + hairMs) {
      this.violated(
        "deadlines shrink",
        `an attempt of ${nameOf(call)} may go on ${(deadline - call.deadline).toFixed(1)} ms beyond the call`,
      );
    }
    known.mostLeftMs = Math.max(known.mostLeftMs, deadline - now);
    if (known.sends > 1) {
      this.retries++;
      this.#budgets.retried(budgetOf(call), known.failedAt ?? now);
    }
  }

  attemptFailed(request: Request): void {
    this.#known(callOf(request)).failedAt = this.#scheduler.now;
  }

  ended(call: MadeCall, error: KerfError | undefined): void {
    const known = this.#known(call.number);
    const { now } = this.#scheduler;
    const how = error === undefined ? "is answered" : `ends: ${error.code}, ${error.retry}`;
    this.#note(`${nameOf(call)} ${how}`);
    if (known.endedAt !== undefined) this.violated("a call ends once", nameOf(call));
    known.endedAt = now;
    if (error === undefined) this.answered++;
    else this.failed++;
    const { process } = call.program;
    const late = now - Math.max(call.deadline, process.resumedAt);
    // A stream's consumer takes what it has at its own pace.
    if (call.operation !== "watch" && late > this.#settings.tickMs + hairMs) {
      this.violated("no call outlives its deadline", `${nameOf(call)} by ${late.toFixed(1)} ms`);
    }
    if (error?.retry === "not-executed") {
      known.notExecuted = true;
      if (known.executions > 0) this.#notNotExecuted(known);
    }
    const isRecorded = call.operation === "take" || call.operation === "order";
    if (error === undefined && isRecorded && !this.#effectsOf.has(`${call.service} ${call.id}`)) {
      this.violated("an answer says what happened", `${nameOf(call)} has no effect`);
    }
  }

  /** A client has left. */
  left(id: string): void {
    this.#leftAt.set(id, this.#scheduler.now);
  }

  item(id: string, last: number, n: number): void {
    if (n !== last + 1) this.violated("streams have no gap", `${id}: after ${last} came ${n}`);
  }

  streamEnded(id: string, last: number, to: number): void {
    if (last !== to) this.violated("streams have no gap", `${id} ended at ${last} of ${to}`);
  }

  // The callee's side.

  /** A handler begins; what is returned says that it is over. */
  began(instance: Instance, errand: Errand, context: CallContext): () => void {
    const { now } = this.#scheduler;
    const { program, service } = instance;
    const known = this.#known(errand.call);
    const { call } = known;
    known.executions++;
    this.#note(`${nameOf(call)} is executed by ${instance.name}`);
    if (known.notExecuted) this.#notNotExecuted(known);
    const executions = (this.#executionsOf.get(`${service} ${errand.id}`) ?? 0) + 1;
    this.#executionsOf.set(`${service} ${errand.id}`, executions);
    if (call.operation === "send" && !records[service] && executions > 1) {
      this.violated("what nobody records is not repeated", `${nameOf(call)} was executed twice`);
    }
    const leftMs = program.simulated(context.deadline) - now;
    // On the wire the least that is left is a millisecond.
    if (leftMs > Math.max(known.mostLeftMs, 1) + hairMs) {
      this.violated(
        "deadlines shrink",
        `${nameOf(call)} has ${leftMs.toFixed(1)} ms left at ${instance.name}, and had ${known.mostLeftMs.toFixed(1)}`,
      );
    }
    const execution = {};
    this.#running.set(execution, `${nameOf(call)} at ${instance.name}`);
    return () => {
      this.#running.delete(execution);
      this.#executionEnded(known, instance, context);
    };
  }

  /** A command takes effect, unless its record is there already. */
  effect(service: ServiceName, key: string, id: string): void {
    if (!records[service]) return;
    const scope = `${service} ${key}`;
    if (this.#effects.has(scope)) return;
    this.#effects.set(scope, id);
    const count = (this.#effectsOf.get(`${service} ${id}`) ?? 0) + 1;
    this.#effectsOf.set(`${service} ${id}`, count);
    if (count > 1) this.violated("a command has one effect", `${service} ${id} took effect twice`);
  }

  // At the end.

  checkAtRest(
    programs: readonly Program[],
    instances: readonly Instance[],
    open: readonly string[],
  ): void {
    const complain = (what: string): void => this.violated("nothing is left behind", what);
    for (const { call, endedAt } of this.#calls.values()) {
      if (endedAt === undefined && call.program.process.alive) {
        this.violated("every call ends", nameOf(call));
      }
    }
    const [running] = this.#running.values();
    if (running !== undefined) complain(`${running} still runs`);
    for (const { of, transport } of this.#transports) {
      if (programs.some(({ process }) => process.name === of) && transport.inFlight !== 0) {
        complain(`a transport of ${of} has ${transport.inFlight} calls under way`);
      }
    }
    for (const { process, wheel, caller } of programs) {
      if (wheel.waiting > 0)
        complain(`${wheel.waiting} entries wait on the wheel of ${process.name}`);
      if (process.timers > 0) complain(`${process.timers} timers of ${process.name} wait`);
      for (const { service, inFlight } of caller.upstreams()) {
        if (inFlight !== 0)
          complain(`${process.name} has ${inFlight} calls to ${service} in its bulkhead`);
      }
    }
    for (const { name, inbound } of instances) {
      if (inbound.inFlight !== 0) complain(`${name} serves ${inbound.inFlight} calls`);
    }
    if (open.length > 0) complain(`ends of connections are open: ${open.join(", ")}`);
    const over = this.#budgets.overdrawn();
    if (over !== undefined) this.violated("retries stay within their budget", over);
  }

  /** An instance is dead, and what it was doing with it. */
  died(instance: Instance): void {
    for (const [execution, what] of this.#running) {
      if (what.endsWith(` at ${instance.name}`)) this.#running.delete(execution);
    }
  }

  #executionEnded(known: Known, { name, program, process }: Instance, context: CallContext): void {
    const { now } = this.#scheduler;
    const { call } = known;
    const tick = this.#settings.tickMs;
    const late = now - Math.max(program.simulated(context.deadline), process.resumedAt);
    if (late > tick + hairMs) {
      this.violated(
        "no handler outlives its deadline",
        `${nameOf(call)} at ${name} by ${late.toFixed(1)} ms`,
      );
    }
    const { endedAt } = known;
    if (endedAt !== undefined && endedAt > this.calmFrom && now > endedAt + newsMs) {
      this.violated(
        "what is cancelled stops",
        `${nameOf(call)} at ${name} went on for ${(now - endedAt).toFixed(0)} ms`,
      );
    }
  }

  #notNotExecuted({ call }: Known): void {
    this.violated(
      "what is not executed was not",
      `${nameOf(call)} failed as not executed, and was`,
    );
  }

  #known(number: number): Known {
    return this.#calls.get(number) as Known;
  }

  #note(line: string): void {
    this.#scheduler.note(line);
  }
}

function nameOf({ number, service, operation, id, program }: MadeCall): string {
  return `call ${number} of ${program.process.name} (${service}.${operation}, ${id})`;
}

function budgetOf({ program, service }: MadeCall): string {
  return `${program.process.name} → ${service}`;
}
