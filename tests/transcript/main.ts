// Boundary: `npm run transcript`: the shop in one program, under load, while a service is cut out of it. Prints what `kerf cut` says and what became of the
// requests, as the README shows it; exits with 1 when one failed.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { Customer } from "../shop/customer.ts";
import { Load } from "../shop/load.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
/** Load before the cut, milliseconds: as long as what a cut costs is told against. */
const calmMs = 60_000;
/** Bound of the load, milliseconds. */
const longestMs = 180_000;
/** Pause between two orders of the one customer who orders, milliseconds. */
const orderMs = 100;

const ending = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => ending.abort(new Error(`ended by ${signal}`)));

const home = await mkdtemp(join(tmpdir(), "kerf-transcript-"));
const app = join(root, "examples/shop/app.ts");
const say = (line: string): void => void process.stderr.write(`${line}\n`);

try {
  say("starting the shop in one program …");
  await kerf(["up", "--cut", "none", "--app", app, "--environment", "dev"], "quiet");
  await transcribe(await gateway());
} catch (thrown) {
  say(ending.signal.aborted ? String(ending.signal.reason) : String(thrown));
  process.exitCode = 1;
} finally {
  await kerf(["down"], "quiet", new AbortController().signal);
  await rm(home, { recursive: true, force: true });
}

async function transcribe(url: string): Promise<void> {
  const customer = await Customer.signedUp(url);
  const load = new Load(
    customer,
    ["/products?limit=5", "/inventory/saw-tenon", "/search?q=saw", "/home"],
    longestMs,
  );
  const orders = keepOrdering(customer);
  await sleep(calmMs, undefined, { signal: ending.signal });
  process.stdout.write("$ npx kerf cut inventory\n");
  await kerf(["cut", "inventory"], "shown");
  const statuses = [...(await load.stop()).map(({ status }) => status), ...(await orders.stop())];
  const failed = statuses.filter((status) => status < 200 || status > 299).length;
  process.stdout.write(`\n${failed} failed of ${statuses.length} requests\n`);
  if (failed > 0) process.exitCode = 1;
}

/** Orders, again and again, until `stop`, which tells how each was answered. */
function keepOrdering(customer: Customer): { stop(): Promise<readonly number[]> } {
  const statuses: number[] = [];
  const order = {
    items: [{ sku: "rule-steel", quantity: 1 }],
    payment: { method: "card-ok" },
  };
  let ordering = true;
  const until = performance.now() + longestMs;
  const done = (async () => {
    for (; ordering && performance.now() < until; await sleep(orderMs))
      statuses.push(
        await customer.post("/orders", order).then(
          ({ status }) => status,
          () => 0,
        ),
      );
  })();
  return {
    async stop() {
      ordering = false;
      await done;
      return statuses;
    },
  };
}

async function gateway(): Promise<string> {
  const status = JSON.parse(await kerf(["status", "--json"], "quiet")) as {
    gateways: { url: string }[];
  };
  return status.gateways[0]?.url ?? "";
}

/** Runs `kerf` to its end; answers what it said on stdout. `shown`: everything that it says goes to our stdout too. */
async function kerf(
  args: readonly string[],
  output: "quiet" | "shown",
  signal: AbortSignal = ending.signal,
): Promise<string> {
  const ours = { KERF_HOME: home, PORT: "0", KERF_PLATFORM_PORT: "0", NO_COLOR: "1" };
  const main = join(root, "tools/cli/src/main.ts");
  const child = spawn(process.execPath, ["--conditions=kerf-source", main, ...args], {
    env: { ...process.env, ...ours },
    stdio: ["ignore", "pipe", "pipe"],
    signal,
  });
  let said = "";
  let all = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      all += text;
      if (output === "shown") process.stdout.write(text);
    });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`kerf ${args.join(" ")} exited with ${code}:\n${all}`);
  return said;
}
