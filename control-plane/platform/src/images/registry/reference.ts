import { KerfError } from "@kerf/kernel";

/** The name of an image: where it lies, what it is called, which one of those it is. */
export interface Reference {
  /** Host and port of the registry. */
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string | undefined;
  /** `sha256:…` of its manifest. */
  readonly digest?: string | undefined;
}

/** What a name without a registry means, to Docker and so to everybody. */
const hub = "docker.io";
const shape =
  /^(?<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::(?<tag>[\w][\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/;

/** Reads a name as `docker pull` does. Throws `invalid_configuration`. */
export function parseReference(text: string): Reference {
  const slash = text.indexOf("/");
  const first = slash < 0 ? "" : text.slice(0, slash);
  // Only a host has a dot or a port, but for this one.
  const isHost = /[.:]/.test(first) || first === "localhost";
  const rest = isHost ? text.slice(slash + 1) : text;
  const { digest, repository, tag } = shape.exec(rest)?.groups ?? {};
  if (repository === undefined || (isHost && !/^[\w.-]+(?::\d{1,5})?$/.test(first)))
    throw new KerfError("invalid_configuration", {
      message: `${JSON.stringify(text)} is no name of an image.`,
      why: "It is HOST/PATH:TAG in lower case, or HOST/PATH@sha256:DIGEST.",
      fix: "Write it like registry.example.com/shop/orders:1.4.0",
    });
  const registry = isHost ? first : hub;
  const isOfficial = registry === hub && !repository.includes("/");
  return { registry, repository: isOfficial ? `library/${repository}` : repository, tag, digest };
}

/** The whole name, with the tag that is meant when none is given. */
export function formatReference({ digest, registry, repository, tag }: Reference): string {
  const name = `${registry}/${repository}`;
  if (digest !== undefined) return `${name}${tag === undefined ? "" : `:${tag}`}@${digest}`;
  return `${name}:${tag ?? "latest"}`;
}
