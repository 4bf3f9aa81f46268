import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Layer } from "../../layers.ts";
import { tableOf } from "./table.ts";

/** The layer table for people: short names, packages that are not there yet marked as planned. */
export function layerTable(root: string, layers: readonly Layer[]): string {
  const framework = layers.filter(({ folder }) => folder.startsWith("framework/"));
  const rows = layers.map(({ name, folder, imports, starts }) => {
    const called = name === "*" ? `${folder}` : short(name);
    const planned = name !== "*" && !existsSync(join(root, folder)) ? " (planned)" : "";
    return [
      called + planned,
      imports === "everything" ? "everything" : allowed(imports, framework),
      (starts ?? []).map(short).join(", "),
    ];
  });
  return tableOf(["package", "may import (of ours)", "starts as programs"], rows);
}

/** Names in the order of the layers; the whole framework as one word. */
function allowed(imports: readonly string[], framework: readonly Layer[]): string {
  if (imports.length === 0) return "nothing";
  const whole = framework.every(({ name }) => imports.includes(name));
  const rest = whole
    ? imports.filter((name) => !framework.some((layer) => layer.name === name))
    : imports;
  return [...(whole ? ["the framework"] : []), ...rest.map(short)].join(", ");
}

function short(name: string): string {
  return name.replace("@kerf/", "");
}
