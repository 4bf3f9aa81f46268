import { KerfError } from "@kerf/kernel";
import { type Blob, digestOf } from "../layer.ts";
import { authorization, challengeOf, isLoopback } from "./authorization.ts";
import type { Credentials } from "./credentials.ts";
import type { Reference } from "./reference.ts";

/** How long one request may take, milliseconds: a layer of 50 MB at 1 Mbit/s. */
const requestMs = 400_000;
/** The largest document that is read as one, bytes: what registries themselves refuse above. */
const mostDocumentBytes = 4 * 1_048_576;
/** The largest layer that is read, bytes. */
const mostBlobBytes = 2 * 1_073_741_824;

/** A registry, for one repository of it: the calls of the OCI distribution specification that push and pull need (https://github.com/opencontainers/distribution-spec). */
export class Registry {
  readonly #origin: string;
  readonly #name: Reference;
  readonly #credentials: Credentials | undefined;
  #authorization: string | undefined;

  constructor(name: Reference, credentials: Credentials | undefined) {
    this.#name = name;
    this.#credentials = credentials;
    this.#origin = originOf(name.registry);
  }

  /** Whether a blob is there. */
  async has(digest: string): Promise<boolean> {
    const response = await this.#request("HEAD", `blobs/${digest}`, { accepted: [200, 404] });
    return response.status === 200;
  }

  /** Puts a blob there, if it is not. Answers whether it had to be sent. */
  async putBlob({ bytes, digest }: Blob): Promise<boolean> {
    if (await this.has(digest)) return false;
    const begun = await this.#request("POST", "blobs/uploads/", { accepted: [202] });
    const location = begun.headers.get("location");
    if (location === null) throw this.#broken("It began an upload and did not say where.");
    const place = new URL(location, this.#origin);
    place.searchParams.set("digest", digest);
    await this.#request("PUT", place, {
      accepted: [201],
      body: bytes,
      headers: { "content-type": "application/octet-stream" },
    });
    return true;
  }

  /** A blob's bytes, which are what their digest says. */
  async blob(digest: string): Promise<Uint8Array> {
    const response = await this.#request("GET", `blobs/${digest}`, { accepted: [200] });
    return this.#checked(digest, await bytesOf(response, mostBlobBytes));
  }

  /** Names a manifest, which is there from now on. */
  async putManifest({ bytes }: Blob, mediaType: string, as: string): Promise<void> {
    await this.#request("PUT", `manifests/${as}`, {
      accepted: [201],
      body: bytes,
      headers: { "content-type": mediaType },
    });
  }

  /** The manifest of a tag or digest. */
  async manifest(
    which: string,
    accept: readonly string[],
  ): Promise<{ mediaType: string; bytes: Uint8Array }> {
    const headers = { accept: accept.join(", ") };
    const response = await this.#request("GET", `manifests/${which}`, { accepted: [200], headers });
    const bytes = await bytesOf(response, mostDocumentBytes);
    if (which.startsWith("sha256:")) this.#checked(which, bytes);
    const mediaType = (response.headers.get("content-type") ?? "").split(";")[0] as string;
    return { mediaType, bytes };
  }

  async #request(
    method: string,
    where: string | URL,
    options: {
      accepted: readonly number[];
      body?: Uint8Array;
      headers?: Record<string, string>;
    },
  ): Promise<Response> {
    const url =
      typeof where === "string"
        ? new URL(`/v2/${this.#name.repository}/${where}`, this.#origin)
        : where;
    let response = await this.#send(method, url, options);
    if (response.status === 401) {
      // What it wants to know of us stands in the refusal; tokens end, so it may say so again at any time.
      const challenge = challengeOf(response.headers.get("www-authenticate"));
      await response.body?.cancel();
      if (challenge === undefined) throw this.#refused(response.status);
      this.#authorization = await authorization(challenge, this.#credentials, {
        repository: this.#name.repository,
        registry: this.#name.registry,
      });
      response = await this.#send(method, url, options);
    }
    if (options.accepted.includes(response.status)) return response;
    const said = await bytesOf(response, mostDocumentBytes).catch(() => Buffer.alloc(0));
    throw this.#refused(response.status, messageOf(said));
  }

  async #send(
    method: string,
    url: URL,
    { body, headers }: { body?: Uint8Array; headers?: Record<string, string> },
  ): Promise<Response> {
    // An upload may go to another host, which must not see who we are here.
    const isOurs = url.origin === this.#origin;
    try {
      return await fetch(url, {
        method,
        headers: {
          ...headers,
          ...(isOurs && this.#authorization !== undefined
            ? { authorization: this.#authorization }
            : undefined),
        },
        ...(body === undefined ? undefined : { body: body as Uint8Array<ArrayBuffer> }),
        signal: AbortSignal.timeout(requestMs),
      });
    } catch (cause) {
      throw new KerfError("unavailable", {
        message: `The registry ${this.#name.registry} does not answer.`,
        why: String((cause as Error).cause ?? (cause as Error).message),
        fix: "See whether its name is right and this machine reaches it.",
        cause,
      });
    }
  }

  #checked(digest: string, bytes: Uint8Array): Uint8Array {
    if (digestOf(bytes) === digest) return bytes;
    throw this.#broken(`What it sent as ${digest} is something else.`);
  }

  #broken(why: string): KerfError {
    return new KerfError("bad_gateway", {
      message: `The registry ${this.#name.registry} answered what it must not.`,
      why,
      fix: "Try again; if it stays so, something between here and there changes what is sent.",
    });
  }

  #refused(status: number, said?: string): KerfError {
    const { registry, repository } = this.#name;
    if (status === 401 || status === 403)
      return new KerfError("unauthenticated", {
        message: `The registry ${registry} does not let us work with ${repository}.`,
        why: said ?? "It wants to know who we are.",
        fix: `Log in: docker login ${registry}`,
      });
    return new KerfError(status === 404 ? "not_found" : "bad_gateway", {
      message: `The registry ${registry} answered ${status} for ${repository}.`,
      why: said,
      fix: status === 404 ? "See whether the image is there, under this name." : undefined,
    });
  }
}

/** Registries speak HTTPS, but for those of this machine. */
function originOf(registry: string): string {
  if (registry === "docker.io") return "https://registry-1.docker.io";
  const [host = ""] = registry.split(":");
  return `${isLoopback(host) ? "http" : "https"}://${registry}`;
}

/** What a registry says of a failure, as its specification shapes it. */
function messageOf(bytes: Uint8Array): string | undefined {
  try {
    const { errors = [] } = JSON.parse(Buffer.from(bytes).toString("utf8")) as {
      errors?: { code?: string; message?: string }[];
    };
    const [first] = errors;
    return first && [first.code, first.message].filter(Boolean).join(": ");
  } catch {
    return undefined;
  }
}

async function bytesOf(response: Response, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > most)
      throw new KerfError("payload_too_large", {
        message: `A registry sent more than ${most} bytes.`,
        fix: "Name another image.",
      });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
