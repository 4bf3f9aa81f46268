import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { KerfError } from "@kerf/kernel";
import { buildFiles, sha256 } from "@kerf/service/builds";
import { installed } from "../builds/unbundled-packages.ts";
import { joinedPackage, joinedPackages } from "../images/joined-packages.ts";
import { bundlePrograms, programFolder } from "../images/program-layer.ts";
import { writeJson } from "../state/json-file.ts";
import { type BundleRecord, recordFile, stampOf } from "./bundle-record.ts";

/** Begins the name of what is being made; followed by chance. */
const unfinished = ".making-";
/** Bundles that are kept: programs that run load more of theirs when they need it, and outlive platforms. */
const kept = 5;
/** How long a program may take to show that it can be loaded, milliseconds. */
const proofMs = 60_000;

/**
 * Puts Kerf's programs together as a few modules in a folder below `folder`, named by what is in it, and has platforms use it from then on. The packages of
 * others are links to where they are installed, but for those that are joined. Written whole or not at all; only what could be loaded is used.
 */
export async function makeBundle(folder: string): Promise<void> {
  const { files, modules, wanted } = await bundlePrograms();
  const content = new Map<string, Uint8Array>();
  for (const [path, { bytes }] of files)
    if (bytes !== undefined) content.set(path.slice(programFolder.length + 1), bytes);
  const links = new Map<string, string>();
  const sources = new Set(modules);
  for (const { from, name } of wanted) {
    const place = `${buildFiles.packages}/${name}`;
    const target = installed(name, from);
    // Of another platform, or left out: who needs it says so.
    if (target === undefined) continue;
    sources.add(join(target, "package.json"));
    if (!joinedPackages.includes(name)) links.set(place, target);
    else
      for (const [file, bytes] of await joinedPackage({ from, name }))
        content.set(`${place}/${file}`, bytes);
  }
  const digest = digestOf(content, links);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await removeOthers(folder, digest);
  if (!existsSync(join(folder, digest))) {
    const beside = join(folder, `${unfinished}${randomBytes(8).toString("hex")}`);
    try {
      await write(beside, content, links);
      await prove(beside);
      await rename(beside, join(folder, digest));
    } finally {
      await rm(beside, { recursive: true, force: true });
    }
  }
  const record: BundleRecord = {
    version: 1,
    digest,
    sources: Object.fromEntries([...sources].toSorted().map((path) => [path, stampOf(path)])),
  };
  await writeJson(join(folder, recordFile), record);
}

function digestOf(
  content: ReadonlyMap<string, Uint8Array>,
  links: ReadonlyMap<string, string>,
): string {
  const parts = [
    ...[...content].map(([path, bytes]) => `${path} ${sha256(bytes)}`),
    ...[...links].map(([path, target]) => `${path} -> ${target}`),
  ];
  return createHash("sha256").update(parts.toSorted().join("\n")).digest("hex");
}

async function write(
  directory: string,
  content: ReadonlyMap<string, Uint8Array>,
  links: ReadonlyMap<string, string>,
): Promise<void> {
  for (const [path, bytes] of content) {
    const file = join(directory, path);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    // Flushed: it is used by its name, and must be whole after the machine itself went down.
    await writeFile(file, bytes, { mode: 0o444, flush: true });
  }
  for (const [path, target] of links) {
    await mkdir(dirname(join(directory, path)), { recursive: true, mode: 0o700 });
    await symlink(target, join(directory, path), "dir");
  }
}

/** Starts the host without anything to do: one that says so has found all of its modules. Throws `start_failed` with what it says instead. */
async function prove(directory: string): Promise<void> {
  const child = spawn(process.execPath, [join(directory, "host.js"), "proof"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { KERF_BOOT_FILE: join(directory, "package.json"), NODE_DISABLE_COMPILE_CACHE: "1" },
    timeout: proofMs,
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await once(child, "close");
  if (said.includes("no boot document")) return;
  throw new KerfError("start_failed", {
    message: "Kerf's programs cannot be loaded as they were put together.",
    why: said.slice(-2_000),
    fix: "They are loaded module by module instead; please report it.",
  });
}

/** Takes away what nobody uses any more, and what a maker left behind that was killed. */
async function removeOthers(folder: string, digest: string): Promise<void> {
  const names = (await readdir(folder)).filter(
    (name) => name !== digest && (name.startsWith(unfinished) || /^[0-9a-f]{64}$/.test(name)),
  );
  const aged = await Promise.all(
    names.map(async (name) => {
      const isWhole = !name.startsWith(unfinished);
      return { name, at: isWhole ? (await stat(join(folder, name))).mtimeMs : 0 };
    }),
  );
  const old = aged.toSorted((a, b) => b.at - a.at).slice(kept - 1);
  for (const { at, name } of aged)
    if (at === 0 || old.some((each) => each.name === name))
      await rm(join(folder, name), { recursive: true, force: true });
}
