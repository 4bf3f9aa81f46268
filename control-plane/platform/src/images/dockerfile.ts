import type { BuildDescriptor } from "@kerf/service/builds";
import { version } from "../version.ts";
import { imageUser } from "./base-layer.ts";
import { programFolder, programPath } from "./program-layer.ts";
import { buildFolder } from "./service-image.ts";

/** Folders that a Dockerfile of ours copies from, beside it. */
export const context = { programs: "programs", build: "build" } as const;

/** The same image for those who build theirs with Docker: its context has the programs and the build beside it. `base`: an image that has Node in it. */
export function dockerfile({ digest, service }: BuildDescriptor, base: string): string {
  const folder = buildFolder(service.name);
  const program = programPath(service.program === undefined ? "host" : "sidecar");
  const command = [service.name, programFolder, `${service.name}=${folder}`];
  return `# The image of ${service.name}, build ${digest.slice(0, 12)}, written by kerf build --dockerfile.
FROM ${base}
# What the programs need changes with Kerf, the build with every deploy: the former is the lower layer.
COPY --chown=0:0 ${context.programs}/ ${programFolder}/
COPY --chown=0:0 ${context.build}/ ${folder}/
LABEL dev.kerf.service="${service.name}" dev.kerf.build="${digest}" dev.kerf.version="${version}"
USER ${imageUser}:${imageUser}
WORKDIR ${programFolder}
STOPSIGNAL SIGTERM
# The boot document is the file that KERF_BOOT_FILE names. Run it with a read-only root: it writes to /run/kerf and /tmp only.
ENTRYPOINT ["node", "${program}"]
CMD ${JSON.stringify(command)}
`;
}
