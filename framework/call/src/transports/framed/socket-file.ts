import { chmod, mkdir, stat, unlink } from "node:fs/promises";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import { KerfError } from "@kerf/kernel";
import type { Endpoint } from "./address.ts";

/**
 * Makes `server` listen. A Unix socket is its owner's alone; a file left by a process that is gone is replaced. `reusePort`: another process of the same user may listen
 * on the same port (SO_REUSEPORT); of connections that come, each gets some.
 */
export async function listenOn(
  server: Server,
  endpoint: Endpoint,
  reusePort: boolean = false,
): Promise<Endpoint> {
  if (endpoint.kind === "tcp") {
    const { host, port } = endpoint;
    await listening(server, () => server.listen({ host, port, reusePort })).catch(
      (cause: unknown) => {
        throw notListening(`${host}:${port}`, cause);
      },
    );
    const bound = server.address();
    return {
      kind: "tcp",
      host: endpoint.host,
      port: typeof bound === "object" && bound !== null ? bound.port : endpoint.port,
    };
  }
  const { path } = endpoint;
  await prepareDirectory(dirname(path));
  try {
    await listening(server, () => server.listen(path));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EADDRINUSE" || (await somebodyAnswers(path)))
      throw notListening(path, cause);
    await unlink(path);
    await listening(server, () => server.listen(path)).catch((again: unknown) => {
      throw notListening(path, again);
    });
  }
  await chmod(path, 0o600);
  return endpoint;
}

async function prepareDirectory(directory: string): Promise<void> {
  const made = await mkdir(directory, { recursive: true, mode: 0o700 });
  if (made !== undefined) return;
  const { mode } = await stat(directory);
  if ((mode & 0o077) === 0) return;
  throw new KerfError("invalid_configuration", {
    message: `The directory ${directory} is open to other users (mode ${(mode & 0o777).toString(8)}), so no socket is made in it.`,
    why: "Whoever can open the socket can call the services behind it.",
    fix: `chmod 700 ${directory}, or name a directory that does not exist yet.`,
  });
}

function listening(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => {
      server.off("listening", onListening);
      reject(error);
    };
    const onListening = (): void => {
      server.off("error", onError);
      resolve();
    };
    server.once("error", onError);
    server.once("listening", onListening);
    listen();
  });
}

function somebodyAnswers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    // Refused: the file is there and nobody listens. Anything else is no proof of that.
    socket.once("error", (error: NodeJS.ErrnoException) =>
      resolve(error.code !== "ECONNREFUSED" && error.code !== "ENOENT"),
    );
  });
}

function notListening(where: string, cause: unknown): KerfError {
  const code = (cause as NodeJS.ErrnoException).code;
  return new KerfError("start_failed", {
    message: `Could not listen on ${where}: ${code ?? String(cause)}.`,
    ...(code === "EADDRINUSE"
      ? {
          why: "Another process listens there already.",
          fix: "Stop it, or choose another address.",
        }
      : { fix: "Check that the address belongs to this machine and that this user may use it." }),
    cause,
  });
}
