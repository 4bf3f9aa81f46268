import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { Status } from "@kerf/control-api";

/** The process of a unit. */
export function pidOf(status: Status, unit: string): number {
  const instance = status.units.find(({ name }) => name === unit)?.instances[0];
  assert.ok(instance !== undefined && instance.pid > 0, `${unit} runs`);
  return instance.pid;
}

/** Waits until a request is answered well; what was killed is known to be back a moment before everyone routes to it. */
export async function answers(url: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const { status } = await fetch(url).catch(() => ({ status: 0 }));
    if (status === 200) return;
    if (attempt === 200) assert.fail(`${url} answers ${status}`);
    await delay(50);
  }
}

/** Pause between two requests of a load, milliseconds: as many as show a gap, and few enough to leave the machine to what is tested. */
export const pauseMs = 10;

/** Asks again and again until `stop`, which tells how many answers were not 200. `init`: of each request. */
export function keepAsking(url: string, init?: RequestInit): { stop(): Promise<number> } {
  let failed = 0;
  let asking = true;
  const asked = (async () => {
    for (; asking; await delay(pauseMs))
      if ((await fetch(url, init).catch(() => ({ status: 0 }))).status !== 200) failed++;
  })();
  return {
    async stop() {
      asking = false;
      await asked;
      return failed;
    },
  };
}
