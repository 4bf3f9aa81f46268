// What measures pods in a cluster (metrics.k8s.io, as metrics-server serves it), for one whose pods run nothing: each uses what a test says. The API server asks it on
// behalf of whoever wants to know, autoscalers first of all. No part of the package.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { ClusterApi } from "../kubernetes/cluster-api.ts";

const groupVersion = "metrics.k8s.io/v1beta1";

/** Measures pods as it is told. */
export class PodMetrics {
  readonly #api: ClusterApi;
  readonly #server: Server;
  readonly #cores = new Map<string, number>();

  private constructor(api: ClusterApi, server: Server) {
    this.#api = api;
    this.#server = server;
  }

  /** Starts it, and has the API server ask it. `certificates`: a folder with a key and certificate that are valid here. */
  static async start(api: ClusterApi, certificates: string): Promise<PodMetrics> {
    const [key, cert] = await Promise.all(
      ["apiserver.key", "apiserver.crt"].map((name) => readFile(join(certificates, name))),
    );
    const server = createServer({ key, cert });
    const metrics = new PodMetrics(api, server);
    server.on("request", ({ url = "/" }, response) => {
      void metrics.#answer(new URL(url, "https://localhost")).then((body) => {
        response.writeHead(200, { "content-type": "application/json" });
        response.end(JSON.stringify(body));
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    await api.apply({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "pod-metrics", namespace: "kube-system" },
      spec: { type: "ExternalName", externalName: "localhost" },
    } as never);
    await api.apply({
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name: "v1beta1.metrics.k8s.io" },
      spec: {
        group: "metrics.k8s.io",
        version: "v1beta1",
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
        service: {
          name: "pod-metrics",
          namespace: "kube-system",
          port: (server.address() as AddressInfo).port,
        },
      },
    } as never);
    return metrics;
  }

  /** What each pod of a program uses from now on, in processors. */
  set(program: string, cores: number): void {
    this.#cores.set(program, cores);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await once(this.#server.close(), "close");
  }

  async #answer({ pathname, searchParams }: URL): Promise<unknown> {
    const [, namespace] = /\/namespaces\/([^/]+)\/pods$/.exec(pathname) ?? [];
    if (namespace === undefined) {
      return {
        kind: "APIResourceList",
        apiVersion: "v1",
        groupVersion,
        resources: [
          { name: "pods", singularName: "", namespaced: true, kind: "PodMetrics", verbs: ["list"] },
        ],
      };
    }
    const query = new URLSearchParams({ labelSelector: searchParams.get("labelSelector") ?? "" });
    const path = `/api/v1/namespaces/${namespace}/pods?${query.toString()}`;
    const { items } = (await this.#api.request("GET", path)).body as { items: any[] };
    return {
      kind: "PodMetricsList",
      apiVersion: groupVersion,
      metadata: {},
      items: items.flatMap(({ metadata, spec }) => {
        const cores = this.#cores.get(metadata.labels["app.kubernetes.io/name"]);
        if (cores === undefined) return [];
        const usage = { cpu: `${Math.round(cores * 1_000)}m`, memory: "100Mi" };
        return {
          metadata: { name: metadata.name, namespace, labels: metadata.labels },
          timestamp: new Date().toISOString(),
          window: "15s",
          containers: spec.containers.map(({ name }: any) => ({ name, usage })),
        };
      }),
    };
  }
}
