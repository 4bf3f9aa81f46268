import { type Clock, delay, KerfError, toKerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { Home } from "../../state/home.ts";
import type { Exit, Launch, Running, Runtime } from "../runtime.ts";
import { bootInContainer } from "./boot-in-container.ts";
import { longestYieldMs } from "../processor-share.ts";
import { containerOf, type ContainerSurroundings, shares } from "./container.ts";
import { followLog } from "./container-log.ts";
import type { Engine } from "./engine.ts";
import type { EnginePresence } from "./engine-presence.ts";
import { ImageBeside } from "./image-beside.ts";
import type { ImageNetworks } from "./image-networks.ts";

/** How long after a failure the engine is asked again, milliseconds. */
const againMs = 500;
/** A container whose output has come to its end has ended itself, which is known by then, milliseconds. */
const unendedMs = 5_000;
/** How long the last lines of a container that has ended are waited for, milliseconds. */
const lastLinesMs = 2_000;
/** Exit codes above are the number of the signal that ended it. */
const signalBase = 128;
const signals: Readonly<Record<number, string>> = {
  6: "SIGABRT",
  9: "SIGKILL",
  11: "SIGSEGV",
  15: "SIGTERM",
};

/** What the record of an instance keeps of its container. */
export interface ContainerReference {
  readonly container: string;
  readonly logFile: string;
  /** Of a sidecar: the image that it stands beside, and the name of that one's container. */
  readonly beside?: { readonly image: string; readonly container: string } | undefined;
}

/** Whether a reference is one of a container. */
export function isContainer(reference: unknown): reference is ContainerReference {
  return typeof (reference as Partial<ContainerReference> | undefined)?.container === "string";
}

/** What the engine says of a container. */
export interface Inspected {
  readonly State: {
    readonly Running: boolean;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
  };
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>>;
  };
}

/** What the runtime works with. */
export interface DockerOptions {
  readonly engine: Engine;
  readonly presence: EnginePresence;
  readonly clock: Clock;
  readonly log: Logger;
  readonly home: Home;
  /** Of images with sidecars. */
  readonly networks: ImageNetworks;
  /** What containers have in common, once the image is there. */
  readonly surroundings: () => Promise<ContainerSurroundings>;
  /** Process ids of the containers that ran when this platform began, by id. */
  readonly found: ReadonlyMap<string, number>;
  /** How their names begin. */
  readonly prefix: string;
}

/** Runs copies as containers of Docker. */
export class DockerRuntime implements Runtime {
  readonly #options: DockerOptions;
  /** What was found again, by its container: whoever asks a second time gets the same. */
  readonly #adopted = new Map<string, Running>();

  constructor(options: DockerOptions) {
    this.#options = options;
  }

