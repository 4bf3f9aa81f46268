import type { ContractDescription, EventDescription } from "@kerf/contract";
import type { ManifestService } from "../manifest.ts";

/** The version of `build.json` that is written, and the only one that is read. */
export const buildFormat = 1;

/** Names inside of a build's folder. */
export const buildFiles = {
  descriptor: "build.json",
  /** The service's module, with all that it imports. */
  module: "service.js",
  migrations: "migrations",
  /** Where the files lie that modules name as `new URL("./file", import.meta.url)`. */
  assets: "files",
  /** Packages that are no part of the module. */
  packages: "node_modules",
  /** The files of a program in another language. */
  program: "program",
} as const;

/** A file of a build. */
export interface BuiltFile {
  /** Hexadecimal, of its bytes. */
  readonly sha256: string;
  readonly bytes: number;
  /** Whether its owner may execute it. */
  readonly executable?: true;
}

/** A contract that is called, as it was when the caller was built. */
export interface WrittenCall {
  /** Whether the caller can do without. */
  readonly optional: boolean;
  /** With the operations that the caller may call, and no events. */
  readonly contract: ContractDescription;
}

/** Events that are followed, as they were when the follower was built. */
export interface WrittenEvents {
  /** Name of the service that emits them. */
  readonly producer: string;
  /** Semantic version of its contract. */
  readonly version: string;
  readonly events: Readonly<Record<string, EventDescription>>;
}

/** What a service was written against: what others must go on offering while it runs. */
export interface WrittenAgainst {
  readonly calls: readonly WrittenCall[];
  readonly events: readonly WrittenEvents[];
}

/** A saga that a service can go on with. */
export interface SagaVersion {
  readonly name: string;
  readonly version: number;
}

/** A service as its manifest says, without the places of its files, which are where the build lies. */
export type BuiltService = Omit<
  ManifestService,
  "module" | "files" | "database" | "program" | "against" | "sagaVersions"
> & {
  readonly database?: Omit<NonNullable<ManifestService["database"]>, "migrations">;
  readonly program?: Omit<NonNullable<ManifestService["program"]>, "cwd">;
};

/** What `build.json` says: one service's code, data layout, what it offers and what it was written against. */
export interface BuildDescriptor {
  readonly format: typeof buildFormat;
  /** Hexadecimal SHA-256 of everything below but `source`; the name of its folder. */
  readonly digest: string;
  /** Version of Kerf that it was built with. */
  readonly kerf: string;
  /** Whether it is a service, or what a gateway composes for its clients. */
  readonly kind: "service" | "backend";
  readonly service: BuiltService;
  readonly against: WrittenAgainst;
  readonly sagas: readonly SagaVersion[];
  /** In the order in which they are applied. `sha256` as in the table of what was applied. */
  readonly migrations: readonly { readonly name: string; readonly sha256: string }[];
  /** Packages that lie beside the module, since they cannot be part of it. */
  readonly packages: readonly { readonly name: string; readonly version: string }[];
  /** Such as `linux-x64`: where it runs, when that is not everywhere. */
  readonly platform?: string;
  /** What sets it apart from another build of the same code, in a word or two of who built it. */
  readonly label?: string;
  /** Every file of the build but this one, by its path with `/`, sorted. */
  readonly files: Readonly<Record<string, BuiltFile>>;
  /** Where it came from, for people. The same code is the same build wherever it came from. */
  readonly source?: {
    /** Commit that was checked out. */
    readonly revision: string;
    /** Whether anything differed from it. */
    readonly changed: boolean;
  };
}
