import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { safe } from "@kerf/contract";
import { type ErrorShape, systemClock } from "@kerf/kernel";
import { build } from "../builds/builder.ts";
import { describeApp } from "../manifest/describe.ts";
import { programs } from "../programs.ts";
import { EventLog } from "../progress/event-log.ts";
import { type PlatformProcess, Workplace } from "./platform-process.ts";

/** A platform that runs releases of a fixture, and builds of what a test makes of it. */
export class ReleaseStage {
  readonly place: Workplace;
  readonly platform: PlatformProcess;
  gateway = "";
  readonly #options: readonly string[];
  #changes = 0;

  constructor(t: TestContext, fixture: string, ...options: readonly string[]) {
    this.place = new Workplace(t, fixture);
    this.#options = options;
    this.platform = this.start();
  }

  start(): PlatformProcess {
    return this.place.start("--releases", ...this.#options);
  }

  async ready(): Promise<void> {
    this.gateway = (await this.platform.ready()).gateways[0]?.url as string;
  }

  /** Changes a file of the app's source. */
  edit(file: string, change: (source: string) => string): void {
    const path = this.place.path(file);
    writeFileSync(path, change(readFileSync(path, "utf8")));
  }

  /** Builds services from the source as it is now; answers their digests. */
  async build(...names: string[]): Promise<Record<string, string>> {
    return (await this.buildApp(...names)).builds;
  }

  /** Deploys the app as its source is now, as `kerf deploy --all` and `kerf deploy gateway:NAME` do. */
  async deployApp(rest: { gateways?: string[]; remove?: string[]; force?: true } = {}) {
    const { builds, manifest: app } = await this.buildApp();
    const { client } = this.platform;
    const { releases } = await client.releases({});
    const running = new Set(
      releases.flatMap((each) => (each.running ? Object.values(each.builds) : [])),
    );
    const changed = Object.entries(builds).filter(([, digest]) => !running.has(digest));
    return client.deploy({
      change: this.change,
      builds: rest.gateways === undefined ? Object.fromEntries(changed) : {},
      app: app as unknown as Record<string, unknown>,
      watchMs: 0,
      ...rest,
    });
  }

  /** Builds services, and describes the app. */
  async buildApp(...names: string[]) {
    const module = this.place.path("app.ts");
    const { builds, manifest } = await build(
      { module, names, out: join(this.place.home, "builds") },
      {
        clock: systemClock,
        events: new EventLog(systemClock),
        describe: () => describeApp(programs.describe, module, { forBuild: true }),
      },
    );
    const digests = builds.map(({ digest, service }) => [service, digest]);
    return { builds: Object.fromEntries(digests) as Record<string, string>, manifest };
  }

  get change(): string {
    return `test-${++this.#changes}`;
  }

  async deploy(...names: string[]) {
    const builds = await this.build(...names);
    return this.platform.client.deploy({ change: this.change, builds, watchMs: 0 });
  }
}

/** What the operator is told of a change that fails. */
export async function refusal(work: Promise<unknown>): Promise<ErrorShape> {
  const { error } = await safe(work as ReturnType<PlatformProcess["client"]["deploy"]>);
  assert.ok(error !== undefined, "it fails");
  return error.data as ErrorShape;
}
