import { version } from "../version.ts";
import { imageUser } from "./base-layer.ts";
import { programFolder, programPath } from "./program-layer.ts";
import { buildFolder, commandOf, entryOf, type ImageProgramOf } from "./service-image.ts";

/** Folders that a Dockerfile of ours copies from, beside it. */
export const context = { programs: "programs", builds: "builds" } as const;

/** The same image for those who build theirs with Docker: its context has the programs and the builds beside it. `base`: an image that has Node in it. */
export function dockerfile({ builds, isGateway, name }: ImageProgramOf, base: string): string {
  const services = builds.map(({ descriptor }) => descriptor.service.name);
  const program = programPath(entryOf(isGateway, builds));
  return [
    `# The image of ${name}, written by kerf build --dockerfile.`,
    `FROM ${base}`,
    "# What the programs need changes with Kerf, builds with every deploy: the former is the lower layer.",
    `COPY --chown=0:0 ${context.programs}/ ${programFolder}/`,
    ...services.map((each) => `COPY --chown=0:0 ${context.builds}/${each}/ ${buildFolder(each)}/`),
    `LABEL dev.kerf.version="${version}"`,
    ...builds.map(
      ({ descriptor: { digest, service } }) => `LABEL dev.kerf.build.${service.name}="${digest}"`,
    ),
    `USER ${imageUser}:${imageUser}`,
    `WORKDIR ${programFolder}`,
    "STOPSIGNAL SIGTERM",
    "# The boot document is the file that KERF_BOOT_FILE names. Run it with a read-only root: it writes to /run/kerf and /tmp only.",
    `ENTRYPOINT ["node", "${program}"]`,
    `CMD ${JSON.stringify(commandOf(name, builds))}`,
    "",
  ].join("\n");
}
