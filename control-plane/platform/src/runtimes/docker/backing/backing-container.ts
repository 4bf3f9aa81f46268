import { open } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { type Clock, delay, KerfError, toKerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { RunningServer } from "../../../resources/kept-server.ts";
import type { Home } from "../../../state/home.ts";
import { readJson, writeJson } from "../../../state/json-file.ts";
import { followLog, lastOutput } from "../container-log.ts";
import type { Engine } from "../engine.ts";
import { labels } from "../labels.ts";
import { removeContainer } from "../remove-all.ts";
import type { Backing } from "./backing.ts";
import { backingSpec } from "./backing-spec.ts";
import { BackingVolume } from "./backing-volume.ts";

/** How long one may take until it answers, milliseconds: PostgreSQL that was killed first replays its log. */
const readyMs = 120_000;
/** How often it is asked, milliseconds. */
const pollMs = 100;
/** How often the engine may have started it again while it is waited for. */
const mostRestarts = 2;
/** How long an engine that is away is asked again, milliseconds. */
const againMs = 500;
/** What it may take to end beyond its bound, milliseconds; then it is killed, and recovers at the next start. */
const stopMoreMs = 2_000;
/** What one that is replaced by one of another image may take, milliseconds. */
const replacedMs = 8_000;
/** Lines of a failure that are shown. */
const shownLines = 8;

/** What the engine says of it. */
interface Inspected {
  readonly Id: string;
  readonly RestartCount: number;
  readonly Config: { readonly Labels: Readonly<Record<string, string>> };
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    /** The engine is about to start it again; it says of such a one that it runs. */
    readonly Restarting: boolean;
    readonly Pid: number;
    readonly StartedAt: string;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
  };
}

/** What is kept of one that has answered once. */
interface Made {
  readonly image: string;
  /** What wrote the data. */
  readonly version: string;
}

/** What all backing containers of a platform have in common. */
export interface BackingSurroundings {
  readonly engine: Engine;
  readonly home: Home;
  readonly clock: Clock;
  readonly log: Logger;
  /** How names begin. */
  readonly prefix: string;
  readonly user: { readonly uid: number; readonly gid: number };
}

/**
 * The container of a backing service. The engine starts it again when it ends, also while no platform is there; the next platform adopts it.
 * What has never answered is made anew, so that nobody starts from half of a first start.
 */
export class BackingContainer {
  readonly #backing: Backing;
  readonly #around: BackingSurroundings;
  readonly #name: string;
  readonly #volume: BackingVolume;

  constructor(backing: Backing, around: BackingSurroundings) {
    const { engine, home, prefix } = around;
    this.#backing = backing;
    this.#around = around;
    this.#name = `${prefix}-${backing.name}`;
    this.#volume = new BackingVolume(engine, home, { backing: backing.name, prefix });
  }

