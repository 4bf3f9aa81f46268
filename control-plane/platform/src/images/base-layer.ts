import { readFile, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { KerfError } from "@kerf/kernel";
import { digestOf, type LayerFile, type LayerFiles } from "./layer.ts";
import { needsOf, withoutSymbols } from "./elf.ts";

/** The user and the group that programs in an image are: what others call nonroot (65532 in distroless images). */
export const imageUser = 65_532;
/** Where Node lies. */
export const nodePath = "/usr/bin/node";
/** The folder that programs may write to besides `/tmp`. */
export const runFolder = "/run/kerf";

/** Found by name alone while a host name is looked up (glibc before 2.34), and so in nobody's header. */
const lookedUp = ["libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2"];
/** Where the loaders of common systems look, beside their own folder. */
const libraryFolders = [
  "/lib/x86_64-linux-gnu",
  "/usr/lib/x86_64-linux-gnu",
  "/lib/aarch64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
  "/lib64",
  "/usr/lib64",
  "/lib",
  "/usr/lib",
];

/** What the base of an image consists of. */
export interface Base {
  readonly files: LayerFiles;
  /** Node and the libraries, for the bill of materials. */
  readonly parts: readonly { readonly name: string; readonly version?: string; digest: string }[];
}

/** Node as it runs here with everything that the system has to load for it, and the little that a program expects of a system. Throws `invalid_configuration`. */
export async function baseFiles(node: string = process.execPath): Promise<Base> {
  const program = await readFile(node);
  const { loader, libraries } = needsOf(node, program);
  const small = withoutSymbols(node, program);
  const files = new Map<string, LayerFile>([
    [nodePath, { bytes: small, mode: 0o555 }],
    ["/etc/passwd", text(`root:x:0:0::/:/\nkerf:x:${imageUser}:${imageUser}::/tmp:/\n`)],
    ["/etc/group", text(`root:x:0:\nkerf:x:${imageUser}:\n`)],
    ["/etc/nsswitch.conf", text("passwd: files\ngroup: files\nhosts: files dns\n")],
    ["/tmp", { mode: 0o1777 }],
    [runFolder, { mode: 0o700, owner: imageUser }],
  ]);
  const parts: { name: string; version?: string; digest: string }[] = [
    { name: "node", version: process.versions.node, digest: digestOf(small) },
  ];
  if (loader === undefined) return { files, parts };
  const folders = [dirname(await realpath(loader)), ...libraryFolders];
  const wanted = [...libraries, ...lookedUp];
  const seen = new Set<string>([basename(loader)]);
  const add = (path: string, bytes: Buffer): void => {
    files.set(path, { bytes, mode: 0o555 });
    parts.push({ name: basename(path), digest: digestOf(bytes) });
    wanted.push(...needsOf(path, bytes).libraries);
  };
  add(loader, await readFile(loader));
  for (const name of wanted) {
    if (seen.has(name)) continue;
    seen.add(name);
    const found = await find(name, folders);
    if (found !== undefined) add(found.path, found.bytes);
    else if (!lookedUp.includes(name)) throw notFound(name, node, folders);
  }
  return { files, parts };
}

async function find(
  name: string,
  folders: readonly string[],
): Promise<{ path: string; bytes: Buffer } | undefined> {
  for (const folder of folders) {
    const path = join(folder, name);
    const bytes = await readFile(path).catch(() => undefined);
    if (bytes !== undefined) return { path, bytes };
  }
  return undefined;
}

function text(content: string): LayerFile {
  return { bytes: Buffer.from(content) };
}

function notFound(name: string, node: string, folders: readonly string[]): KerfError {
  return new KerfError("invalid_configuration", {
    message: `The library ${name} that ${node} needs was not found.`,
    why: `It lies in none of ${folders.join(", ")}.`,
    fix: "Name an image that has Node in it: --base REF",
  });
}
