import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { quantileOf } from "../faults/load/figures.ts";
import { type KeyFiles, writeKeyFiles } from "./api-keys.ts";
import { brokenSettingsOf, isBroken, settingsOf } from "./configurations.ts";
import { FullLoad } from "./load.ts";
import { PlacingPlatform } from "./platform.ts";
import { startBackends, startGateway } from "./programs.ts";

/** Load before anything is measured, milliseconds: programs compile what they run often. */
const warmUpMs = 5_000;
/** Load that is measured before the first reload, and after the last, milliseconds. */
const aroundMs = 3_000;
/** Pause between two reloads, milliseconds: an upload sees some of them. */
const pauseMs = 200;

/** What a run found. */
export interface ReloadReport {
  readonly reloads: number;
  /** Of those: configurations that the gateway refused, as it had to. */
  readonly refused: number;
  readonly requests: number;
  readonly uploads: number;
  readonly streamItems: number;
  /** Requests, uploads and streams that failed. */
  readonly failed: number;
  readonly failures: Readonly<Record<string, number>>;
  /** Milliseconds: in the time before the first reload, and from it on. */
  readonly p99Before: number;
  readonly p99: number;
  /** Configurations that the gateway does not go by although it should, or does although it should not. */
  readonly wrong: readonly string[];
}

/** Reloads the configuration of a gateway that has all the load that it can take. `signal`: end early. */
export async function runReloads(
  reloads: number,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<ReloadReport> {
  const folder = await mkdtemp(join(tmpdir(), "kerf-reloads-"));
  const ends: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    const platform = new PlacingPlatform(folder);
    const backends = await startBackends(platform.feedSocket, platform.principalKey);
    ends.push(() => backends.stop());
    const keys = writeKeyFiles(folder);
    await platform.start(settingsOf(0, backends.urls, keys));
    ends.push(() => platform.stop());
    const gateway = startGateway(platform.boot());
    ends.push(() => gateway.stop());
    const url = await platform.url();
    const load = new FullLoad(url, keys.always);
    const wrong: string[] = [];
    let warm = 0;
    let before = 0;
    try {
      await sleep(warmUpMs, undefined, { signal });
      warm = load.seen.tookMs.length;
      await sleep(aroundMs, undefined, { signal });
      before = load.seen.tookMs.length;
      for (let n = 1; n <= reloads; n++) {
        const broken = isBroken(n);
        const settings = (broken ? brokenSettingsOf : settingsOf)(n, backends.urls, keys);
        await platform.place(settings);
        wrong.push(...(await misread(url, n, broken, keys)));
        if (n % 10 === 0)
          log(
            `  ${n} reloads, ${load.seen.requests} requests, ${sum(load.seen.failures)} failures`,
          );
        await sleep(pauseMs, undefined, { signal });
      }
      await sleep(aroundMs, undefined, { signal });
    } finally {
      await load.stop();
    }
    const { failures, items, requests, tookMs, uploaded } = load.seen;
    return {
      reloads,
      refused: gateway.lines.filter((line) => line.includes("configuration is refused")).length,
      requests,
      uploads: uploaded,
      streamItems: items,
      failed: sum(failures),
      failures: Object.fromEntries(failures),
      p99Before: quantileOf(tookMs.slice(warm, before), 0.99) ?? 0,
      p99: quantileOf(tookMs.slice(before), 0.99) ?? 0,
      wrong,
    };
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}

/** What the gateway answers that the n-th configuration, or the one before when this one is broken, does not say. */
async function misread(url: string, n: number, broken: boolean, keys: KeyFiles): Promise<string[]> {
  const now = broken ? n - 1 : n;
  const expected: readonly [path: string, key: string, status: number][] = [
    [`/only-in/${now}`, keys.always, 200],
    [`/only-in/${broken ? n : n - 1}`, keys.always, 404],
    ["/feed/latest", keys.inTurn[now % 2] as string, 200],
    ["/feed/latest", keys.inTurn[(now + 1) % 2] as string, 401],
  ];
  const wrong: string[] = [];
  for (const [path, key, status] of expected) {
    const answer = await fetch(url + path, { headers: { "x-api-key": key } });
    await answer.text();
    if (answer.status !== status)
      wrong.push(`${path} answered ${answer.status}, not ${status}, by configuration ${now}`);
  }
  return wrong;
}

function sum(failures: ReadonlyMap<string, number>): number {
  return [...failures.values()].reduce((all, count) => all + count, 0);
}
