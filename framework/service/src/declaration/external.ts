import { isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";
import type { Contract } from "@kerf/contract";
import type { PostgresDeclaration } from "@kerf/data";
import type { From } from "@kerf/events";
import { KerfError } from "@kerf/kernel";
import type { EventArgs } from "./subscription.ts";
import type { HandlerArgs } from "./handlers.ts";
import { Service } from "./service.ts";
import type { Uses } from "./uses.ts";

/** The program behind an external service, as it is started. */
export interface ExternalProgram {
  /** The program and its arguments; no shell reads them. */
  readonly command: readonly string[];
  /** Absolute path of the directory that it runs in. */
  readonly cwd: string;
  /** Path that answers 2xx once it can serve, such as `/health`; without one it is ready when it listens. */
  readonly health: string | undefined;
  /** Variables that it gets beside those of the sidecar; no secrets. */
  readonly environment: Readonly<Record<string, string>>;
  /** Hosts outside of the app that it may reach through the sidecar. */
  readonly allow: readonly string[];
  /** How long it may take to get ready, milliseconds. */
  readonly startMs: number;
}

/** Which events of another service the program is sent. */
export interface Follows {
  readonly producer: Contract<any, any, any>;
  readonly events: readonly string[];
  /** Where it begins when it is new. Default: `beginning`. */
  readonly from?: From;
}

/** What a service says of itself whose implementation is a program in any language. */
export interface ExternalOptions<U extends Uses = Uses> {
  /** The team that answers for it. */
  owner: string;
  /** The program and its arguments: `["python3", "service.py"]`; no shell reads them. */
  command: readonly string[];
  /** The directory that it runs in: `new URL(".", import.meta.url)`, or an absolute path. */
  cwd: URL | string;
  /** The contracts that it calls; nothing else can be called. */
  uses?: U;
  /** Events of others that it is sent; needs a `database`, where it is kept how far it is. */
  follows?: readonly Follows[];
  /** Keeps the log of the events that it emits and how far it is in those of others; the program itself does not get at it. */
  database?: PostgresDeclaration<any>;
  /** Path that answers 2xx once it can serve, such as `/health`; without one it is ready when it listens. */
  health?: string;
  /** Variables that it gets beside its port and the way to the sidecar. No secrets: others read an environment too easily. */
  environment?: Readonly<Record<string, string>>;
  /** Hosts outside of the app that it may reach through the sidecar, `api.example.com` or `api.example.com:8443`. */
  allow?: readonly string[];
  /** How long it may take to get ready, milliseconds. Default 20 000. */
  startMs?: number;
  /** Where people find what to do at three in the morning. */
  runbook?: string;
}

/** What carries the calls and events of an external service to its program. */
export interface Forwarding {
  /** A promise of the answer, or for a stream its items. */
  operation(name: string, args: HandlerArgs<any, any, any>): unknown;
  /** Resolves when the program has applied the event. */
  event(producer: string, name: string, args: EventArgs<any, any, any>): Promise<void>;
}

/** Half of what an instance may take to get ready. */
const defaultStartMs = 20_000;

/** A service whose handlers are a program of its own, which a sidecar starts and calls over HTTP. */
export class ExternalService<
  C extends Contract<any, any, any> = Contract<any, any, any>,
  U extends Uses = Uses,
> extends Service<C, U, any> {
  readonly program: ExternalProgram;
  #forwarding: Forwarding | undefined;

  constructor(contract: C, options: ExternalOptions<U>) {
    const { command, follows = [], health, environment = {}, allow = [], startMs } = options;
    super(contract, options);
    const problems: string[] = [];
    const cwd = directoryOf(options.cwd, problems);
    if (command.length === 0 || command[0] === "") problems.push("command: names no program.");
    if (health !== undefined && !health.startsWith("/"))
      problems.push(`health: ${JSON.stringify(health)} is no path; write it as "/health".`);
    if (startMs !== undefined && !(startMs >= 1 && startMs <= 600_000))
      problems.push(`startMs: ${startMs} is not from 1 to 600 000 milliseconds.`);
    for (const name of Object.keys(environment)) {
      if (reserved.test(name))
        problems.push(`environment: ${name} is set by the sidecar; choose another name.`);
    }
    if ("events" in (options.uses ?? {}))
      problems.push(
        "uses: a service cannot be called `events` here: the sidecar takes events at that path.",
      );
    if (problems.length > 0) {
      throw new KerfError("invalid_app", {
        message: `The program of ${contract.name} is declared wrongly: ${problems.join(" ")}`,
        fix: 'Write it as external(contract, { owner, command: ["python3", "service.py"], cwd: new URL(".", import.meta.url) }).',
        data: { service: contract.name, problems },
      });
    }
    this.program = {
      command,
      cwd,
      health,
      environment,
      allow,
      startMs: startMs ?? defaultStartMs,
    };
    const handler = (name: string) => (args: HandlerArgs<any, any, any>) =>
      this.#carrier.operation(name, args);
    this.implement(
      Object.fromEntries(
        Object.keys(contract.operations).map((name) => [name, handler(name)]),
      ) as never,
    );
    for (const { producer, events, from = "beginning" } of follows) {
      const apply = (name: string) => (args: EventArgs<any, any, any>) =>
        this.#carrier.event(producer.name, name, args);
      const handlers = Object.fromEntries(events.map((name) => [name, apply(name)]));
      this.on(producer, handlers as never, { from });
    }
  }

  /** Its effects lie where the platform cannot record them. */
  override get recordsCommands(): boolean {
    return false;
  }

  /** Gives it what carries its calls; a sidecar does, once. */
  forwardTo(forwarding: Forwarding): void {
    this.#forwarding = forwarding;
  }

  get #carrier(): Forwarding {
    if (this.#forwarding !== undefined) return this.#forwarding;
    throw new KerfError("not_ready", {
      message: `The program of ${this.name} is not started: ${this.program.command.join(" ")}`,
      why: "Its calls go to a program of its own, and this process is not its sidecar.",
      fix: "Start the app (kerf dev), or startService() in a test: both start the program.",
    });
  }
}

// PORT and proxies lead to the sidecar; what begins with KERF_ is ours.
const reserved = /^(?:PORT|KERF_.*|https?_proxy|no_proxy)$/i;

/** The program of a service that has one; authors may have another copy of this package, so it is told by its shape. */
export function programOf(service: object): ExternalProgram | undefined {
  return (service as { program?: ExternalProgram }).program;
}

function directoryOf(given: URL | string, problems: string[]): string {
  const text = String(given);
  if (text.startsWith("file:")) return fileURLToPath(text).replace(/(?<=.)\/$/, "");
  if (isAbsolute(text)) return text;
  problems.push(
    `cwd: ${JSON.stringify(text)} is not absolute; relative to which file it is meant, a function cannot know.`,
  );
  return text;
}

/**
 * Declares a service whose implementation is a program in any language: the platform starts it beside a sidecar, which speaks plain
 * HTTP with it. Export it as the default of its module. Throws `invalid_app` naming all that is wrong.
 */
export function external<
  const C extends Contract<any, any, any>,
  const U extends Uses = Record<never, never>,
>(contract: C, options: ExternalOptions<U>): ExternalService<C, U> {
  return new ExternalService(contract, options);
}
