import type { ForeignImageStatus } from "@kerf/control-api";
import { KerfError } from "@kerf/kernel";
import type { DeployOptions } from "../commands/deploy.ts";
import { withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";
import { paintFor } from "../output/paint.ts";
import { limitsText } from "../output/limits-text.ts";
import { table } from "../output/table.ts";

/** Where programs in images listen when nobody says otherwise. */
const usualPort = 8_080;

/** Runs an image of somebody else as a service. Throws `usage` for options that say nothing of one. */
export function deployImage(options: DeployOptions & { readonly image: string }): Promise<void> {
  const { app: name, domain, env, image, memory, port = usualPort, replicas = 1 } = options;
  if (name === undefined)
    throw new KerfError("usage", {
      message: "An image of somebody else runs under the name that --app gives, and none is given.",
      fix: "kerf deploy --app billing --image registry.example.com/team/billing:4; one of yours brings a service: kerf deploy orders --image REF",
    });
  return withPlatform(options, async ({ client }) => {
    const deployed = await client.deployImage({
      name,
      image,
      variables: env ?? {},
      port,
      replicas,
      ...(domain === undefined ? undefined : { domain }),
      ...(options.expose === undefined ? undefined : { gateway: options.expose }),
      ...(memory === undefined ? undefined : { memoryBytes: memory }),
      ...(options.cpus === undefined ? undefined : { cpus: options.cpus }),
    });
    if (options.json === true) return printJson(deployed);
    process.stdout.write(`${sentence(deployed)}\n`);
  });
}

/** Ends an image that runs as a service. */
export function undeploy(
  name: string,
  options: { readonly home?: string; readonly json?: true },
): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const answer = await client.removeImage({ name });
    if (options.json === true) return printJson(answer);
    process.stdout.write(
      answer.removed ? `${name} has ended\n` : `No image is called ${name}: nothing to end\n`,
    );
  });
}

/** Lists the images of others that run. */
export function listImages(options: {
  readonly home?: string;
  readonly json?: true;
}): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const { images } = await client.images({});
    if (options.json === true) return printJson(images);
    if (images.length === 0) {
      process.stdout.write(`${paintFor(process.stdout)("faint", "No image runs as a service.")}\n`);
      return;
    }
    const columns = [
      { title: "NAME" },
      { title: "IMAGE" },
      { title: "AT" },
      { title: "GATEWAY" },
      { title: "READY", align: "right" },
      { title: "LIMITS" },
    ] as const;
    const rows = images.map((each) => [
      each.name,
      each.image,
      each.at,
      each.gateway,
      `${each.ready}/${each.replicas}`,
      limitsText(each),
    ]);
    process.stdout.write(`${table(columns, rows)}\n`);
  });
}

function sentence({ at, gateway, image, name, ready, replicas }: ForeignImageStatus): string {
  return `${name} runs ${image}: ${ready} of ${replicas} copies, at ${at} of the gateway ${gateway}`;
}
