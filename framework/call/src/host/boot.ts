import { closeSync, createReadStream, fstatSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable } from "node:stream";
import { KerfError } from "@kerf/kernel";
import type { AnyBoot, Boot } from "../placement.ts";
import {
  type BootFile,
  bootFileVariable,
  bootFolders,
  bootOfFile,
  type SecretReaders,
} from "./boot-file.ts";

/** The descriptor that the platform writes the boot document to, where no file is named. */
const bootDescriptor = 3;
const maxBytes = 32 * 1_048_576;
/**
 * How long to wait for it. Programs are started before their databases are ready, which takes long on a slow disk; a platform
 * that dies meanwhile closes the descriptor, so this is the bound for one that hangs.
 */
const waitMs = 120_000;

/** How a boot document is read. */
export interface ReadBootOptions extends SecretReaders {
  /** Default: the file that `KERF_BOOT_FILE` names, else descriptor 3. */
  readonly file?: string | undefined;
}

/**
 * Reads the boot document to its end: what a platform wrote, or what a file says for a program that no platform runs. Throws `invalid_configuration` when
 * there is none, or when it is none.
 */
export async function readBoot(options: ReadBootOptions = {}): Promise<AnyBoot> {
  const { file = process.env[bootFileVariable], ...readers } = options;
  const source = file === undefined ? openSource(bootDescriptor) : createReadStream(file);
  const timer = setTimeout(
    () => source.destroy(new Error(`nothing came for ${waitMs} ms`)),
    waitMs,
  );
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    const document = parse(Buffer.concat(chunks).toString("utf8"));
    if ("snapshot" in document) return document;
    return await bootOfFile(document, readers, bootFolders(file));
  } catch (cause) {
    if (cause instanceof KerfError) throw cause;
    throw notBooted(cause instanceof Error ? cause.message : String(cause));
  } finally {
    clearTimeout(timer);
    source.destroy();
  }
}

function openSource(descriptor: number): Readable {
  try {
    const stat = fstatSync(descriptor);
    // A pipe between processes may be set not to block, which reading it as a file does not survive.
    if (stat.isFIFO() || stat.isSocket())
      return new Socket({ fd: descriptor, readable: true, writable: false });
    return createReadStream("", { fd: descriptor });
  } catch (cause) {
    try {
      closeSync(descriptor);
    } catch {
      // It was not open: that is what is reported.
    }
    throw notBooted(cause instanceof Error ? cause.message : String(cause));
  }
}

const required = ["app", "environment", "unit"] as const;

function parse(text: string): Boot | BootFile {
  const boot = JSON.parse(text) as Partial<Boot & BootFile> | null;
  if (typeof boot !== "object" || boot === null) throw new Error("it is no object");
  const lacking = (names: readonly (keyof Boot)[]): string[] =>
    names.filter((name) => typeof boot[name] !== "string");
  const missing: string[] = lacking(required);
  if (!Array.isArray(boot.services)) missing.push("services");
  if (boot.format === undefined) {
    missing.push(...lacking(["appModule", "instance", "snapshotFile"]));
    if (typeof boot.platform?.address !== "string" || typeof boot.platform.token !== "string")
      missing.push("platform");
    if (typeof boot.snapshot?.body !== "string") missing.push("snapshot");
  } else {
    if (boot.format !== 1) throw new Error(`its format is ${String(boot.format)}, and this is 1`);
    for (const name of ["databases", "keyFiles", "placement"] as const)
      if (typeof boot[name] !== "object" || boot[name] === null) missing.push(name);
  }
  if (missing.length > 0) throw new Error(`it lacks ${missing.join(", ")}`);
  return boot as Boot | BootFile;
}

function notBooted(why: string): KerfError {
  return new KerfError("invalid_configuration", {
    message: "This program got no boot document that it could read.",
    why,
    fix: "kerf dev starts it with one; without a platform it takes one from a file that KERF_BOOT_FILE names, as kerf export writes it.",
  });
}
