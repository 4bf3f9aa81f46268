import { createInterface } from "node:readline";
import { KerfError, toKerfError } from "@kerf/kernel";
import { credentialsFor } from "../../images/registry/credentials.ts";
import { formatReference, parseReference } from "../../images/registry/reference.ts";
import type { Engine } from "./engine.ts";

/** How long a pull may take, milliseconds. */
const pullMs = 600_000;

/** What the engine says of a pull, a line each. */
interface Said {
  readonly id?: string;
  readonly status?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly error?: string;
}

/** How far a pull is, bytes of the layers that have begun to come. */
export interface Pulled {
  readonly bytes: number;
  readonly of: number;
}

/** The id of an image that the engine has under this name; undefined when it has none. */
export async function localImage(engine: Engine, image: string): Promise<string | undefined> {
  const name = formatReference(parseReference(image));
  try {
    return (await engine.call<{ Id: string }>("GET", `/images/${name}/json`)).Id;
  } catch (thrown) {
    if (toKerfError(thrown).code === "not_found") return undefined;
    throw thrown;
  }
}

/** Fetches an image and answers its id. Without a registry, what the engine has under the name is taken. Throws `not_found`. */
export async function pullImage(
  engine: Engine,
  image: string,
  progress: (pulled: Pulled) => void = () => {},
): Promise<string> {
  const reference = parseReference(image);
  const name = formatReference(reference);
  let failed: string | undefined;
  try {
    failed = await pull(engine, name, reference.registry, progress);
  } catch (thrown) {
    failed = (thrown as KerfError).why ?? (thrown as Error).message;
  }
  const id = await localImage(engine, image);
  if (id !== undefined) return id;
  throw new KerfError("not_found", {
    message: `There is no image ${name}.`,
    why: failed,
    fix: `See whether its name is right, and get it: docker pull ${name}; a private registry wants docker login ${reference.registry}`,
  });
}

/** What the engine says of a failure, if it fails. */
async function pull(
  engine: Engine,
  name: string,
  registry: string,
  progress: (pulled: Pulled) => void,
): Promise<string | undefined> {
  const headers = await authorization(registry);
  const asked = { query: { fromImage: name }, headers, boundMs: pullMs };
  const layers = new Map<string, Pulled>();
  let failed: string | undefined;
  const stream = await engine.stream("POST", "/images/create", asked);
  for await (const line of createInterface({ input: stream })) {
    if (line === "") continue;
    const { error, id, progressDetail, status } = JSON.parse(line) as Said;
    failed = error;
    const { current = 0, total = 0 } = progressDetail ?? {};
    if (id === undefined || status !== "Downloading" || total === 0) continue;
    layers.set(id, { bytes: current, of: total });
    progress(sumOf(layers.values()));
  }
  return failed;
}

async function authorization(registry: string): Promise<Record<string, string>> {
  const credentials = await credentialsFor(registry);
  if (credentials === undefined) return {};
  const known = {
    username: credentials.user,
    password: credentials.password,
    serveraddress: registry,
    ...(credentials.identityToken === undefined
      ? undefined
      : { identitytoken: credentials.identityToken }),
  };
  return { "x-registry-auth": Buffer.from(JSON.stringify(known)).toString("base64url") };
}

function sumOf(layers: Iterable<Pulled>): Pulled {
  let [bytes, of] = [0, 0];
  for (const layer of layers) [bytes, of] = [bytes + layer.bytes, of + layer.of];
  return { bytes, of };
}
