import { readFile } from "node:fs/promises";
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { type Clock, KerfError } from "@kerf/kernel";

/** How the API of a cluster is reached; in a pod all of it is found at fixed places. */
export interface KubernetesApi {
  /** `https://kubernetes.default.svc`; http for `kubectl proxy`. */
  readonly server: string;
  /** The service account's token, read again for every request, since it is renewed every hour. */
  readonly tokenFile?: string | undefined;
  /** PEM of the cluster's authority. */
  readonly caFile?: string | undefined;
}

/** Where a pod finds its service account. */
const account = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The API as it is reached from within a pod. */
export const inCluster: KubernetesApi = {
  server: "https://kubernetes.default.svc",
  tokenFile: `${account}/token`,
  caFile: `${account}/ca.crt`,
};

/** Bytes of an answer that is read whole, and of a line of a watch: etcd keeps objects of at most 1.5 MiB, a page has 500. */
const maxAnswerBytes = 256 * 1024 * 1024;
const maxLineBytes = 4 * 1024 * 1024;
/** Milliseconds until an answer must have begun. */
const headMs = 10_000;

/** An answer of the API that is none of those with 2xx. */
export class KubernetesRefusal extends KerfError {
  readonly status: number;

  constructor(status: number, said: string) {
    super("unavailable", {
      message: `The API of Kubernetes answered ${status}: ${said.slice(0, 500)}`,
      fix: "The service account needs the verbs list and watch on endpointslices of discovery.k8s.io.",
    });
    this.status = status;
  }
}

/** Reads a path whole, as JSON. */
export async function getJson(
  api: KubernetesApi,
  clock: Clock,
  path: string,
  signal: AbortSignal,
): Promise<unknown> {
  const response = await open(api, clock, path, signal);
  return JSON.parse(await whole(response, maxAnswerBytes)) as unknown;
}

/** Reads a path that answers JSON a line, for as long as it goes on. */
export async function* getLines(
  api: KubernetesApi,
  clock: Clock,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<unknown, void> {
  const response = await open(api, clock, path, signal);
  let rest = "";
  response.setEncoding("utf8");
  for await (const chunk of response as AsyncIterable<string>) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > maxLineBytes)
      throw new KerfError("protocol_error", "A line of a watch is too long.");
    for (const line of lines) if (line !== "") yield JSON.parse(line) as unknown;
  }
}

async function open(
  { server, tokenFile, caFile }: KubernetesApi,
  clock: Clock,
  path: string,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const url = new URL(path, server);
  const token = tokenFile === undefined ? undefined : (await readFile(tokenFile, "utf8")).trim();
  const ca = caFile === undefined ? undefined : await readFile(caFile);
  const headers = {
    accept: "application/json",
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const send = url.protocol === "https:" ? requestHttps : requestHttp;
    const request = send(url, {
      headers,
      signal,
      agent: false,
      ...(ca === undefined ? {} : { ca }),
    });
    const timer = clock.after(headMs, () =>
      request.destroy(new Error(`no answer within ${headMs} ms`)),
    );
    // An idle connection whose other end vanished is the system's to find.
    request.on("socket", (socket) => socket.setKeepAlive(true, 30_000));
    request.on("response", (answer) => {
      timer.cancel();
      resolve(answer);
    });
    request.on("error", (error) => {
      timer.cancel();
      reject(error);
    });
    request.end();
  });
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return response;
  throw new KubernetesRefusal(status, await whole(response, maxLineBytes));
}

async function whole(response: IncomingMessage, most: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > most)
      throw new KerfError("protocol_error", "An answer of Kubernetes is too large.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
