import { createHmac, timingSafeEqual } from "node:crypto";
import { KerfError } from "@kerf/kernel";
import type { Sealed } from "./envelope.ts";
import type { Changed } from "../settings/versions.ts";
import type { MasterKeys } from "./master-keys.ts";

/** One version of a service's secrets: which value each name has. */
export interface SecretsVersion extends Changed {
  readonly version: number;
  /** By name: the version that brought the value. */
  readonly secrets: Readonly<Record<string, number>>;
}

/** What is kept of a service's secrets. */
export interface SecretFile {
  readonly environment: string;
  readonly service: string;
  /** Grows with every writing of the file, so that an older file is known by it. */
  readonly revision: number;
  /** Version of the master key that the file is signed with. */
  readonly master: number;
  /** The oldest first. */
  readonly versions: readonly SecretsVersion[];
  /** Sealed values by name, then by the version that brought them. */
  readonly values: Readonly<Record<string, Readonly<Record<string, Sealed>>>>;
}

/** Largest file that is read, bytes: fifty versions of a hundred secrets, and some of them long. */
export const largestSecretFile = 33_554_432;

/** The file's text: its content, and a keyed hash of that. */
export function writeSecretFile(keys: MasterKeys, content: SecretFile): string {
  return format(content, signature(keys, content));
}

/**
 * Reads what {@link writeSecretFile} wrote. Throws `invalid_configuration` when a single byte of it is different, when it belongs to another service or
 * environment, or when its key is not there.
 */
export function readSecretFile(
  keys: MasterKeys,
  text: string,
  place: { readonly environment: string; readonly service: string; readonly file: string },
): { readonly content: SecretFile; readonly signature: string } {
  const parsed = parse(text);
  const { content } = parsed ?? {};
  if (parsed === undefined || content === undefined) throw tampered(place);
  const expected = signature(keys, content);
  // Written anew it must be the same text: then nothing was added beside what is signed.
  if (!same(format(content, expected), text)) throw tampered(place);
  if (content.environment !== place.environment || content.service !== place.service)
    throw tampered(place);
  return { content, signature: expected };
}

function parse(text: string): { content: SecretFile } | undefined {
  try {
    const { content } = JSON.parse(text) as { content?: SecretFile };
    return Number.isSafeInteger(content?.master) ? { content: content as SecretFile } : undefined;
  } catch {
    return undefined;
  }
}

function format(content: SecretFile, signed: string): string {
  return `${JSON.stringify({ content, signature: signed }, undefined, 2)}\n`;
}

function signature(keys: MasterKeys, content: SecretFile): string {
  return keys.with(content.master, "secret files", (key) =>
    createHmac("sha256", key).update(JSON.stringify(content)).digest("base64url"),
  );
}

/** In constant time but for the length. */
function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function tampered({ file, service }: { file: string; service: string }): KerfError {
  return new KerfError("invalid_configuration", {
    message: `The secrets of ${service} are not as Kerf wrote them: ${file}`,
    why: "The file was changed, or comes from another service or environment, or was written with another master key.",
    fix: `Put the file back, or delete it and set the secrets again: kerf secrets set ${service} NAME`,
  });
}
