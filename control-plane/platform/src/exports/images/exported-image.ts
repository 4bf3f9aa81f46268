import { readFile } from "node:fs/promises";
import { imageOrder, isSecretName } from "@kerf/control-api";
import { KerfError } from "@kerf/kernel";
import * as z from "zod";
import { containerPorts } from "../export-options.ts";
import { outboundPort } from "../../runtimes/docker/image-variables.ts";

const {
  cpus,
  domain,
  gateway,
  image,
  memoryBytes,
  name,
  port,
  replicas,
  secrets,
  sidecar,
  variables,
} = imageOrder.shape;
const { allow, emits, follows, uses } = sidecar.unwrap().shape;

/** An image of somebody else as a file for exports says it, in the words of `kerf deploy --image`. It always gets a sidecar. */
const exportedImage = z.strictObject({
  image,
  port: port.default(8_080),
  env: variables.default({}),
  /** Names of files below /run/secrets in its containers. */
  secrets: z.array(secrets.unwrap().keyType).max(100).default([]),
  uses: uses.default([]),
  allow: allow.default([]),
  follows,
  emits,
  expose: gateway,
  domain,
  replicas: replicas.optional(),
  memoryBytes,
  cpus,
  /** Numbers, since nothing runs as root. Default: the user of Kerf's own programs. */
  user: z.int().min(1).max(2_147_483_647).optional(),
  /** Folders beside /tmp that its program writes to; what is there goes with its container. */
  writable: z
    .array(z.string().regex(/^(?:\/[A-Za-z0-9._-]+)+$/))
    .max(20)
    .default([]),
});
const file = z.record(name, exportedImage);

/** An image of somebody else in an export. */
export type ExportedImage = z.infer<typeof exportedImage>;

/** Images by the names that they run under. */
export type ExportedImages = Readonly<Record<string, ExportedImage>>;

/** Ports that the sidecar takes where it shares an address with the program. */
const takenPorts: readonly number[] = [containerPorts.calls, containerPorts.health, outboundPort];

/** Reads a file with images: `{NAME: {image, port, …}}`. Throws `invalid_configuration` with everything that is wrong. */
export async function readImages(path: string): Promise<ExportedImages> {
  const refuse = (why: string): KerfError =>
    new KerfError("invalid_configuration", {
      message: `The file with images of others cannot be used: ${path}`,
      why,
      fix: 'Write it as {"tags": {"image": "registry.example.com/team/tags:1", "port": 9000}}: the guide to Kubernetes has all of its words.',
    });
  let document: unknown;
  try {
    document = JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw refuse((cause as Error).message);
  }
  const read = file.safeParse(document);
  if (!read.success) throw refuse(z.prettifyError(read.error));
  for (const [each, { env, image: reference, port: at }] of Object.entries(read.data)) {
    const secret = Object.keys(env).find(isSecretName);
    if (secret !== undefined)
      throw refuse(
        `${secret} of ${each} looks like a secret: name it in secrets, and its program finds it as /run/secrets/${secret}.`,
      );
    if (takenPorts.includes(at))
      throw refuse(`${each} listens at ${at}, which its sidecar takes: ${takenPorts.join(", ")}.`);
    if (!/(?::(?!latest$)[\w.-]+|@sha256:[0-9a-f]{64})$/.test(reference))
      throw refuse(`${each} has an image without a tag, or with one that moves: ${reference}.`);
  }
  return read.data;
}
