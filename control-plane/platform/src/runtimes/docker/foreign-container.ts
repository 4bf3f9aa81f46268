import { nanoCpus } from "./container.ts";
import type { ForeignImage } from "./foreign-image.ts";
import { secretMounts } from "./image-secrets.ts";
import { labels } from "./labels.ts";

const mostProcesses = 1_024;

/** How the container of an image differs from those of other images. */
export interface ForeignContainerOptions {
  readonly network: string;
  /** The platform's home, as a label says it. */
  readonly home: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Beside those that were asked for. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Whether the engine starts it again when it ends. */
  readonly again: boolean;
}

/** The container of an image of somebody else, as the engine is asked to make it. */
export function foreignContainer(
  image: Omit<ForeignImage, "domain" | "gateway" | "image" | "port" | "replicas" | "revision">,
  options: ForeignContainerOptions,
): object {
  const { cpus, id, memoryBytes, variables } = image;
  const all = { ...options.variables, ...variables };
  return {
    Image: id,
    Env: Object.entries(all).map(([key, value]) => `${key}=${value}`),
    Labels: { [labels.home]: options.home, ...options.labels },
    HostConfig: {
      NetworkMode: options.network,
      SecurityOpt: ["no-new-privileges"],
      PidsLimit: mostProcesses,
      Mounts: secretMounts(options.home, image),
      RestartPolicy: { Name: options.again ? "always" : "no" },
      LogConfig: { Type: "local", Config: { "max-size": "16m", "max-file": "2" } },
      ...(cpus === undefined ? undefined : { NanoCpus: nanoCpus(cpus) }),
      ...(memoryBytes === undefined ? undefined : { Memory: memoryBytes, MemorySwap: memoryBytes }),
    },
  };
}
