import type { ImageBoot } from "@kerf/call";
import { programPath } from "../../images/program-layer.ts";
import { outboundPort, variablesBeside } from "../../runtimes/docker/image-variables.ts";
import { secretNames } from "../exported-boot.ts";
import { containerUser } from "../export-options.ts";
import type { ExportedProgram, ForeignProgram } from "../exported-programs.ts";
import { sidecarOf as throughSidecar } from "../images/with-images.ts";

/** Where a program finds its secrets. */
const secretsPath = "/run/secrets";

/** The network that only an image's program and its sidecar are on. */
export const besideOf = (name: string): string => `beside-${name}`;
/** What the sidecar is called there: under its own name others find it. */
const aliasOf = (name: string): string => `${name}-sidecar`;

/** Where an image's program and its sidecar find each other. */
export function besideInCompose({
  foreign,
  name,
}: ExportedProgram): Pick<ImageBoot, "outbound" | "program"> {
  return {
    program: `${name}-program:${foreign?.settings.port}`,
    outbound: { host: aliasOf(name), port: outboundPort },
  };
}

/** The networks of a program; a sidecar is on that of its image too. */
export function networksFor(
  { foreign, name }: ExportedProgram,
  networks: readonly string[],
): readonly string[] | Readonly<Record<string, object>> {
  if (foreign === undefined) return networks;
  return {
    ...Object.fromEntries(networks.map((network) => [network, {}])),
    [besideOf(name)]: { aliases: [aliasOf(name)] },
  };
}

/** The program of Kerf's that runs for an image: its sidecar, or the run that makes the database of its events. */
export function sidecarOf({ sidecar }: ForeignProgram, boot: string): object {
  const program = boot.endsWith("-migrate") ? "host" : "image-sidecar";
  return { image: sidecar, entrypoint: ["node", programPath(program)] };
}

/** The container of an image's program. */
export function imageService(
  { image, name }: ExportedProgram,
  { settings }: ForeignProgram,
  secretId: (name: string) => string,
): object {
  const { cpus, env, memoryBytes, secrets, user, writable } = settings;
  return {
    image,
    user: user === undefined ? `\${KERF_USER:-${containerUser}:${containerUser}}` : String(user),
    read_only: true,
    tmpfs: ["/tmp", ...writable].map((path) => `${path}:mode=1777,size=64m`),
    cap_drop: ["ALL"],
    security_opt: ["no-new-privileges:true"],
    mem_limit: memoryBytes ?? "384m",
    ...(cpus === undefined ? undefined : { cpus }),
    pids_limit: 256,
    environment: { ...env, ...variablesBeside(name, aliasOf(name), throughSidecar(settings)) },
    ...(secrets.length === 0
      ? undefined
      : {
          secrets: secrets.map((each) => ({
            source: secretId(secretNames.setting(name, each)),
            target: `${secretsPath}/${each}`,
          })),
        }),
    restart: "unless-stopped",
    networks: [besideOf(name)],
  };
}
