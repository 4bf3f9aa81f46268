import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startForeign, startFront } from "../testing/front.ts";
import { onPath, withProgram } from "../testing/programs.ts";

/** Connections of each attack, and how many begin a second. */
const connections = { count: 1_000, perSecond: 500 };
/** How long each goes on, seconds. */
const seconds = 15;
/** Pause of whoever is to be answered meanwhile, milliseconds: to be asked without a pause is another test's. */
const pauseMs = 5;

/** What slowhttptest is told, beside the address. */
const attacks: Readonly<Record<string, readonly string[]>> = {
  "slow heads": ["-H", "-i", "2", "-u", "/notes"],
  "slow bodies": ["-B", "-i", "2", "-s", "8192", "-u", "/upload"],
  "many ranges": ["-R", "-a", "10", "-b", "3000", "-u", "/large"],
  // A window of a few bytes, of which few are read.
  "slow reading": ["-X", "-w", "1", "-y", "16", "-n", "2", "-z", "8", "-k", "3", "-u", "/large"],
};

withProgram("slowhttptest", onPath("slowhttptest"), (program) => {
  // Two at once, each against a gateway of its own: most of what they take is waiting.
  describe("slow clients", { concurrency: 2 }, () => {
    for (const [name, given] of Object.entries(attacks)) {
      test(`others are answered during ${name}`, async (t) => {
        const { url } = await front(t);
        const told = given.map((one) => (one.startsWith("/") ? url + one : one));
        const { count, perSecond } = connections;
        const child = spawn(
          program,
          [
            ..."-c -r -l -p"
              .split(" ")
              .flatMap((flag, index) => [flag, String([count, perSecond, seconds, 5][index])]),
            ...told,
          ],
          { stdio: ["ignore", "pipe", "inherit"], timeout: 120_000 },
        );
        let output = "";
        child.stdout.on("data", (chunk: Buffer) => (output += String(chunk)));
        let isOver = false;
        const over = once(child, "close").then(() => (isOver = true));
        let answered = 0;
        while (!isOver) {
          const response = await fetch(`${url}/notes`);
          assert.equal(response.status, 200);
          await response.text();
          answered++;
          await sleep(pauseMs);
        }
        await over;
        t.diagnostic(`${answered} others were answered`);
        assert.match(output, /Hit test time limit|No open connections left/, output.slice(-2_000));
        // Its own probes, while the attack went on.
        assert.doesNotMatch(output, /service available:\s*\S*NO/);
      });
    }
  });
});

/** A gateway before a service and a foreign program with a large answer. */
async function front(t: TestContext): Promise<{ url: string }> {
  const large = Buffer.alloc(1_000_000);
  const foreign = await startForeign(t, (request, response) => {
    request.resume();
    response.end(request.url === "/large" ? large : "small");
  });
  return startFront(t, {
    upstreams: { foreign: { urls: [foreign.url] } },
    routes: ["/large", "/upload"].map((path) => ({ path, to: { upstream: "foreign" } })),
  });
}
