import assert from "node:assert/strict";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Boot } from "@kerf/call";
import { KerfError, systemClock } from "@kerf/kernel";
import { programEnvironment, programExecArgv } from "./environment.ts";
import { ProcessRuntime } from "./process.ts";
import { identify, lives } from "./process-identity.ts";
import type { Running } from "./runtime.ts";

const boot = { app: "shop", unit: "orders", platform: { token: "s3cret" } } as unknown as Boot;

/** Starts a program written for the test, with the boot document on descriptor 3. */
function runtime(t: TestContext, program: string) {
  const directory = mkdtempSync(join(tmpdir(), "kerf-runtime-"));
  const main = join(directory, "main.mjs");
  const logFile = join(directory, "orders-1.log");
  writeFileSync(main, program);
  const started: Running[] = [];
  t.after(async () => {
    for (const running of started) running.kill();
    await Promise.all(started.map((running) => running.exited));
    rmSync(directory, { recursive: true });
  });
  const made = new ProcessRuntime({
    clock: systemClock,
    programs: { host: main, gateway: main, sidecar: main, "image-sidecar": main },
  });
  return {
    runtime: made,
    log: () => readFileSync(logFile, "utf8"),
    async start(
      document: Promise<Boot> = Promise.resolve(boot),
      recorded?: (running: Running) => Promise<void>,
      yields?: boolean,
    ) {
      const launch = {
        instance: "orders-1a2b3c",
        program: "host" as const,
        preload: { appModule: "/app.ts", services: ["orders"] },
        boot: document,
        logFile,
        ...(yields === undefined ? undefined : { yields }),
      };
      const running = await made.start(launch, recorded ?? (() => Promise.resolve()));
      started.push(running);
      return running;
    },
  };
}

test("a program gets its boot document by descriptor, its id as argument, and nothing secret otherwise", async (t) => {
  process.env["MY_PASSWORD"] = "s3cret";
  t.after(() => delete process.env["MY_PASSWORD"]);
  const stage = runtime(
    t,
    `import { readFileSync } from "node:fs";
     const boot = readFileSync(3, "utf8");
     console.log(JSON.stringify({ boot, argv: process.argv.slice(2), env: process.env }));`,
  );
  const running = await stage.start();
  assert.deepEqual(await running.exited, { kind: "code", code: 0 });
  const {
    boot: document,
    argv,
    env,
  } = JSON.parse(stage.log()) as { boot: string; argv: string[]; env: object };
  assert.deepEqual(JSON.parse(document), boot);
  assert.deepEqual(argv, ["orders-1a2b3c", "/app.ts", "orders"]);
  assert.equal(JSON.stringify(env).includes("s3cret"), false);
});

test("how it ended is told: by exit code, by signal", async (t) => {
  const failing = runtime(t, "process.exit(70);");
  assert.deepEqual(await (await failing.start()).exited, { kind: "code", code: 70 });
  const hanging = runtime(t, 'console.log("up"); setInterval(() => {}, 1_000);');
  const running = await hanging.start();
  running.kill();
  assert.deepEqual(await running.exited, { kind: "signal", signal: "SIGKILL" });
});

test("a program is recorded before it learns anything, and ends when its boot document cannot be made", async (t) => {
  const stage = runtime(t, "setInterval(() => {}, 1_000);");
  const order: string[] = [];
  const document = Promise.withResolvers<Boot>();
  const running = await stage.start(document.promise, async ({ pid }) => {
    assert.ok(pid > 0);
    order.push("recorded");
  });
  document.reject(new KerfError("migration_failed", "0002_broken.sql:1 failed"));
  const exit = await running.exited;
  assert.deepEqual(order, ["recorded"]);
  assert.equal(exit.kind, "failed");
  assert.equal(exit.kind === "failed" && exit.error.code, "migration_failed");
});

test("a process is found again by its reference, and its end is noticed although it is nobody's child", async (t) => {
  const stage = runtime(t, "setInterval(() => {}, 1_000);");
  const running = await stage.start();
  const reference: unknown = JSON.parse(JSON.stringify(running.reference));
  const adopted = stage.runtime.adopt(reference);
  assert.equal(adopted?.pid, running.pid);
  adopted?.kill();
  assert.deepEqual(await adopted?.exited, { kind: "unknown" });
  assert.equal(stage.runtime.adopt(reference), undefined);
});

const autogroups = existsSync("/proc/self/autogroup")
  ? false
  : "this system gives sessions no share of their own (/proc/PID/autogroup)";

test(
  "what starts beside others gives way until it is ready, also when another platform has started it",
  { skip: autogroups },
  async (t) => {
    const stage = runtime(t, "setInterval(() => {}, 1_000);");
    const niceness = ({ pid }: Running): string | undefined =>
      /nice (-?\d+)/.exec(readFileSync(`/proc/${pid}/autogroup`, "utf8"))?.[1];
    const own = niceness({ pid: process.pid } as Running);
    const usual = await stage.start();
    assert.equal(niceness(usual), "0");
    const document = Promise.withResolvers<Boot>();
    const yielding = await stage.start(document.promise, undefined, true);
    assert.equal(niceness(yielding), "10");
    assert.equal(niceness({ pid: process.pid } as Running), own, "only the copy gives way");
    const adopted = stage.runtime.adopt(JSON.parse(JSON.stringify(yielding.reference)));
    adopted?.ready?.();
    while (niceness(yielding) !== "0") await new Promise((resolve) => setTimeout(resolve, 20));
    document.resolve(boot);
  },
);

test("another process that got the same pid is not mistaken for ours", () => {
  const own = identify(process.pid);
  assert.ok(own !== undefined && lives(own));
  assert.equal(lives({ ...own, started: `${own.started}1` }), false);
});

test("programs get a small environment and the options by which modules are found", () => {
  const environment = programEnvironment({
    PATH: "/bin",
    HOME: "/root",
    NODE_COMPILE_CACHE: "/cache",
    NODE_CHANNEL_FD: "7",
    LC_ALL: "C",
    AWS_SECRET_ACCESS_KEY: "x",
    PGPASSWORD: "x",
    KERF_HOME: "/k",
  });
  assert.deepEqual(environment, {
    PATH: "/bin",
    HOME: "/root",
    NODE_COMPILE_CACHE: "/cache",
    LC_ALL: "C",
  });
  assert.deepEqual(
    programExecArgv(["-C", "kerf-source", "--test", "--inspect", "--conditions=x"]),
    ["--conditions=kerf-source", "--conditions=x"],
  );
});

test("every program holds on to the launcher's lifeline", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "kerf-runtime-"));
  const line = join(directory, "line");
  writeFileSync(line, "held");
  const fd = openSync(line, "r");
  t.after(() => {
    closeSync(fd);
    rmSync(directory, { recursive: true });
  });
  const main = join(directory, "main.mjs");
  writeFileSync(
    main,
    'import { readFileSync } from "node:fs"; console.log(readFileSync(Number(process.env.KERF_LIFELINE_FD), "utf8"));',
  );
  const logFile = join(directory, "x.log");
  const made = new ProcessRuntime({
    clock: systemClock,
    programs: { host: main, gateway: main, sidecar: main, "image-sidecar": main },
    lifeline: fd,
  });
  const launch = {
    instance: "x",
    program: "host" as const,
    preload: { appModule: "/app.ts", services: [] },
    boot: Promise.resolve(boot),
    logFile,
  };
  const running = await made.start(launch, () => Promise.resolve());
  await running.exited;
  assert.equal(readFileSync(logFile, "utf8"), "held\n");
});
