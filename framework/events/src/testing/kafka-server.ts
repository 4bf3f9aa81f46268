import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestBroker } from "./test-broker.ts";
import { engineCache } from "./engine-cache.ts";

export const kafkaFile = "kafka-4.1.1";
/** Small and quick to start: it carries little. */
const java = [
  "-Xmx256m",
  "-XX:+UseSerialGC",
  "-XX:TieredStopAtLevel=1",
  "-cp",
  join(engineCache, kafkaFile, "*"),
];
/** How long a start may take, milliseconds. */
const startMs = 60_000;

/** What makes a Kafka ask who comes: all mechanisms that we know, for one user. */
export interface KafkaLogin {
  readonly user: string;
  readonly password: string;
}

/** Starts a Kafka of its own: one process that is broker and controller, on ephemeral ports. With a login it lets in nobody else. */
export async function startKafka(login?: KafkaLogin): Promise<TestBroker> {
  const directory = await mkdtemp(join(tmpdir(), "kerf-kafka-"));
  const store = join(directory, "store");
  const properties = join(directory, "server.properties");
  const [port, controller] = await Promise.all([freePort(), freePort()]);
  await writeFile(
    properties,
    Object.entries({
      "process.roles": "broker,controller",
      "node.id": 1,
      listeners: `${login === undefined ? "PLAINTEXT" : "SASL_PLAINTEXT"}://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
      "controller.listener.names": "CONTROLLER",
      "controller.quorum.voters": `1@127.0.0.1:${controller}`,
      "log.dirs": store,
      "offsets.topic.replication.factor": 1,
      "auto.create.topics.enable": false,
      // One that was killed is let in again once its session is over, which takes 9 s otherwise.
      "broker.heartbeat.interval.ms": 500,
      "broker.session.timeout.ms": 2_000,
      ...(login === undefined ? undefined : sasl(login)),
    })
      .map(([key, value]) => `${key}=${value}\n`)
      .join(""),
  );
  const format = [
    "kafka.tools.StorageTool",
    "format",
    "-t",
    "a2VyZi1rZXJmLWtlcmYtMQ",
    ...(login === undefined ? [] : scramUsers(login)),
    "-c",
  ];
  let server: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    if (!existsSync(store)) await promisify(execFile)("java", [...java, ...format, properties]);
    server = spawn("java", [...java, "kafka.Kafka", properties], { stdio: "ignore" });
    await answering(port, server);
  };
  const kill = async (): Promise<void> => {
    const ended = new Promise((resolve) => server?.once("exit", resolve));
    server?.kill("SIGKILL");
    await ended;
  };
  await start();
  return {
    url: `kafka://127.0.0.1:${port}`,
    get pid() {
      return server?.pid ?? -1;
    },
    kill,
    start,
    wipe: () => rm(store, { recursive: true, force: true }),
    async stop() {
      await kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function sasl({ password, user }: KafkaLogin): Record<string, string> {
  const security = "org.apache.kafka.common.security";
  const jaas = (mechanism: string): string =>
    `listener.name.sasl_plaintext.${mechanism}.sasl.jaas.config`;
  return {
    "listener.security.protocol.map":
      "SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "inter.broker.listener.name": "SASL_PLAINTEXT",
    "sasl.mechanism.inter.broker.protocol": "PLAIN",
    "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    [jaas("plain")]:
      `${security}.plain.PlainLoginModule required username="${user}" password="${password}" user_${user}="${password}";`,
    [jaas("scram-sha-256")]: `${security}.scram.ScramLoginModule required;`,
    [jaas("scram-sha-512")]: `${security}.scram.ScramLoginModule required;`,
  };
}

function scramUsers({ password, user }: KafkaLogin): string[] {
  return ["SCRAM-SHA-256", "SCRAM-SHA-512"].flatMap((mechanism) => [
    "--add-scram",
    `${mechanism}=[name=${user},password=${password}]`,
  ]);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Until somebody listens. */
async function answering(port: number, server: ChildProcess): Promise<void> {
  const end = performance.now() + startMs;
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true));
      socket.on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (open) return;
    if (server.exitCode !== null || performance.now() > end) throw new Error("Kafka did not start");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
