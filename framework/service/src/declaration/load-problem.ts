import { fileURLToPath } from "node:url";
import { KerfError } from "@kerf/kernel";

/** Why a module could not be loaded, in lines that name file and line, without the loader's own frames. */
export function loadProblem(what: string, thrown: unknown): string {
  if (thrown instanceof KerfError) {
    return [`${what}: ${thrown.message}`, thrown.why, thrown.fix]
      .filter((line) => line !== undefined)
      .join("\n  ");
  }
  if (!(thrown instanceof Error)) return `${what} threw ${String(thrown)} while it was loaded`;
  const stack = thrown.stack ?? "";
  // Syntax errors come with the place and the source above the message; everything else with the place in its first frame.
  const quoted = /^(file:\/\/\S+:\d+)\n([\s\S]*?)\n\s*\n?\w*Error/.exec(stack);
  if (quoted !== null) {
    return `${what} cannot be loaded: ${thrown.message}\n  at ${readable(quoted[1] as string)}\n${indent(quoted[2] as string)}`;
  }
  const frame = stack
    .split("\n")
    .find(
      (line) =>
        /^\s+at .*(?:file:\/\/)?\/.*:\d+:\d+\)?$/.test(line) && !line.includes("node_modules"),
    );
  const place = /((?:file:\/\/)?\/[^()]*:\d+:\d+)/.exec(frame ?? "")?.[1];
  const name = thrown.name === "Error" ? "" : `${thrown.name}: `;
  // A module that is missing is missed by the file that its message names; the frames are the loader's.
  const isMissing = (thrown as { code?: unknown }).code === "ERR_MODULE_NOT_FOUND";
  return `${what} cannot be loaded: ${name}${thrown.message}${place === undefined || isMissing ? "" : `\n  at ${readable(place)}`}`;
}

function readable(place: string): string {
  if (!place.startsWith("file:")) return place;
  const [, url, position] = /^(.*?)((?::\d+)+)$/.exec(place) as unknown as [string, string, string];
  return fileURLToPath(url) + position;
}

function indent(text: string): string {
  return text
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
}
