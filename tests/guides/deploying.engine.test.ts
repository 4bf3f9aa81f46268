// Boundary: the guides to deploying and cutting as a newcomer follows them: every command, in order, against the shop; and a service in a repository of its own.
import assert from "node:assert/strict";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { hasProgram, lacking } from "../engines.ts";
import { newcomerEnv } from "../fresh-clone/newcomer-env.ts";
import { gone, processesOf } from "../fresh-clone/processes.ts";
import { Customer } from "../shop/customer.ts";
import { Load } from "../shop/load.ts";
import { eventually } from "../shop/running-shop.ts";
import {
  dependOn,
  makeReviews,
  type Packed,
  packContract,
  packedKerf,
} from "./reviews-repository.ts";
import { firstDifference } from "./shape.ts";
import { Shell } from "./shell.ts";
import { failsAsShown, stepsOf } from "./steps.ts";

const checkout = resolve(import.meta.dirname, "../..");
const skip =
  lacking({
    "Linux (it reads /proc)": process.platform === "linux",
    npm: hasProgram("npm"),
    git: hasProgram("git"),
    curl: hasProgram("curl"),
  }) ?? false;
/** The gateway as the guides write it; in a test it has a free port. */
const written = "http://localhost:8080";

const folder = mkdtempSync(join(tmpdir(), "kerf-guides-"));
const shop = join(folder, "kerf", "examples", "shop");
const repository = join(folder, "reviews");
let shell: Shell;
let packed: Packed;
let gateway = written;
/** Whether the shop is as the first guide leaves it. */
let isReady = false;

function guide(name: string): string {
  return readFileSync(join(checkout, "docs/guides", `${name}.md`), "utf8");
}

/** Does what a guide says, and holds what is said to what it shows. */
async function follow(text: string): Promise<void> {
  for (const step of stepsOf(text)) {
    const { code, lines } = await shell.run(step.command.replaceAll(written, gateway));
    const said = lines.join("\n");
    if (step.command.startsWith("npx kerf up")) gateway = /web +(http\S+)/.exec(said)?.[1] ?? "";
    assert.equal(code !== 0, failsAsShown(step), `${step.command} ended with ${code}:\n${said}`);
    if (step.shown === undefined) continue;
    const missing = firstDifference(step.shown, lines);
    assert.equal(missing, undefined, `${step.command} does not say: ${missing}\nIt said:\n${said}`);
  }
}

/** Runs a command of its own; answers what it said. */
async function run(command: string, code = 0): Promise<string> {
  const ended = await shell.run(command);
  const said = ended.lines.join("\n");
  assert.equal(ended.code, code, `${command}:\n${said}`);
  return said;
}

before(() => {
  if (skip !== false) return;
  mkdirSync(join(folder, "kerf", "examples"), { recursive: true });
  cpSync(join(checkout, "examples", "shop"), shop, { recursive: true });
  symlinkSync(join(checkout, "node_modules"), join(folder, "kerf", "node_modules"));
  const [programs, home] = [join(folder, "bin"), join(folder, "home")];
  for (const each of [programs, home]) mkdirSync(each);
  symlinkSync(process.execPath, join(programs, "node"));
  const newcomer = newcomerEnv(home);
  const env = {
    ...newcomer,
    PATH: `${programs}${delimiter}${newcomer["PATH"] ?? ""}`,
    PORT: "0",
    KERF_PLATFORM_PORT: "0",
    NO_COLOR: "1",
    npm_config_loglevel: "error",
    npm_config_audit: "false",
    npm_config_fund: "false",
  };
  packed = packedKerf(env);
  makeReviews(repository, packed, packContract(folder, packed, "1.0.0"));
  shell = new Shell(join(folder, "kerf"), env);
});

after(async () => {
  if (skip === false) {
    await shell.run(`cd ${shop} && npx kerf down --home .kerf`);
    await shell.close();
    for (const { pid } of processesOf(folder)) process.kill(pid, "SIGKILL");
    await gone(folder, 5_000);
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

test(
  "the guide to deploying does what it says, a service with a repository of its own included",
  { skip },
  async () => {
    await follow(guide("deploying"));
    isReady = true;
  },
);

test(
  "a second version comes from that repository; what does not go together is refused by name",
  { skip },
  async (t) => {
    assert.ok(isReady, "the guide has not come to its end");
    const service = join(repository, "service.ts");
    const sound = readFileSync(service, "utf8");
    await run(`cd ${repository}`);

    await t.test("its next version", async () => {
      writeFileSync(service, sound.replace('.orderBy("id")', '.orderBy("id", "desc")'));
      const customer = new Customer(gateway);
      await customer.post("/reviews/saw-dovetail", { text: "Bought a second one." });
      await run("npx kerf deploy ./service.ts --watch 1");
      const { body } = await customer.get("/reviews/saw-dovetail");
      assert.deepEqual(body.reviews, ["Bought a second one.", "Cuts like butter."]);
      assert.equal((await customer.post("/reviews/nothing", { text: "?" })).status, 404);
    });

    await t.test("a catalogue that takes away what it needs", async () => {
      const contract = join(shop, "catalog", "contract.ts");
      const text = readFileSync(contract, "utf8");
      writeFileSync(contract, text.replace("name: z.string(),\n", "title: z.string(),\n"));
      const said = await run(`npx kerf can-i-deploy catalog --app ${shop}/app.ts`, 1);
      assert.match(said, /incompatible: reviews calls catalog\.get, output name: /);
      writeFileSync(contract, text);
    });

    await t.test("written against a catalogue that does not run yet", async () => {
      const newer = packContract(folder, packed, "1.1.0", (text) =>
        text.replace("name: z.string(),\n", "name: z.string(),\n  weightGrams: z.int(),\n"),
      );
      dependOn(repository, packed, newer);
      await run("npm install");
      const said = await run("npx kerf deploy ./service.ts", 1);
      assert.match(said, /incompatible: reviews calls catalog\.get, output weightGrams: /);
      assert.match(said, /catalog does not send it, reviews needs it/);
    });
    await run(`cd ${shop}`);
  },
);

test(
  "the guide to cutting does what it says, under load, and no request fails",
  { skip },
  async () => {
    assert.ok(isReady, "the guide has not come to its end");
    const customer = await Customer.signedUp(gateway);
    const load = new Load(
      customer,
      ["/products?limit=5", "/inventory/saw-tenon", "/home"],
      120_000,
    );
    // The guide's service is called a lot before it is cut out.
    await eventually("the load runs", async () => (load.samples.length > 200 ? true : undefined));
    await follow(guide("cut-and-join"));
    const samples = await load.stop();
    assert.ok(samples.length > 100);
    assert.deepEqual(
      samples.filter(({ status }) => status !== 200),
      [],
    );
  },
);
