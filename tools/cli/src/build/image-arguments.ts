import { resolve } from "node:path";
import { KerfError } from "@kerf/kernel";
import type { BuildOptions } from "../commands/build.ts";

/** What the program that makes images is to do; undefined where none is wanted. Throws `usage` for what says nothing without one. */
export function imageArguments(options: BuildOptions, cwd: string): string[] | undefined {
  const { base, dockerfile, image, output, push } = options;
  const set = Object.entries({ base, dockerfile, output, push }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`],
  );
  if (image === undefined) {
    if (set.length === 0) return undefined;
    throw new KerfError("usage", {
      message: `${set.join(" and ")} ${set.length === 1 ? "is" : "are"} about an image, and --image names none.`,
      fix: "Say what it is called: --image registry.example.com/shop/orders:1",
    });
  }
  if (dockerfile !== undefined && (push === true || output !== undefined))
    throw new KerfError("usage", {
      message: "With --dockerfile it is Docker that makes the image.",
      fix: "Leave out --push and --output.",
    });
  return [
    "--image",
    image,
    ...(base === undefined ? [] : ["--base", base]),
    ...(output === undefined ? [] : ["--output", resolve(cwd, output)]),
    ...(push === true ? ["--push"] : []),
    ...(dockerfile === undefined ? [] : ["--dockerfile", resolve(cwd, dockerfile)]),
  ];
}
