import { type BuildDescriptor, type BuiltFile, sha256 } from "@kerf/service/builds";

/** The files of a build, by their paths in it. */
export type Content = Map<string, { readonly bytes: Uint8Array; readonly executable?: boolean }>;

/** Puts one beside the other. */
export function addContent(to: Content, from: Content): void {
  for (const [path, file] of from) to.set(path, file);
}

/** What the descriptor says of the files. */
export function filesOf(content: Content): BuildDescriptor["files"] {
  return Object.fromEntries(
    [...content]
      .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([path, { bytes, executable = false }]): [string, BuiltFile] => [
        path,
        {
          sha256: sha256(bytes),
          bytes: bytes.byteLength,
          ...(executable ? { executable } : undefined),
        },
      ]),
  );
}
