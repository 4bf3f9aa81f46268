import type { IDeployment } from "kubernetes-models/apps/v1";
import type { IHorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2";
import type { IPodDisruptionBudget } from "kubernetes-models/policy/v1";
import type { IScaledObject } from "@kubernetes-models/keda/keda.sh/v1alpha1";
import type { ExportedProgram } from "../exported-programs.ts";
import { labelsOf, selectorOf } from "./cluster-names.ts";
import { imageRemarks } from "./image-pod.ts";
import type { KubernetesOptions } from "./kubernetes-options.ts";
import { type Manifest, manifest, type Remark } from "./manifest.ts";
import { podOf } from "./pod.ts";

/** Copies of a program at most, and the share of a core for each, where the app does not say how it scales. */
const scaleByDefault = { most: 10, cpuShare: 0.7 } as const;

const podRemarks: readonly Remark[] = [
  {
    at: ["spec", "strategy", "rollingUpdate"],
    text: "Never fewer than are wanted: a new pod is ready before an old one goes.",
  },
  {
    at: ["spec", "template", "spec", "terminationGracePeriodSeconds"],
    text: "5 s until everybody has heard of it (preStop), 30 s to finish what is in flight, 10 s to spare.",
  },
  {
    at: ["spec", "template", "spec", "topologySpreadConstraints"],
    text: "One node or zone lost is not all copies lost; still scheduled where there is only one.",
  },
  {
    at: ["spec", "template", "spec", "volumes", 1, "projected", "defaultMode"],
    text: "0440: for the group of the pod.",
  },
];

const programRemarks: readonly Remark[] = [
  {
    at: ["spec", "template", "spec", "containers", 0, "startupProbe"],
    text: "Migrations may still run: the program waits for them.",
  },
  {
    at: ["spec", "template", "spec", "containers", 0, "livenessProbe"],
    text: "Only what hangs for a minute is started anew; what others do wrong is no reason.",
  },
];

/** The Deployment of a program; `canary`: the second one beside it, with another image. */
export function deploymentOf(
  program: ExportedProgram,
  options: KubernetesOptions,
  app: string,
  boot: string,
  canary?: { readonly image: string; readonly replicas: number },
): Manifest {
  const deployed = canary === undefined ? program : { ...program, name: `${program.name}-canary` };
  const purpose = { kind: "serve", boot, image: canary?.image } as const;
  const deployment: IDeployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: deployed.name,
      namespace: options.namespace,
      labels: labelsOf(deployed, app),
    },
    spec: {
      // Its autoscaler says how many there are.
      ...(canary === undefined ? undefined : { replicas: canary.replicas }),
      revisionHistoryLimit: 5,
      progressDeadlineSeconds: 300,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: 0 } },
      selector: { matchLabels: selectorOf(deployed, app) },
      template: {
        metadata: { labels: labelsOf(deployed, app) },
        spec: {
          ...podOf(program, options, app, purpose),
          topologySpreadConstraints: podOf(deployed, options, app, purpose)
            .topologySpreadConstraints as NonNullable<
            ReturnType<typeof podOf>["topologySpreadConstraints"]
          >,
        },
      },
    },
  };
  return manifest(
    deployment,
    program.foreign === undefined
      ? [...podRemarks, ...programRemarks]
      : [...podRemarks, ...imageRemarks],
  );
}

/** At most one pod at a time goes for the upkeep of nodes. */
export function disruptionBudgetOf(
  program: ExportedProgram,
  { namespace }: KubernetesOptions,
  app: string,
): Manifest {
  const budget: IPodDisruptionBudget = {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: program.name, namespace, labels: labelsOf(program, app) },
    spec: {
      maxUnavailable: 1,
      selector: { matchLabels: selectorOf(program, app) },
      unhealthyPodEvictionPolicy: "AlwaysAllow",
    },
  };
  return manifest(budget, [
    {
      at: ["spec", "unhealthyPodEvictionPolicy"],
      text: "What is broken must not keep a node from being emptied.",
    },
  ]);
}

/** What decides how many copies a program has: its use of processors, or of a unit with KEDA what waits for it. */
export function autoscalerOf(
  program: ExportedProgram,
  options: KubernetesOptions,
  app: string,
): Manifest {
  const target = program.scale?.target ?? {};
  const isWaiting = target.lag !== undefined || target.inFlight !== undefined;
  const isUnit = program.gateway === undefined;
  return isUnit && isWaiting && options.prometheus !== undefined
    ? scaledObject(program, options, app, options.prometheus)
    : podAutoscaler(program, options, app, isUnit && isWaiting);
}

function bounds(program: ExportedProgram): { min: number; max: number } {
  const { max = scaleByDefault.most, min = program.replicas } = program.scale ?? {};
  // Nobody is there to start a copy for the first call.
  return { min: Math.max(1, min), max: Math.max(1, min, max) };
}

function podAutoscaler(
  program: ExportedProgram,
  { namespace }: KubernetesOptions,
  app: string,
  isWaiting: boolean,
): Manifest {
  const { max, min } = bounds(program);
  const share = program.scale?.target.cpuShare ?? scaleByDefault.cpuShare;
  const autoscaler: IHorizontalPodAutoscaler = {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: program.name, namespace, labels: labelsOf(program, app) },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: program.name },
      minReplicas: min,
      maxReplicas: max,
      metrics: [
        {
          type: "Resource",
          resource: {
            name: "cpu",
            target: { type: "AverageValue", averageValue: `${Math.round(share * 1_000)}m` },
          },
        },
      ],
      behavior: { scaleDown: { stabilizationWindowSeconds: 300 } },
    },
  };
  return manifest(autoscaler, [
    {
      at: ["spec", "metrics"],
      text: isWaiting
        ? "The app says that it scales by what waits for it; that takes KEDA and --prometheus URL. By processors meanwhile."
        : program.foreign === undefined
          ? "A share of one core for each copy: a program of Node works on one."
          : "A share of one core for each copy, its sidecar included.",
    },
  ]);
}

function scaledObject(
  program: ExportedProgram,
  { namespace }: KubernetesOptions,
  app: string,
  serverAddress: string,
): Manifest {
  const { max, min } = bounds(program);
  const { inFlight, lag } = program.scale?.target ?? {};
  const services = program.services.map(({ name }) => name);
  const oneOf = `job=~"${app}/(${services.join("|")})"`;
  const trigger = (query: string, threshold: number) => ({
    type: "prometheus",
    metricType: "AverageValue" as const,
    metadata: { serverAddress, query, threshold: String(threshold) },
  });
  const triggers = [
    ...(lag === undefined ? [] : [trigger(atOnce("kerf_event_lag", oneOf), lag)]),
    ...(inFlight === undefined ? [] : [trigger(atOnce("kerf_server_duration", oneOf), inFlight)]),
  ];
  const scaled: IScaledObject = {
    apiVersion: "keda.sh/v1alpha1",
    kind: "ScaledObject",
    metadata: { name: program.name, namespace, labels: labelsOf(program, app) },
    spec: {
      scaleTargetRef: { name: program.name },
      minReplicaCount: min,
      maxReplicaCount: max,
      cooldownPeriod: 300,
      triggers,
    },
  };
  return manifest(scaled, [
    {
      at: ["spec", "triggers"],
      text: "Events that wait and calls in flight: seconds of waiting and of work, a second (Little's law). Metrics as an OpenTelemetry Collector hands them to Prometheus.",
    },
  ]);
}

/** How many are in something at once, from the sum of how long each was in it. */
function atOnce(metric: string, oneOf: string): string {
  return `sum(rate(${metric}_seconds_sum{${oneOf}}[1m]))`;
}
