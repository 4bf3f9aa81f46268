import { createServer } from "node:net";
import { KerfError } from "@kerf/kernel";

/** Throws `invalid_configuration` when something already listens on the port of this machine. */
export async function assertPortFree(port: number, use: string, fix: string): Promise<void> {
  if (await portIsFree(port)) return;
  throw new KerfError("invalid_configuration", {
    message: `Port ${port} is taken, so ${use} cannot listen there.`,
    why: `Another program listens on 127.0.0.1:${port}.`,
    fix,
    data: { port },
  });
}

/** Whether a program could listen on the loopback port now. */
export function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () =>
      server.close(() => resolve(true)),
    );
  });
}
