// Certificates of pods on Docker: their Secrets and the account that may fill them are in a real cluster, whose API the container of the Job reaches.
import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestCluster } from "@kerf/platform/testing";
import type { KubernetesObject, PodApi } from "./pods.ts";

type Manifest = KubernetesObject & { readonly apiVersion: string };

/** Secrets that an export leaves empty, and who may fill them. */
export class PodIdentities implements PodApi {
  readonly #cluster: TestCluster;
  readonly #folder: string;
  readonly #namespace: string;

  private constructor(cluster: TestCluster, folder: string, namespace: string) {
    this.#cluster = cluster;
    this.#folder = folder;
    this.#namespace = namespace;
  }

  /** Applies what of an export is about certificates. */
  static async prepare(
    cluster: TestCluster,
    objects: readonly KubernetesObject[],
    folder: string,
  ): Promise<PodIdentities> {
    let namespace = "";
    for (const object of objects as readonly Manifest[]) {
      const { kind, metadata } = object;
      if (kind === "Namespace") namespace = metadata.name;
      const isIssuer = metadata.name === "kerf-certificates" && kind !== "CronJob";
      if (kind === "Namespace" || isIssuer || isEmpty(object)) await cluster.api.apply(object);
    }
    return new PodIdentities(cluster, folder, namespace);
  }

  get port(): string {
    return new URL(this.#cluster.api.server).port;
  }

  async accountFolder(account: string): Promise<string> {
    const path = `/api/v1/namespaces/${this.#namespace}/serviceaccounts/${account}/token`;
    const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} };
    const { body } = await this.#cluster.api.request("POST", path, request);
    const folder = join(this.#folder, `account-${account}`);
    await mkdir(folder);
    await writeFile(join(folder, "token"), body.status.token as string);
    const authority = join(this.#cluster.directory, "certificates/apiserver.crt");
    await copyFile(authority, join(folder, "ca.crt"));
    for (const name of ["token", "ca.crt"]) await chmod(join(folder, name), 0o444);
    return folder;
  }

  /** Hands what was put into the Secrets to pods that mount them; says how many programs there are certificates for. */
  async fill(objects: readonly KubernetesObject[]): Promise<number> {
    let count = 0;
    for (const object of (objects as readonly Manifest[]).filter(isEmpty)) {
      const { data = {} } = (await this.#cluster.api.read<KubernetesObject>(object)) ?? {};
      const texts = Object.entries(data).map(([key, value]) => [
        key,
        Buffer.from(value, "base64").toString("utf8"),
      ]);
      Object.assign(object, { stringData: Object.fromEntries(texts) });
      if ("tls.crt" in data) count++;
    }
    return count;
  }
}

function isEmpty({ data, kind, stringData }: KubernetesObject): boolean {
  return kind === "Secret" && data === undefined && stringData === undefined;
}
