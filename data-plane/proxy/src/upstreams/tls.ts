import { readFileSync, statSync } from "node:fs";
import { KerfError } from "@kerf/kernel";
import { isReadableByOthers } from "../tls/readable-by-others.ts";
import type { UpstreamTls } from "@kerf/service";

/** What connections to an `https` instance are made with. */
export interface TlsFiles {
  readonly ca?: string | string[];
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
}

/** Reads the files that the settings name. @throws KerfError `invalid_configuration` when one cannot be read, or the key by too many */
export function readTls(upstream: string, tls: UpstreamTls): TlsFiles {
  const { caFile, certFile, keyFile, serverName } = tls;
  return {
    ...(caFile === undefined ? undefined : { ca: read(upstream, caFile) }),
    ...(certFile === undefined ? undefined : { cert: read(upstream, certFile) }),
    ...(keyFile === undefined ? undefined : { key: readSecret(upstream, keyFile) }),
    ...(serverName === undefined ? undefined : { servername: serverName }),
  };
}

function readSecret(upstream: string, file: string): string {
  const text = read(upstream, file);
  if (!isReadableByOthers(statSync(file))) return text;
  throw new KerfError("invalid_configuration", {
    message: `${file} can be read by others than its owner.`,
    why: `It holds the key with which the gateway identifies itself to ${upstream}.`,
    fix: `chmod 600 ${file}`,
  });
}

function read(upstream: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new KerfError("invalid_configuration", {
      message: `A file of the upstream ${upstream} cannot be read: ${file}`,
      why: (cause as Error).message,
      fix: "Put it there, in PEM, or name another one.",
      cause,
    });
  }
}
