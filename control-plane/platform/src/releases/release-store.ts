import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { KerfError } from "@kerf/kernel";
import { type Build, manifestOfBuild, openBuild } from "@kerf/service/builds";
import { readJson, writeJson } from "../state/json-file.ts";
import type { SettingsVersions } from "../settings/versions.ts";
import { plainName } from "../supervisor/program.ts";
import type { AppShell, RunningServices } from "./app-shell.ts";
import { appUnit } from "./app-releases.ts";
import { type Release, releaseName } from "./release.ts";

/** How many releases of a unit are kept: enough to go back to, few enough to read. */
const keptReleases = 50;
/** How many apps are kept beside the one that runs. */
const keptApps = 10;

/** What a platform keeps that runs releases: the app, the builds, and which of them made up each release of each unit. */
export class ReleaseStore {
  readonly #builds: string;
  readonly #releases: string;
  readonly #apps: string;
  /** Where a platform of the version before kept the one app that it knew. */
  readonly #appFile: string;
  readonly #opened = new Map<string, Build>();

  /** `home` is the folder of all state, `state` that of the platform's own within it. */
  constructor(home: string, state: string) {
    this.#builds = join(home, "builds");
    this.#releases = join(state, "releases");
    this.#appFile = join(state, "app.json");
    this.#apps = join(state, "apps");
    for (const directory of [this.#releases, this.#apps])
      mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  /** Where builds lie, each in a folder named by its digest. */
  get builds(): string {
    return this.#builds;
  }

  /** The app as it was deployed last. Throws `start_failed` when its file is gone or cannot be read. */
  app(digest: string | undefined): AppShell {
    const file = digest === undefined ? this.#appFile : join(this.#apps, `${digest}.json`);
    const app = readJson<AppShell>(file);
    if (app !== undefined) return app;
    throw new KerfError("start_failed", {
      message: `${file} is missing or cannot be read.`,
      why: "It holds what an app is beside its services: gateways, policies, servers.",
      fix: "Put it back from a copy of KERF_HOME. What runs, runs on.",
    });
  }

  /** Keeps an app; answers the digest that it is kept by. Those that were kept long ago go, but for the one that runs and those that releases name. */
  async keepApp(app: AppShell, running?: string): Promise<string> {
    const digest = createHash("sha256").update(JSON.stringify(app)).digest("hex");
    const name = `${digest}.json`;
    await writeJson(join(this.#apps, name), app);
    const at = (file: string): number => statSync(join(this.#apps, file)).mtimeMs;
    const releases = this.of(appUnit(app.manifest.app));
    const named = new Set([name, `${running}.json`, ...releases.map((each) => `${each.app}.json`)]);
    const others = readdirSync(this.#apps).filter((file) => !named.has(file));
    const old = others.sort((a, b) => at(b) - at(a)).slice(keptApps);
    for (const file of old) rmSync(join(this.#apps, file), { force: true });
    return digest;
  }

  /** A build that lies here, looked at once. Throws `invalid_configuration` for one that does not, or is not whole. */
  open(digest: string): Build {
    if (!/^[0-9a-f]{64}$/.test(digest)) {
      throw new KerfError("invalid_input", {
        message: `${JSON.stringify(digest)} is no digest of a build.`,
        fix: "Give the 64 digits that kerf build prints with --json.",
      });
    }
    let build = this.#opened.get(digest);
    if (build === undefined) {
      build = openBuild(join(this.#builds, digest));
      this.#opened.set(digest, build);
    }
    return build;
  }

  /** The services of these builds as a manifest has them. */
  services(builds: Readonly<Record<string, string>>): RunningServices {
    const opened = Object.entries(builds).map(
      ([name, digest]) => [name, this.open(digest)] as const,
    );
    return new Map(opened.map(([name, build]) => [name, manifestOfBuild(build)]));
  }

  /** All releases of a unit that are kept, the oldest first. */
  of(unit: string): readonly Release[] {
    return readJson<{ releases: Release[] }>(this.#file(unit))?.releases ?? [];
  }

  /** One release. Throws `not_found`. */
  get(unit: string, number: number): Release {
    const all = this.of(unit);
    const found = all.find((release) => release.number === number);
    if (found !== undefined) return found;
    throw new KerfError("not_found", {
      message: `There is no release ${releaseName(unit, number)}.`,
      fix:
        all.length === 0
          ? `Nothing of ${unit} has been deployed: kerf releases`
          : `Give one of: ${all.map((release) => release.number).join(", ")}`,
    });
  }

  /** The number of the release with these builds and settings: the one that runs, the newest one, or a new one. */
  async ensure(
    unit: string,
    running: number | undefined,
    made: Omit<Release, "number">,
  ): Promise<number> {
    const all = this.of(unit);
    const newest = all.at(-1);
    const runs = all.find(({ number }) => number === running);
    for (const release of [runs, newest])
      if (release !== undefined && isSame(release, made)) return release.number;
    const release: Release = { number: (newest?.number ?? 0) + 1, ...made };
    const releases = [...all, release].slice(-keptReleases);
    await writeJson(this.#file(unit), { version: 1, releases });
    return release.number;
  }

  /**
   * Writes down that releases never served, since the change failed that they were made for at that moment: at which step, and why. `releases`: those that it
   * would have come to, by unit; one of them that an earlier change had made, which failed too, has been tried once more.
   */
  async failed(
    releases: Readonly<Record<string, number | undefined>>,
    madeAt: string,
    { failed, failure }: Required<Pick<Release, "failed" | "failure">>,
  ): Promise<void> {
    await this.#edit(Object.keys(releases), (release, unit) => {
      const isOne =
        release.at === madeAt ||
        (release.failed !== undefined && release.number === releases[unit]);
      return isOne ? { ...release, failed, failure } : release;
    });
  }

  /** Writes down that these releases serve, by unit, whatever became of earlier attempts. */
  async served(releases: Readonly<Record<string, number>>): Promise<void> {
    await this.#edit(Object.keys(releases), (release, unit) => {
      if (release.number !== releases[unit] || release.failed === undefined) return release;
      const { failed: _failed, failure: _failure, ...served } = release;
      return served;
    });
  }

  async #edit(
    units: readonly string[],
    edited: (release: Release, unit: string) => Release,
  ): Promise<void> {
    for (const unit of units) {
      const all = this.of(unit);
      const releases = all.map((release) => edited(release, unit));
      if (releases.some((release, i) => release !== all[i]))
        await writeJson(this.#file(unit), { version: 1, releases });
    }
  }

  /** The versions of a service's settings that some release names. */
  settingsOf(service: string): readonly SettingsVersions[] {
    return readdirSync(this.#releases)
      .filter((name) => name.endsWith(".json"))
      .flatMap((name) => this.of(name.slice(0, -".json".length)))
      .flatMap(({ settings }) => settings?.[service] ?? []);
  }

  #file(unit: string): string {
    return join(this.#releases, `${plainName(unit)}.json`);
  }
}

/** Whether two releases run the same; one that says nothing of settings is another one. */
function isSame(one: Omit<Release, "number">, other: Omit<Release, "number">): boolean {
  return isDeepStrictEqual(
    [one.builds, one.settings, one.app],
    [other.builds, other.settings, other.app],
  );
}
