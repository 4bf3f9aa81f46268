import { once } from "node:events";
import { createServer } from "node:net";

/** Why nobody can listen there alone: somebody has the port, in whichever way; undefined when it is free, or when listening itself says better what is wrong. */
export async function takenBy(host: string, port: number): Promise<Error | undefined> {
  const server = createServer((socket) => void socket.destroy());
  try {
    server.listen({ host, port });
    await once(server, "listening");
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EADDRINUSE" ? (error as Error) : undefined;
  }
  server.close();
  await once(server, "close");
  return undefined;
}
