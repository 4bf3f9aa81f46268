import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type Build, buildFiles } from "@kerf/service/builds";
import { version } from "../version.ts";
import { json } from "./image.ts";

/** A part of an image. */
export interface Part {
  readonly name: string;
  readonly version?: string | undefined;
  /** `sha256:…` of a file. */
  readonly digest?: string | undefined;
}

/** What an image is made of. */
export interface Parts {
  /** Node and the libraries of the system. */
  readonly base: readonly Part[];
  /** Packages of npm, Kerf's own programs' first. */
  readonly packages: readonly Part[];
}

/** Where an image says what it is made of. */
export const sbomPath = "/kerf/sbom.cdx.json";

/** The bill of materials of a service's image, as CycloneDX 1.6 has it (https://cyclonedx.org/docs/1.6/json/). No time and no serial number: the same image has the same one. */
export function billOfMaterials(build: Build, { base, packages }: Parts): Uint8Array {
  const { digest, service } = build.descriptor;
  const unique = new Map(packages.map((each) => [`${each.name}@${each.version ?? ""}`, each]));
  return json({
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      tools: { components: [{ type: "application", name: "kerf", version }] },
      component: {
        type: "application",
        name: service.name,
        version: service.contract.version,
        hashes: [{ alg: "SHA-256", content: digest }],
      },
    },
    components: [
      ...base.map(({ digest: of = "", name, version: its }) => ({
        type: its === undefined ? "file" : "platform",
        name,
        ...(its === undefined ? undefined : { version: its }),
        hashes: [{ alg: "SHA-256", content: of.replace("sha256:", "") }],
      })),
      ...[...unique.values()]
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
        .map(({ name, version: its }) => ({
          type: "library",
          name,
          ...(its === undefined ? undefined : { version: its }),
          purl: `pkg:npm/${name.replace("@", "%40")}${its === undefined ? "" : `@${its}`}`,
        })),
    ],
  });
}

/** The packages that became part of a build's module, as its map names them, with the versions that are installed for `from` (a file). */
export function bundledPackages(build: Build, from: string | undefined): Part[] {
  const map = join(build.directory, `${buildFiles.module}.map`);
  const { sources = [] } = JSON.parse(readFileSync(map, "utf8")) as { sources?: string[] };
  const names = sources.flatMap((source) => {
    const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source) ?? [];
    return name ?? [];
  });
  return [...new Set(names)].map((name) => ({ name, version: from && installed(name, from) }));
}

function installed(name: string, from: string): string | undefined {
  for (const folder of createRequire(from).resolve.paths(name) ?? []) {
    try {
      const text = readFileSync(join(folder, name, "package.json"), "utf8");
      return (JSON.parse(text) as { version?: string }).version;
    } catch {
      // It lies further up.
    }
  }
  return undefined;
}
