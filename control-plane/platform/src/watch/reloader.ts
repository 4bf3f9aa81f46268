import { dirname } from "node:path";
import { type Clock, toKerfError } from "@kerf/kernel";
import type { Deployment } from "../placement/deployment.ts";
import type { EventLog } from "../progress/event-log.ts";
import type { Databases } from "../resources/databases.ts";
import { isSuperseded } from "../supervisor/slot.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import { FileWatcher } from "./file-watcher.ts";
import { SourceFiles } from "./source-files.ts";

/** What a reload works on. */
export interface ReloaderOptions {
  readonly clock: Clock;
  readonly events: EventLog;
  readonly supervisor: Supervisor;
  readonly databases: Databases;
  deployment(): Deployment;
  /** Reads the app anew. */
  describe(signal: AbortSignal): Promise<Deployment>;
  /** Makes the deployment the one that is to run: routes, databases, units that came or went. */
  deploy(deployment: Deployment): Promise<void>;
}

/** Starts again what a changed file belongs to, and nothing else. */
export class Reloader {
  readonly #options: ReloaderOptions;
  readonly #watcher: FileWatcher;
  readonly #files = new SourceFiles();
  /** The files that each program was last seen to load; one that crashes at its start tells none. */
  readonly #loaded = new Map<string, ReadonlySet<string>>();
  #running: { files: Set<string>; abort: AbortController } | undefined;
  #started = false;

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#watcher = new FileWatcher(options.clock, (paths) => this.#saw(paths));
  }

  start(): void {
    this.#started = true;
    this.refresh();
  }

  stop(): void {
    this.#started = false;
    this.#running?.abort.abort();
    this.#watcher.stop();
  }

  /** Takes in which program loads which files now. */
  refresh(): void {
    if (!this.#started) return;
    const { supervisor, databases } = this.#options;
    const { manifest } = this.#options.deployment();
    const missed = new Set<string>();
    for (const unit of this.#loaded.keys()) {
      if (supervisor.slotsOf(unit).length === 0) this.#loaded.delete(unit);
    }
    for (const { unit, current } of supervisor.slots) {
      if (current === undefined || current.files.length === 0) continue;
      this.#loaded.set(unit, new Set(current.files));
      for (const file of this.#files.know(current.files, current.record.startedAt))
        missed.add(file);
    }
    this.#files.know(manifest.files, Number.POSITIVE_INFINITY);
    const files = [
      ...manifest.files,
      ...[...this.#loaded.values()].flatMap((loaded) => [...loaded]),
    ];
    this.#watcher.watch(
      new Set([...files.map((file) => dirname(file)), ...databases.migrationDirectories]),
    );
    if (missed.size > 0) this.#reload(missed, []);
  }

  #saw(paths: string[]): void {
    const migrations = paths.filter(
      (path) =>
        path.endsWith(".sql") && this.#options.databases.migratedFrom(dirname(path)).length > 0,
    );
    const files = this.#files.changed(paths);
    if (files.length > 0 || migrations.length > 0) this.#reload(new Set(files), migrations);
  }

  #reload(files: ReadonlySet<string>, migrations: readonly string[]): void {
    // What a newer change interrupts belongs to it.
    const before = this.#running;
    before?.abort.abort();
    const run = {
      files: new Set([...(before?.files ?? []), ...files, ...migrations]),
      abort: new AbortController(),
    };
    this.#running = run;
    // It reports what fails.
    void this.#run(run.files, run.abort.signal).finally(() => {
      if (this.#running === run) this.#running = undefined;
    });
  }

  async #run(files: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    const { clock, events, supervisor, databases } = this.#options;
    const begun = clock.now();
    const migrated = new Set([...files].flatMap((file) => databases.migratedFrom(dirname(file))));
    const units = this.#unitsWith(files, migrated);
    const told = { type: "change" as const, files: [...files], units: [...units] };
    events.emit({ ...told, state: "started" });
    const gate = this.#makeReady(files, migrated, signal);
    // Each replacement waits for it, and there may be none.
    gate.catch(() => {});
    const replaced = await Promise.allSettled(
      [...units].map((unit) => supervisor.replace(unit, gate)),
    );
    const [made] = await Promise.allSettled([gate]);
    if (signal.aborted) return;
    const failed = [made, ...replaced].some(
      (result) => result.status === "rejected" && !isSuperseded(result.reason),
    );
    events.emit({
      ...told,
      state: failed ? "failed" : "done",
      ms: Math.round(clock.now() - begun),
    });
  }

  /** What must be true before new code serves: its tables are there, and what it now uses and offers is known to everyone. */
  async #makeReady(
    files: ReadonlySet<string>,
    migrated: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<void> {
    const known = new Set(this.#options.deployment().manifest.files);
    const described = [...files].some((file) => known.has(file));
    const [deployment] = await Promise.all([
      described ? this.#report("app", signal, this.#options.describe(signal)) : undefined,
      ...[...migrated].map((service) =>
        this.#report(service, signal, this.#options.databases.migrate(service)),
      ),
    ]);
    if (deployment !== undefined && !signal.aborted)
      await this.#report("app", signal, this.#options.deploy(deployment));
  }

  async #report<T>(source: string, signal: AbortSignal, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (thrown) {
      if (!signal.aborted) this.#options.events.problem(toKerfError(thrown), source);
      throw thrown;
    }
  }

  #unitsWith(files: ReadonlySet<string>, migrated: ReadonlySet<string>): Set<string> {
    const { manifest, units } = this.#options.deployment();
    const affected = new Set<string>();
    for (const [unit, loaded] of this.#loaded) {
      if ([...files].some((file) => loaded.has(file))) affected.add(unit);
    }
    for (const [unit, services] of Object.entries(units)) {
      if (services.some((service) => migrated.has(service))) affected.add(unit);
      if (this.#loaded.has(unit)) continue;
      const described = manifest.services
        .filter(({ name }) => services.includes(name))
        .flatMap((service) => service.files);
      if (described.some((file) => files.has(file))) affected.add(unit);
    }
    return affected;
  }
}