  async start(launch: Launch, recorded: (running: Running) => Promise<void>): Promise<Running> {
    const { engine, home, prefix, surroundings } = this.#options;
    // Where it cannot be started, nobody else waits for it.
    launch.boot.catch(() => {});
    const around = await surroundings();
    const { image, instance, logFile } = launch;
    const name = `${prefix}-${instance}`;
    const { Id: id } = await engine
      .call<{ Id: string }>("POST", "/containers/create", {
        query: { name },
        body: containerOf(launch, around),
      })
      .catch((thrown: unknown) => {
        void this.#unanswered(thrown);
        throw thrown;
      });
    const failure: { error?: KerfError } = {};
    const begun = Promise.withResolvers<void>();
    const state = { pid: 0, yields: launch.yields === true };
    const beside = image && { image: image.name, container: `${name}-program` };
    const reference: ContainerReference = {
      container: id,
      logFile,
      ...(beside === undefined ? undefined : { beside }),
    };
    const program = this.#besideOf(reference);
    const running = this.#running(reference, state, begun.promise, failure);
    try {
      await recorded(running);
      const input = await engine.attachInput(id);
      await engine.call("POST", `/containers/${id}/start`);
      const { NetworkSettings, State } = await this.#inspect(id);
      state.pid = State.Pid;
      // As a process does: where all processors are busy for longer than this, its start is not to be put off for ever.
      if (state.yields) this.#options.clock.after(longestYieldMs, () => this.#takeFullShare(id));
      const ip = NetworkSettings.Networks[around.network]?.IPAddress ?? "";
      const of = { home: home.root, instance };
      const started =
        image === undefined ? undefined : { image: await program?.start(image, id, of) };
      begun.resolve();
      launch.boot
        .then((boot) =>
          input.end(JSON.stringify(bootInContainer({ ...boot, ...started }, home, ip))),
        )
        .catch((cause: unknown) => {
          failure.error = toKerfError(cause);
          input.destroy();
          running.kill();
        });
      return running;
    } catch (cause) {
      begun.reject(cause as Error);
      await Promise.all([this.#remove(id), program?.remove()]);
      throw cause;
    }
  }

  adopt(reference: unknown): Running | undefined {
    if (!isContainer(reference)) return undefined;
    const pid = this.#options.found.get(reference.container);
    if (pid === undefined) return undefined;
    const known = this.#adopted.get(reference.container);
    if (known !== undefined) return known;
    this.#besideOf(reference)?.follow(true);
    // A platform before us may have started it so.
    const state = { pid, yields: true };
    const found = this.#running(reference, state, Promise.resolve(), { again: true });
    this.#adopted.set(reference.container, found);
    return found;
  }

  #besideOf({ beside, logFile }: ContainerReference): ImageBeside | undefined {
    const { clock, engine, log, networks } = this.#options;
    return (
      beside &&
      new ImageBeside({ engine, clock, log, networks, logFile, container: beside.container })
    );
  }

  #running(
    reference: ContainerReference,
    state: { pid: number; readonly yields: boolean },
    begun: Promise<void>,
    failure: { error?: KerfError; again?: true },
  ): Running {
    const { beside, container: id, logFile } = reference;
    const program = this.#besideOf(reference);
    const follow = async (): Promise<Exit> => {
      await begun;
      const ended = new AbortController();
      const logged = this.#log(id, logFile, failure.again === true, ended.signal);
      const exit = await Promise.race([
        this.#ended(id),
        // One is nothing without the other: the copy has ended.
        ...(program === undefined
          ? []
          : [
              program.ended(beside?.image ?? "").then((error): Exit => ({ kind: "failed", error })),
            ]),
      ]);
      ended.abort();
      if (exit.kind === "failed") await this.#signal(id, "SIGKILL");
      await Promise.race([logged, delay(this.#options.clock, lastLinesMs)]);
      // Only a sidecar that drained leaves a program that anybody still waits for.
      const drained = exit.kind === "code" && exit.code === 0;
      await Promise.all([this.#remove(id), drained ? program?.end() : program?.remove()]);
      return failure.error === undefined ? exit : { kind: "failed", error: failure.error };
    };
    const exited = follow().catch((cause: unknown): Exit => ({
      kind: "failed",
      error: toKerfError(cause),
    }));
    return {
      reference,
      get pid() {
        return state.pid;
      },
      exited,
      ready: () => {
        if (state.yields) this.#takeFullShare(id);
      },
      terminate: () => void this.#signal(id, "SIGTERM"),
      kill: () => {
        void this.#signal(id, "SIGKILL");
        void program?.remove();
      },
    };
  }

  /** Waits for the end of a container, over restarts of the engine too, which it may outlive. */
  async #ended(id: string): Promise<Exit> {
    const { clock, engine } = this.#options;
    for (;;) {
      try {
        const { State } = await this.#inspect(id);
        if (!State.Running) return exitOf(State);
        const query = { condition: "not-running" };
        await engine.call("POST", `/containers/${id}/wait`, { query, boundMs: 0 });
      } catch (thrown) {
        if (toKerfError(thrown).code === "not_found") return { kind: "unknown" };
        await Promise.all([this.#unanswered(thrown), delay(clock, againMs)]);
      }
    }
  }

  /** Keeps what a container prints, until `ended` and everything has been read. */
  async #log(id: string, logFile: string, again: boolean, ended: AbortSignal): Promise<void> {
    const { clock, engine, log } = this.#options;
    for (let isAgain = again; !ended.aborted; isAgain = true) {
      let pause = unendedMs;
      try {
        await followLog(engine, id, logFile, isAgain);
      } catch (error) {
        // The engine is being restarted; it may have kept the container.
        pause = againMs;
        if (toKerfError(error).code !== "unavailable" && !ended.aborted)
          log.debug("what a container prints cannot be read", { container: id, error });
      }
      await delay(clock, pause, ended).catch(() => {});
    }
  }

  /** Resolves when the engine answers again, if that is what is wrong. */
  async #unanswered(thrown: unknown): Promise<void> {
    const error = toKerfError(thrown);
    if (error.code === "unavailable") await this.#options.presence.silent(error);
  }

  /** It serves, or has given way for long enough. */
  #takeFullShare(id: string): void {
    const body = { CpuShares: shares.usual };
    // It has ended.
    this.#options.engine.call("POST", `/containers/${id}/update`, { body }).catch(() => {});
  }

  #inspect(id: string): Promise<Inspected> {
    return this.#options.engine.call("GET", `/containers/${id}/json`);
  }

  async #signal(id: string, signal: string): Promise<void> {
    try {
      await this.#options.engine.call("POST", `/containers/${id}/kill`, { query: { signal } });
    } catch (thrown) {
      // It has ended. Or the engine is away, which it may outlive.
      if (toKerfError(thrown).code !== "unavailable") return;
      await this.#unanswered(thrown);
      await this.#signal(id, signal);
    }
  }

  async #remove(id: string): Promise<void> {
    const query = { force: "1", v: "1" };
    // What is left is removed when a platform starts.
    await this.#options.engine.call("DELETE", `/containers/${id}`, { query }).catch(() => {});
  }
}

function exitOf({ ExitCode: code, OOMKilled }: Inspected["State"]): Exit {
  if (OOMKilled)
    return { kind: "signal", signal: "SIGKILL, since it used more memory than it may" };
  const signal = code > signalBase ? signals[code - signalBase] : undefined;
  return signal === undefined ? { kind: "code", code } : { kind: "signal", signal };
}
