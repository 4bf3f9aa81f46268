import { createHash } from "node:crypto";
import type { BuildDescriptor } from "./descriptor.ts";

/** JSON that is the same for the same content: the keys of objects sorted, no spaces, nothing that is undefined. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(
          Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
        )
      : inner,
  );
}

/** The name of a build: hexadecimal SHA-256 of what it is, whatever it says of where it came from. */
export function digestOf(descriptor: Omit<BuildDescriptor, "digest">): string {
  const { digest: _, source: __, ...content } = descriptor as BuildDescriptor;
  return sha256(canonicalJson(content));
}

/** Hexadecimal. */
export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
