import type { InputOf } from "@kerf/contract";
import { type ForeignImageStatus, isSecretName, type platform } from "@kerf/control-api";
import { KerfError } from "@kerf/kernel";
import type { DeployOptions } from "../commands/deploy.ts";
import { type Connection, withPlatform } from "../connection/connect.ts";
import { printJson } from "../output/json.ts";
import { paintFor } from "../output/paint.ts";
import { limitsText } from "../output/limits-text.ts";
import { ownStep } from "../output/own-step.ts";
import { readValue } from "../secrets/read-value.ts";
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
  const { allow = [], emits, follows, uses = [] } = options;
  if (options.sidecar !== true && (options.uses ?? options.allow ?? follows ?? emits) !== undefined)
    throw new KerfError("usage", {
      message: "--uses, --allow, --follows and --emits say what goes through a sidecar.",
      fix: "Add --sidecar, or leave them out.",
    });
  assertNoSecrets(env ?? {});
  return withPlatform(options, async ({ client }) => {
    const secrets: Record<string, string> = {};
    for (const [secret, file] of Object.entries(options.secret ?? {}))
      secrets[secret] = (await readValue("", file)).value;
    const order: InputOf<(typeof platform)["operations"]["deployImage"]["input"]> = {
      name,
      image,
      variables: env ?? {},
      ...(options.secret === undefined ? undefined : { secrets }),
      port,
      replicas,
      ...(domain === undefined ? undefined : { domain }),
      ...(options.expose === undefined ? undefined : { gateway: options.expose }),
      ...(memory === undefined ? undefined : { memoryBytes: memory }),
      ...(options.sidecar === true
        ? {
            sidecar: {
              uses,
              allow,
              ...(follows === undefined ? undefined : { follows }),
              ...(emits === undefined ? undefined : { emits }),
            },
          }
        : undefined),
      ...(options.cpus === undefined ? undefined : { cpus: options.cpus }),
    };
    const deployed = await ownStep(`Running ${image} as ${name}`, () => client.deployImage(order));
    if (options.json === true) return printJson(deployed);
    process.stdout.write(`${sentence(deployed)}\n`);
  });
}

/** Throws `usage` for variables that look like secrets: everybody who may inspect containers reads them, and so does who lists processes. */
function assertNoSecrets(variables: Readonly<Record<string, string>>): void {
  const [found] = Object.keys(variables).filter(isSecretName);
  if (found === undefined) return;
  throw new KerfError("usage", {
    message: `${found} looks like a secret.`,
    why: "A variable of a container is read by everybody who may inspect it, and an argument of a command by everybody on this machine.",
    fix: `Put it into a file: --secret ${found}=FILE; its processes find it as /run/secrets/${found}.`,
  });
}

/** Another number of copies of an image, if one is called so; false when none is. */
export async function scaleImage(
  client: Connection["client"],
  name: string,
  replicas: number,
  options: { readonly json?: true },
): Promise<boolean> {
  const { images } = await client.images({});
  if (!images.some((image) => image.name === name)) return false;
  const copies = replicas === 1 ? "1 copy" : `${replicas} copies`;
  const scaled = await ownStep(`Scaling ${name} to ${copies}`, () =>
    client.scaleImage({ name, replicas }),
  );
  if (options.json === true) printJson(scaled);
  else process.stdout.write(`${sentence(scaled)}\n`);
  return true;
}

/** Ends an image that runs as a service. */
export function undeploy(
  name: string,
  options: { readonly home?: string; readonly json?: true },
): Promise<void> {
  return withPlatform(options, async ({ client }) => {
    const answer = await ownStep(`Ending ${name}`, () => client.removeImage({ name }));
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

function sentence(deployed: ForeignImageStatus): string {
  const { at, gateway, image, name, ready, replicas, sidecar } = deployed;
  const beside = sidecar ? ", each beside a sidecar" : "";
  return `${name} runs ${image}: ${ready} of ${replicas} copies${beside}, at ${at} of the gateway ${gateway}`;
}