  /** Starts it or adopts it, and waits until it answers. `image`: the id of its image. Throws why it does not. */
  async open(image: string, signal: AbortSignal): Promise<RunningServer> {
    const { engine, home } = this.#around;
    const { logFile, name } = this.#backing;
    const found = await this.#find(image);
    const id = found?.Id ?? (await this.#make(image));
    if (found?.State.Running !== true) await engine.call("POST", `/containers/${id}/start`);
    const logged = followLog(engine, id, logFile, found !== undefined);
    // It ends with the container, or with the engine.
    logged.catch(() => {});
    const { state, version } = await this.#ready(id, signal);
    const made: Made = { image: this.#backing.image, version };
    await writeJson(home.backingMade(name), made);
    // From now on nobody takes its data for those of a first start; what is written after this may count on it.
    await flushFolder(home.backing(name));
    // Not before: what does not come up is to say so once, and not to be started for ever.
    const body = { RestartPolicy: { Name: "always" } };
    await engine.call("POST", `/containers/${id}/update`, { body });
    return {
      pid: state.Pid,
      exited: this.#ended(id, state.StartedAt),
      stop: (boundMs) => this.#stop(id, boundMs + stopMoreMs),
    };
  }

  /** The container as it is to be, if it is there. One that was made otherwise is ended, one that never answered removed with its data. */
  async #find(image: string): Promise<Inspected | undefined> {
    const found = await this.#inspect(this.#name);
    const isMade = this.#made !== undefined;
    const isCurrent = found?.Config.Labels[labels.spec] === this.#spec(image).digest;
    if (found !== undefined && isCurrent && (isMade || found.State.Running)) return found;
    if (found !== undefined) await this.#stop(found.Id, replacedMs);
    if (!isMade) await this.#volume.remove();
    return undefined;
  }

  async #make(image: string): Promise<string> {
    const { engine, user } = this.#around;
    await this.#volume.open();
    const { body } = this.#spec(image);
    const query = { name: this.#name };
    const { Id } = await engine.call<{ Id: string }>("POST", "/containers/create", { query, body });
    await this.#volume.own(Id, user);
    return Id;
  }

  #spec(image: string): ReturnType<typeof backingSpec> {
    const { home, user } = this.#around;
    const place = { home: home.root, image, volume: this.#volume.name, user };
    return backingSpec(this.#backing, place);
  }

  async #ready(
    id: string,
    signal: AbortSignal,
  ): Promise<{ state: Inspected["State"]; version: string }> {
    const { clock } = this.#around;
    const until = clock.now() + readyMs;
    let restarts: number | undefined;
    for (;;) {
      const found = await this.#inspect(id);
      if (found === undefined) throw await this.#failed(id, "it was removed");
      const { RestartCount, State } = found;
      restarts ??= RestartCount;
      if (
        State.Status === "exited" ||
        State.Status === "dead" ||
        RestartCount > restarts + mostRestarts
      )
        throw await this.#failed(id, endOf(State));
      const version = State.Running ? await this.#backing.answers() : undefined;
      if (version !== undefined) return { state: State, version };
      if (clock.now() > until)
        throw await this.#failed(id, `it does not answer within ${readyMs / 1_000} s`);
      await delay(clock, pollMs, signal);
    }
  }

  /** Resolves when it has ended, also when the engine has started it again since. */
  async #ended(id: string, startedAt: string): Promise<void> {
    const { clock, engine } = this.#around;
    for (;;) {
      try {
        const query = { condition: "next-exit" };
        // It answers at once that it waits, and at the end with how it ended.
        const waits = await engine.stream("POST", `/containers/${id}/wait`, { query, boundMs: 0 });
        const found = await this.#inspect(id);
        const { State } = found ?? {};
        if (State?.Running !== true || State.Restarting || State.StartedAt !== startedAt) {
          waits.destroy();
          return;
        }
        await text(waits);
      } catch (thrown) {
        if (toKerfError(thrown).code === "not_found") return;
        await delay(clock, againMs);
      }
    }
  }

  async #stop(id: string, boundMs: number): Promise<void> {
    const { engine } = this.#around;
    const query = { t: String(Math.ceil(boundMs / 1_000)) };
    // It has ended, or the engine is away and it has ended with that.
    await engine.call("POST", `/containers/${id}/stop`, { query }).catch(() => {});
    await removeContainer(engine, id);
  }

  async #inspect(container: string): Promise<Inspected | undefined> {
    try {
      return await this.#around.engine.call("GET", `/containers/${container}/json`);
    } catch (thrown) {
      if (toKerfError(thrown).code === "not_found") return undefined;
      throw thrown;
    }
  }

  get #made(): Made | undefined {
    return readJson<Made>(this.#around.home.backingMade(this.#backing.name));
  }

  async #failed(id: string, what: string): Promise<KerfError> {
    const { image, source, title } = this.#backing;
    const lines = await lastOutput(this.#around.engine, id, shownLines).catch(() => "");
    const known = this.#backing.explain(lines, this.#made?.version);
    return new KerfError("start_failed", {
      message: `${title} does not run in its container: ${what}.`,
      why: known?.why ?? (lines === "" ? `It runs ${image}, which printed nothing.` : lines),
      fix: known?.fix ?? `What it printed: kerf logs ${source}`,
    });
  }
}

async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function endOf({ ExitCode, OOMKilled }: Inspected["State"]): string {
  if (OOMKilled) return "it used more memory than it may";
  return `it ended with exit code ${ExitCode}`;
}
