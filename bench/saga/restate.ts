import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireDurable } from "./durable-peers.ts";
import { freePort } from "kerf-tests/chaos/free-port";
import { measureSagas, sideOptions } from "./measure.ts";

interface RestateContext {
  run(name: string, action: () => void): Promise<void>;
}

// A line an invocation would be measured too.
process.env["RESTATE_LOGGING"] = "ERROR";
const restate = requireDurable("@restatedev/restate-sdk") as {
  service(declaration: object): unknown;
  serve(options: { services: unknown[]; port: number }): Promise<number>;
};
const binary = requireDurable.resolve(
  `@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`,
);

const { seconds } = await sideOptions();
const data = await mkdtemp(join(tmpdir(), "kerf-bench-restate-"));
const [ingress, admin, node, endpoint] = [
  await freePort(),
  await freePort(),
  await freePort(),
  await freePort(),
];
const server = spawn(binary, ["--base-dir", data], {
  stdio: "ignore",
  env: {
    ...process.env,
    RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
    RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
    RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`,
    RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${node}`,
    RUST_LOG: "error",
  },
});
const ended = once(server, "exit");
try {
  const three = restate.service({
    name: "bench",
    handlers: {
      three: async (context: RestateContext) => {
        for (const step of ["one", "two", "three"]) await context.run(step, () => {});
      },
    },
  });
  await restate.serve({ services: [three], port: endpoint as number });
  const post = async (url: string, body: object): Promise<void> => {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
  };
  await untilItAnswers(() =>
    post(`http://127.0.0.1:${admin}/deployments`, { uri: `http://127.0.0.1:${endpoint}` }),
  );
  await untilItAnswers(() => post(`http://127.0.0.1:${ingress}/bench/three`, {}));
  await measureSagas(() => post(`http://127.0.0.1:${ingress}/bench/three`, {}), seconds);
} finally {
  server.kill("SIGKILL");
  await ended;
  await rm(data, { recursive: true, force: true });
}
process.exit();

/** Asks until the server has come up, 30 s at most. */
async function untilItAnswers(ask: () => Promise<void>): Promise<void> {
  const end = performance.now() + 30_000;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
