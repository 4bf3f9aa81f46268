import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { createInterface } from "node:readline";

/** An OpenTelemetry Collector between a program and the store. */
export interface Collector {
  /** Where it takes OTLP over gRPC. */
  readonly address: string;
  stop(): Promise<void>;
}

/** Starts a Collector that takes OTLP over gRPC and passes it on as it is told: in its words an exporter and the settings of it. */
export async function startCollector(
  program: string,
  exporter: "otlp" | "otlphttp",
  settings: Readonly<Record<string, unknown>>,
): Promise<Collector> {
  const port = await freePort();
  const pipeline = { receivers: ["otlp"], exporters: [exporter] };
  const config = {
    receivers: { otlp: { protocols: { grpc: { endpoint: `127.0.0.1:${port}` } } } },
    exporters: { [exporter]: settings },
    service: {
      telemetry: { metrics: { level: "none" } },
      pipelines: { traces: pipeline, metrics: pipeline, logs: pipeline },
    },
  };
  const child = spawn(program, ["--config", `yaml:${JSON.stringify(config)}`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    said.push(line);
    if (!line.includes("Everything is ready")) continue;
    child.stderr.resume();
    return {
      address: `http://127.0.0.1:${port}`,
      async stop() {
        child.kill("SIGTERM");
        if (child.exitCode === null) await once(child, "exit");
      },
    };
  }
  throw new Error(`the Collector ended:\n${said.join("\n")}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
