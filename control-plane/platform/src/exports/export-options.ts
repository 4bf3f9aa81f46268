import type { ExportedImages } from "./images/exported-image.ts";

/** What is decided for an export that the app itself does not say. */
export interface ExportOptions {
  /** Part of every identity, and the audience of principals. */
  readonly environment: string;
  /** Where images lie: `registry.example.com/team`. */
  readonly registry: string;
  /** The tag of each image, by program (`orders`, `gateway-web`); what has none gets that of its build. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Images are written with the digest that their registry has for them now. */
  readonly pinned?: boolean | undefined;
  /** The digest of each image, `sha256:…`, by its name with its tag. */
  readonly digests?: Readonly<Record<string, string>> | undefined;
  /** What is set for services, by name, instead of what they declare as default. */
  readonly config?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
  /** `nats://…` or `kafka://…` without who we are to it; without a broker followers read the logs of producers themselves. */
  readonly broker?: string | undefined;
  /** Absolute path of a file with the URL and who we are to it, instead. */
  readonly brokerFile?: string | undefined;
  /** Programs read the broker's URL, with who they are to it, out of a secret. */
  readonly brokerSecret?: boolean | undefined;
  /** What that secret says, where it is known; it goes into secrets alone. */
  readonly brokerLogin?: string | undefined;
  /** Absolute path of a file with images of others that run beside the app, and what it says. */
  readonly imagesFile?: string | undefined;
  readonly images?: ExportedImages | undefined;
  /** Where OTLP/HTTP is spoken, without `/v1/…`. */
  readonly otlp?: string | undefined;
  /** Copies of programs whose number the app does not decide by their load. */
  readonly replicas: number;
}

/** Where programs find what is theirs; the same in every container. */
export const containerPaths = {
  boot: "/etc/kerf/boot.json",
  secrets: "/run/secrets/kerf",
  builds: "/kerf/builds",
  /** The only folders that a program writes to. */
  scratch: ["/run/kerf", "/tmp"],
} as const;

/** Ports of programs in a container of their own. */
export const containerPorts = { calls: 7000, health: 7001, http: 8080 } as const;

/** The user and the group that images run as. */
export const containerUser = 65_532;

/** How long a program may finish what is in flight, seconds (`defaults.md`: drain), and how long it may take in all after that. */
export const drainSeconds = 30;
export const stopSeconds = drainSeconds + 10;
