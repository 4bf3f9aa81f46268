import type { ClusterApi } from "./cluster-api.ts";
import type { KubernetesObject } from "./manifest.ts";

/** Different reasons that are said of one rollout, at most. */
const most = 3;
/** The exit code of a program that starting again would not help. */
const hopelessCode = 78;

interface ContainerStatus {
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly terminated?: { readonly reason?: string; readonly exitCode: number };
}

/** A pod, as far as anybody asks for it here. */
export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly status?: {
    readonly conditions?: readonly { type: string; status: string; message?: string }[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

/** The pods of a Deployment; `hash`: of one of its forms. */
export async function podsOf(
  api: ClusterApi,
  { metadata }: KubernetesObject,
  hash?: string,
): Promise<readonly Pod[]> {
  const labels = {
    "app.kubernetes.io/name": metadata.name,
    ...(hash === undefined ? undefined : { "pod-template-hash": hash }),
  };
  return api.list<Pod>({ apiVersion: "v1", kind: "Pod" }, metadata.namespace ?? "default", labels);
}

/** Whether one of these pods ended in a way that starting it again does not help. */
export function isHopeless(pods: readonly Pod[]): boolean {
  return pods.some(({ status }) =>
    status?.containerStatuses?.some(({ lastState, state }) =>
      [state, lastState].some((one) => one?.terminated?.exitCode === hopelessCode),
    ),
  );
}

/** What keeps pods from being ready, as the cluster says it; each reason once, with one pod that has it. */
export function troublesOf(pods: readonly Pod[]): string[] {
  const said = new Map<string, string>();
  for (const { metadata, status } of pods) {
    for (const reason of reasonsOf(status)) if (!said.has(reason)) said.set(reason, metadata.name);
  }
  return [...said].slice(0, most).map(([reason, name]) => `${name}: ${reason}`);
}

function reasonsOf({ conditions = [], containerStatuses = [] }: Pod["status"] = {}): string[] {
  const unscheduled = conditions.find(
    ({ status, type }) => type === "PodScheduled" && status === "False",
  );
  if (unscheduled !== undefined)
    return [`no node takes it: ${unscheduled.message ?? "nothing says why"}`];
  return containerStatuses
    .filter(({ ready }) => !ready)
    .map(({ lastState, restartCount, state }) => {
      const ended = (state?.terminated ?? lastState?.terminated)?.exitCode;
      const { message, reason } = state?.waiting ?? {};
      return [
        reason === undefined ? "it runs and is not ready" : reason,
        ...(message === undefined ? [] : [message]),
        ...(ended === undefined
          ? []
          : [`it ended with ${ended}${restartCount > 0 ? `, ${restartCount} times` : ""}`]),
      ].join(": ");
    });
}
