import { connect } from "node:net";

/** How long one try may take, milliseconds. */
const boundMs = 1_000;
/** The first line of a server is longer than this in no version, bytes. */
const mostBytes = 16_384;

/** The version of the NATS server that listens there, once its JetStream is up: it says both before anybody has said anything. Undefined while it does not. */
export function natsVersion(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: boundMs });
    let said = "";
    const end = (version: string | undefined): void => {
      socket.destroy();
      resolve(version);
    };
    socket.on("data", (bytes) => {
      said += bytes.toString("latin1");
      if (said.includes("\n") || said.length > mostBytes) end(versionIn(said));
    });
    socket.once("timeout", () => end(undefined));
    socket.once("error", () => end(undefined));
    socket.once("close", () => end(undefined));
  });
}

function versionIn(said: string): string | undefined {
  const [, json] = /^INFO (\{.*\})/.exec(said) ?? [];
  if (json === undefined) return undefined;
  try {
    const { jetstream, version } = JSON.parse(json) as { jetstream?: boolean; version?: string };
    return jetstream === true ? version : undefined;
  } catch {
    return undefined;
  }
}
