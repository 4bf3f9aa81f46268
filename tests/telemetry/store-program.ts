import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(import.meta.resolve("@kerf/platform/telemetry-store"));

/** The telemetry store as a program of its own. */
export interface StoreProgram {
  /** Where it takes OTLP over HTTP and over gRPC. */
  readonly address: string;
  readonly grpc: string;
  /** Asks it, as the platform does. */
  ask(path: string): Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts a store in a directory of its own. */
export async function startStore(): Promise<StoreProgram> {
  const directory = await mkdtemp(join(tmpdir(), "kerf-store-"));
  const socket = join(directory, "queries.sock");
  const args = ["--conditions=kerf-source", main, "--directory", directory, "--socket", socket];
  const child = spawn(process.execPath, args, {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, KERF_LIFELINE_FD: "0" },
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const { address, grpc } = JSON.parse(line) as { address: string; grpc: string };
    return {
      address,
      grpc,
      ask: (path) => ask(socket, path),
      async stop() {
        child.stdin.end();
        if (child.exitCode === null) await once(child, "exit");
        await rm(directory, { recursive: true });
      },
    };
  }
  throw new Error("the store ended before it listened");
}

function ask(socketPath: string, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    get({ socketPath, path }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
      response.on("end", () => {
        if (response.statusCode === 200) resolve(JSON.parse(text));
        else reject(new Error(`${path}: ${response.statusCode} ${text}`));
      });
    }).on("error", reject);
  });
}
