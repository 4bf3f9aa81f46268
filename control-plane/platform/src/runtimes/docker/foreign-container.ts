import type { ForeignImage } from "./foreign-image.ts";

const mostProcesses = 1_024;

/** How the container of an image differs from those of other images. */
export interface ForeignContainerOptions {
  readonly network: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Beside those that were asked for. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Whether the engine starts it again when it ends. */
  readonly again: boolean;
}

/** The container of an image of somebody else, as the engine is asked to make it. */
export function foreignContainer(
  { id, memoryBytes, variables }: Pick<ForeignImage, "id" | "memoryBytes" | "variables">,
  options: ForeignContainerOptions,
): object {
  const all = { ...options.variables, ...variables };
  return {
    Image: id,
    Env: Object.entries(all).map(([key, value]) => `${key}=${value}`),
    Labels: options.labels,
    HostConfig: {
      NetworkMode: options.network,
      SecurityOpt: ["no-new-privileges"],
      PidsLimit: mostProcesses,
      RestartPolicy: { Name: options.again ? "always" : "no" },
      LogConfig: { Type: "local", Config: { "max-size": "16m", "max-file": "2" } },
      ...(memoryBytes === undefined
        ? undefined
        : { Memory: memoryBytes, MemorySwap: memoryBytes }),
    },
  };
}
