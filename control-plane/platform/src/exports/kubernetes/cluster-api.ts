import { request as send, type RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import { KerfError } from "@kerf/kernel";
import type { KubernetesObject } from "./manifest.ts";

/** Who owns the fields that are applied. */
export const fieldManager = "kerf";
/** Longest answer, bytes, and how long one may take, milliseconds. */
const maxAnswerBytes = 64 * 1_048_576;
const answerMs = 30_000;

/** What the API of a cluster answered. */
export interface ApiAnswer<T = any> {
  readonly status: number;
  readonly body: T;
  /** What it warns of, as people read it. */
  readonly warnings: readonly string[];
}

/** Groups whose objects lie where, by `apiVersion`. */
interface Resource {
  readonly kind: string;
  readonly name: string;
  readonly namespaced: boolean;
}

/** The API of a cluster, as far as an export needs it: objects are applied by the server (server-side apply), strictly. */
export class ClusterApi {
  readonly #config: KubeConfig;
  readonly #resources = new Map<string, Promise<readonly Resource[]>>();

  private constructor(config: KubeConfig) {
    this.#config = config;
  }

  /** As kubectl finds it: `KUBECONFIG`, `~/.kube/config`, or the pod's account; `context`: another one than its current. Throws `invalid_configuration`. */
  static async open(options: { file?: string; context?: string } = {}): Promise<ClusterApi> {
    const { KubeConfig: Config } = await import("@kubernetes/client-node").catch(
      (cause: unknown) => {
        throw new KerfError("invalid_configuration", {
          message: "The client of Kubernetes is not installed.",
          why: "Most apps do without, and it is large.",
          fix: "npm install --save-dev @kubernetes/client-node",
          cause,
        });
      },
    );
    const config = new Config();
    if (options.file === undefined) config.loadFromDefault();
    else config.loadFromFile(options.file);
    if (options.context !== undefined) config.setCurrentContext(options.context);
    if (config.getCurrentCluster() !== null) return new ClusterApi(config);
    throw new KerfError("invalid_configuration", {
      message: "No cluster is configured.",
      fix: "Name one that kubectl knows: --context NAME; kubectl config get-contexts lists them.",
    });
  }

  /** Where it is, for people. */
  get server(): string {
    return this.#config.getCurrentCluster()?.server ?? "";
  }

  /** Makes an object what it should be, and leaves alone what others set of it. With `dryRun` it says what would come of it; `manager`: in another name than ours. Throws what the server says. */
  async apply(
    object: KubernetesObject,
    { dryRun = false, manager = fieldManager } = {},
  ): Promise<ApiAnswer> {
    const query = new URLSearchParams({
      fieldManager: manager,
      force: "true",
      fieldValidation: "Strict",
      ...(dryRun ? { dryRun: "All" } : undefined),
    });
    const path = `${await this.pathOf(object)}?${query.toString()}`;
    const answer = await this.request("PATCH", path, object, "application/apply-patch+yaml");
    if (answer.status < 300) return answer;
    throw refused(`${object.kind} ${object.metadata.name} was refused.`, answer);
  }

  /** An object as it is; undefined when there is none. */
  async read<T = any>(object: KubernetesObject): Promise<T | undefined> {
    const answer = await this.request<T>("GET", await this.pathOf(object));
    if (answer.status === 404) return undefined;
    if (answer.status < 300) return answer.body;
    throw refused(`${object.kind} ${object.metadata.name} cannot be read.`, answer as ApiAnswer);
  }

  /** Objects of a kind in a namespace that have these labels; none of a kind that the cluster does not know. */
  async list<T = KubernetesObject>(
    { apiVersion, kind }: Pick<KubernetesObject, "apiVersion" | "kind">,
    namespace: string,
    labels: Readonly<Record<string, string>> = {},
  ): Promise<readonly T[]> {
    const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const resource = (await this.#resourcesOf(group)).find((one) => one.kind === kind);
    if (resource === undefined) return [];
    const selector = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    const query = new URLSearchParams({ labelSelector: selector.join() });
    const path = `${group}/namespaces/${namespace}/${resource.name}?${query.toString()}`;
    const answer = await this.request<{ items: T[] }>("GET", path);
    if (answer.status >= 300)
      throw refused(`What there is of ${kind} cannot be read.`, answer as ApiAnswer);
    // A list says once what its items are.
    return answer.body.items.map((item) => ({ ...item, apiVersion, kind }));
  }

  /** Takes an object away, and what belongs to it; nothing when there is none. */
  async remove(object: KubernetesObject): Promise<void> {
    const path = `${await this.pathOf(object)}?propagationPolicy=Background`;
    const answer = await this.request("DELETE", path);
    if (answer.status >= 300 && answer.status !== 404)
      throw refused(`${object.kind} ${object.metadata.name} cannot be taken away.`, answer);
  }

  /** The path of an object. Throws `not_found` for a kind that the cluster does not know. */
  async pathOf({ apiVersion, kind, metadata }: KubernetesObject): Promise<string> {
    const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const resource = (await this.#resourcesOf(group)).find((one) => one.kind === kind);
    if (resource === undefined) {
      // Its operator may be installed meanwhile.
      this.#resources.delete(group);
      throw new KerfError("not_found", {
        message: `The cluster knows no ${kind} of ${apiVersion}.`,
        why: "What adds it is not installed there.",
        fix: "Install it, or export without it: kerf export kubernetes --help names what each option needs.",
      });
    }
    const place = resource.namespaced ? `/namespaces/${metadata.namespace ?? "default"}` : "";
    return `${group}${place}/${resource.name}/${metadata.name}`;
  }

  /** Sends one request. Rejects when the cluster does not answer. */
  async request<T = any>(
    method: string,
    path: string,
    body?: unknown,
    contentType = "application/json",
  ): Promise<ApiAnswer<T>> {
    const options: RequestOptions = { method, timeout: answerMs };
    await this.#config.applyToHTTPSOptions(options as never);
    const url = new URL(path, this.server);
    options.headers = {
      ...(options.headers as Readonly<Record<string, string>> | undefined),
      accept: "application/json",
      ...(body === undefined ? undefined : { "content-type": contentType }),
    };
    return new Promise((resolve, reject) => {
      const lost = (cause: Error): void =>
        reject(
          new KerfError("unavailable", {
            message: `The cluster at ${this.server} does not answer.`,
            why: cause.message,
            fix: "Look at it: kubectl cluster-info",
            cause,
          }),
        );
      const sent = send(url, options, (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on("data", (chunk: Buffer) => {
          size += chunk.length;
          if (size > maxAnswerBytes) response.destroy(new Error("its answer is too large"));
          else chunks.push(chunk);
        });
        response.on("error", lost);
        response.on("end", () => {
          const warnings = (response.headers["warning"] ?? "")
            .split(/,\s*(?=\d{3} )/)
            .flatMap((one) => /^\d{3} \S+ "(.*)"$/.exec(one)?.[1] ?? []);
          const text = Buffer.concat(chunks).toString("utf8");
          try {
            const said = (text === "" ? undefined : JSON.parse(text)) as T;
            resolve({ status: response.statusCode ?? 0, body: said, warnings });
          } catch {
            resolve({ status: response.statusCode ?? 0, body: { message: text } as T, warnings });
          }
        });
      });
      sent.on("timeout", () => sent.destroy(new Error(`no answer within ${answerMs} ms`)));
      sent.on("error", lost);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  #resourcesOf(group: string): Promise<readonly Resource[]> {
    let known = this.#resources.get(group);
    if (known === undefined) {
      known = this.request<{ resources?: Resource[] }>("GET", group).then(({ body, status }) =>
        status < 300 ? (body.resources ?? []) : [],
      );
      this.#resources.set(group, known);
      known.then(
        (found) => {
          if (found.length === 0) this.#resources.delete(group);
        },
        () => this.#resources.delete(group),
      );
    }
    return known;
  }
}

function refused(message: string, { body, status }: ApiAnswer): KerfError {
  return new KerfError(
    status === 403 ? "forbidden" : status === 409 ? "conflict" : "invalid_input",
    {
      message,
      why: `The server answered ${status}: ${(body as { message?: string } | undefined)?.message ?? "nothing"}`,
      fix:
        status === 403
          ? "Ask for the right to do this in that namespace."
          : "Correct what it names; nothing was changed.",
    },
  );
}
