import { type Clock, delay, type Random } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { PlacedInstance } from "../placement.ts";
import type { Discovery } from "./discovery.ts";
import {
  type EndpointSlice,
  instancesIn,
  type KubernetesService,
  serviceLabel,
} from "./endpoint-slices.ts";
import { KnownInstances } from "./instances.ts";
import { getJson, getLines, type KubernetesApi, KubernetesRefusal } from "./kubernetes-api.ts";

/** What discovery by the API of Kubernetes is made of. */
export interface KubernetesDiscoveryOptions {
  readonly api: KubernetesApi;
  readonly namespace: string;
  /** The Service behind each service. */
  readonly services: Readonly<Record<string, KubernetesService>>;
  /** Those that record their commands with their effects; Kubernetes does not say. */
  readonly recordsCommands?: readonly string[] | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Slices of one page of a list (client-go's page). */
const pageSize = 500;
/** After so long the API ends a watch, seconds, and after a little longer we do (client-go: 5 to 10 minutes). */
const watchSeconds = 300;
const overdueMs = 30_000;
/** Pauses between watches, and after failures, milliseconds: full jitter up to twice as much each time (client-go's reflector: 0.8 s to 30 s). */
const firstPauseMs = 800;
const longestPauseMs = 30_000;

interface SliceList {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly EndpointSlice[];
}

interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: EndpointSlice & { readonly code?: number; readonly message?: string };
}

/**
 * Discovery by the EndpointSlices of Kubernetes: a list, then a watch from where the list ended, resumed where it broke off, and a new list when the API
 * has forgotten that place (410). While the API is away the last that was known stays.
 */
export class KubernetesDiscovery implements Discovery {
  readonly #options: KubernetesDiscoveryOptions;
  readonly #known = new KnownInstances();
  readonly #records: ReadonlySet<string>;
  readonly #stop = new AbortController();
  readonly #first = Promise.withResolvers<void>();
  #slices = new Map<string, EndpointSlice>();
  /** How far the cluster's history is known; undefined when a list must come first. */
  #version: string | undefined;
  #failures = 0;
  #running: Promise<void> | undefined;

  constructor(options: KubernetesDiscoveryOptions) {
    this.#options = options;
    this.#records = new Set(options.recordsCommands);
  }

  /** Begins; resolves once the first list is there. Does not give up. */
  start(): Promise<void> {
    this.#running ??= this.#run();
    return this.#first.promise;
  }

  instancesOf(service: string): readonly PlacedInstance[] {
    return this.#known.of(service);
  }

  recordsCommands(service: string): boolean {
    return this.#records.has(service);
  }

  onChange(listener: () => void): () => void {
    return this.#known.onChange(listener);
  }

  /** Watches no more; what is known stays. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#first.resolve();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, random, log } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        if (this.#version === undefined) await this.#list();
        await this.#watch();
      } catch (error) {
        if (signal.aborted) return;
        // The place in the history is gone: not a failure, but a list is needed.
        if (error instanceof KubernetesRefusal && error.status === 410) this.#version = undefined;
        else this.#failures++;
        if (this.#failures === 1) {
          log.warn(
            "The API of Kubernetes cannot be asked where services run; what is known stays.",
            { error },
          );
        }
      }
      // After an orderly end too: an API that ends every watch at once must not be asked all the time.
      const most = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.max(0, this.#failures - 1));
      await delay(clock, random.next() * most, signal).catch(() => undefined);
    }
  }

  async #list(): Promise<void> {
    const { api, clock } = this.#options;
    const slices = new Map<string, EndpointSlice>();
    let more: string | undefined;
    do {
      const path = this.#path({
        limit: String(pageSize),
        ...(more === undefined ? {} : { continue: more }),
      });
      const page = (await getJson(api, clock, path, this.#stop.signal)) as SliceList;
      for (const slice of page.items) slices.set(slice.metadata.name, slice);
      more = page.metadata.continue === "" ? undefined : page.metadata.continue;
      this.#version = page.metadata.resourceVersion;
    } while (more !== undefined);
    this.#slices = slices;
    this.#failures = 0;
    this.#learnt();
    this.#first.resolve();
  }

  async #watch(): Promise<void> {
    const { api, clock } = this.#options;
    const path = this.#path({
      watch: "1",
      allowWatchBookmarks: "true",
      resourceVersion: this.#version ?? "",
      timeoutSeconds: String(watchSeconds),
    });
    const over = new AbortController();
    const timer = clock.after(watchSeconds * 1_000 + overdueMs, () => over.abort());
    try {
      const signal = AbortSignal.any([this.#stop.signal, over.signal]);
      for await (const event of getLines(api, clock, path, signal))
        this.#happened(event as WatchEvent);
    } finally {
      timer.cancel();
    }
  }

  #happened({ type, object }: WatchEvent): void {
    if (type === "ERROR") throw new KubernetesRefusal(object.code ?? 500, object.message ?? "");
    this.#failures = 0;
    this.#version = object.metadata.resourceVersion ?? this.#version;
    if (type === "BOOKMARK") return;
    if (type === "DELETED") this.#slices.delete(object.metadata.name);
    else this.#slices.set(object.metadata.name, object);
    this.#learnt();
  }

  #learnt(): void {
    const { services } = this.#options;
    this.#known.set(
      new Map(
        Object.entries(services).map(([service, at]) => [
          service,
          instancesIn(this.#slices.values(), at),
        ]),
      ),
    );
  }

  #path(query: Readonly<Record<string, string>>): string {
    const { namespace, services } = this.#options;
    const names = Object.values(services).map(({ name }) => name);
    const labelSelector = `${serviceLabel} in (${names.join(",")})`;
    const search = new URLSearchParams({ labelSelector, ...query });
    return `/apis/discovery.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/endpointslices?${search.toString()}`;
  }
}
