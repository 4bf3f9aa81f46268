import { resolve } from "node:path";
import { KerfError } from "@kerf/kernel";
import type { BuildOptions } from "../commands/build.ts";
import type { Built } from "./run-builder.ts";

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

/** Which program the image is of: a unit with the services that are named, or one gateway. Throws `usage` for both in one. */
export function programArguments(
  services: readonly string[],
  builds: readonly Pick<Built, "directory">[],
): string[] {
  const [gateway, ...others] = services.flatMap((name) => /^gateway:(.+)$/.exec(name)?.[1] ?? []);
  const folders = builds.flatMap(({ directory }) => ["--build", directory]);
  if (gateway === undefined) {
    if (services.length > 0) return folders;
    throw new KerfError("usage", {
      message: "An image is of one program, and nothing says which.",
      fix: "Name the services of a unit, or a gateway: kerf build orders --image REF",
    });
  }
  if (others.length === 0 && services.length === 1)
    return [...folders, "--gateway", "--name", `gateway-${gateway}`];
  throw new KerfError("usage", {
    message: "A gateway is a program of its own, and stands beside others here.",
    fix: `Make its image alone: kerf build gateway:${gateway} --image REF`,
  });
}
