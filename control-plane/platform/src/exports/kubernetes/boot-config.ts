import { createHash } from "node:crypto";
import { KerfError } from "@kerf/kernel";
import type { BootFile } from "@kerf/call/host";
import type { IConfigMap } from "kubernetes-models/v1";
import type { ExportedProgram } from "../exported-programs.ts";
import { labelsOf } from "./cluster-names.ts";
import { type Manifest, manifest } from "./manifest.ts";

/** Longest ConfigMap, bytes: what etcd takes. */
const maxBytes = 1_000_000;

/** A boot document as a ConfigMap that is named by its content. */
export function bootConfig(
  program: ExportedProgram,
  { app, namespace }: { readonly app: string; readonly namespace: string },
  document: BootFile,
  purpose: "boot" | "migrate",
): { readonly name: string; readonly manifest: Manifest } {
  const text = `${JSON.stringify(document, undefined, 1)}\n`;
  if (Buffer.byteLength(text) > maxBytes) {
    throw new KerfError("invalid_configuration", {
      message: `The boot document of ${program.name} is larger than ${maxBytes} bytes.`,
      why: "It lies in a ConfigMap, which takes no more.",
      fix: "Have gateways expose fewer contracts, or only parts of them: only(contract, …).",
    });
  }
  const name = `${program.name}-${purpose}-${createHash("sha256").update(text).digest("hex").slice(0, 10)}`;
  const map: IConfigMap = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace, labels: labelsOf(program, app) },
    immutable: true,
    data: { "boot.json": text },
  };
  return {
    name,
    manifest: manifest(map, [
      {
        at: ["immutable"],
        text: "Named by its content: another document is another ConfigMap, so that pods roll with it, and roll back with it.",
      },
    ]),
  };
}
