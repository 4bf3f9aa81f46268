import { closeSync, createReadStream, fstatSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable } from "node:stream";
import { KerfError } from "@kerf/kernel";
import type { Boot } from "../placement.ts";

/** The descriptor that the platform writes the boot document to, where no file is named. */
const bootDescriptor = 3;
/** Names the file of the boot document in a container; a pipe is as good (`/dev/stdin`). */
const bootFile = "KERF_BOOT_FILE";
const maxBytes = 32 * 1_048_576;
/**
 * How long to wait for it. Programs are started before their databases are ready, which takes long on a slow disk; a platform
 * that dies meanwhile closes the descriptor, so this is the bound for one that hangs.
 */
const waitMs = 120_000;

/** Reads the boot document to its end. Throws `invalid_configuration` when there is none, or when it is none. */
export async function readBoot(
  place: number | string = process.env[bootFile] ?? bootDescriptor,
): Promise<Boot> {
  const source = typeof place === "string" ? createReadStream(place) : openSource(place);
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
    return parse(Buffer.concat(chunks).toString("utf8"));
  } catch (cause) {
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

const required = ["app", "environment", "appModule", "unit", "instance", "snapshotFile"] as const;

function parse(text: string): Boot {
  const boot = JSON.parse(text) as Partial<Boot> | null;
  if (typeof boot !== "object" || boot === null) throw new Error("it is no object");
  const missing: string[] = required.filter((name) => typeof boot[name] !== "string");
  if (!Array.isArray(boot.services)) missing.push("services");
  if (typeof boot.platform?.address !== "string" || typeof boot.platform.token !== "string")
    missing.push("platform");
  if (typeof boot.snapshot?.body !== "string") missing.push("snapshot");
  if (missing.length > 0) throw new Error(`it lacks ${missing.join(", ")}`);
  return boot as Boot;
}

function notBooted(why: string): KerfError {
  return new KerfError("invalid_configuration", {
    message: "This program got no boot document that it could read.",
    why,
    fix: "It is not meant to be started by hand: kerf dev starts it.",
  });
}
