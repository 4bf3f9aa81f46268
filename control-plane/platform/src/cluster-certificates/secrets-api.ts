import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { text } from "node:stream/consumers";
import type { KubernetesApi } from "@kerf/call";
import { KerfError } from "@kerf/kernel";
import type { KeptSecret, Secrets } from "./secrets.ts";

/** Longest wait for an answer, milliseconds. */
const answerMs = 15_000;
/** Who the API says has set what is written here. */
const fieldManager = "kerf-certificates";

interface SecretObject {
  readonly metadata: { readonly resourceVersion: string };
  readonly data?: Readonly<Record<string, string>>;
}

/** Secrets of a namespace by the API of Kubernetes, with the rights of this pod's account: to get and to patch them, by their names. */
export class SecretsApi implements Secrets {
  readonly #api: KubernetesApi;
  readonly #namespace: string;

  constructor(api: KubernetesApi, namespace: string) {
    this.#api = api;
    this.#namespace = namespace;
  }

  async read(name: string): Promise<KeptSecret> {
    const { data = {}, metadata } = await this.#send("GET", name);
    const texts = Object.entries(data).map(([key, value]): [string, string] => [
      key,
      Buffer.from(value, "base64").toString("utf8"),
    ]);
    return { version: metadata.resourceVersion, data: Object.fromEntries(texts) };
  }

  async write(
    name: string,
    data: Readonly<Record<string, string>>,
    { version }: KeptSecret,
  ): Promise<void> {
    const coded = Object.entries(data).map(([key, value]): [string, string] => [
      key,
      Buffer.from(value).toString("base64"),
    ]);
    // With its version: two runs at once must not both make an authority.
    const change = {
      metadata: { resourceVersion: version },
      data: Object.fromEntries(coded),
    };
    await this.#send("PATCH", name, change);
  }

  async #send(method: "GET" | "PATCH", name: string, change?: unknown): Promise<SecretObject> {
    const { caFile, server, tokenFile } = this.#api;
    const url = new URL(`/api/v1/namespaces/${this.#namespace}/secrets/${name}`, server);
    if (change !== undefined) url.searchParams.set("fieldManager", fieldManager);
    const [token, ca] = await Promise.all([tokenFile, caFile].map(accountFile));
    const sent = request(url, {
      method,
      agent: false,
      signal: AbortSignal.timeout(answerMs),
      headers: {
        accept: "application/json",
        ...(change === undefined ? undefined : { "content-type": "application/merge-patch+json" }),
        ...(token === undefined ? undefined : { authorization: `Bearer ${token.trim()}` }),
      },
      ...(ca === undefined ? undefined : { ca }),
    });
    try {
      sent.end(change === undefined ? undefined : JSON.stringify(change));
      const [answer] = (await once(sent, "response")) as [IncomingMessage];
      const said = await text(answer);
      if (answer.statusCode === 200) return JSON.parse(said) as SecretObject;
      throw refused(answer.statusCode ?? 0, name, said);
    } catch (cause) {
      if (cause instanceof KerfError) throw cause;
      throw new KerfError("unavailable", {
        message: `The API of Kubernetes at ${url.origin} does not answer.`,
        why: (cause as Error).message,
        fix: "Have the NetworkPolicy kerf-certificates allow its address and port.",
        cause,
      });
    }
  }
}

/** Reads a file of the pod's account; its token is another one every hour. */
async function accountFile(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  return readFile(file, "utf8").catch((cause: unknown) => {
    throw new KerfError("invalid_configuration", {
      message: `The account of this pod cannot be read: ${file}`,
      why: (cause as Error).message,
      fix: "Run it in a pod with automountServiceAccountToken, as kerf export kubernetes --certificates kerf writes it.",
      cause,
    });
  });
}

/** What an answer other than 200 means. What the API says of it names the Secret, and nothing that is in it. */
function refused(status: number, name: string, said: string): KerfError {
  if (status === 404) {
    return new KerfError("not_found", {
      message: `There is no Secret ${name}.`,
      fix: "Apply what kerf export kubernetes writes, all of it: an empty one is among it.",
    });
  }
  if (status === 409) {
    return new KerfError("conflict", {
      message: `The Secret ${name} was changed by somebody else meanwhile.`,
      fix: "It is read anew in the next run.",
    });
  }
  let why = said.slice(0, 500);
  try {
    why = (JSON.parse(said) as { message?: string }).message ?? why;
  } catch {
    // No Status of the API; it stands as it came.
  }
  return new KerfError(status === 401 || status === 403 ? "forbidden" : "unavailable", {
    message: `The API of Kubernetes answered ${status} for the Secret ${name}.`,
    why,
    fix: "The Role kerf-certificates has to name it, with the verbs get and patch; apply what kerf export kubernetes writes.",
  });
}
