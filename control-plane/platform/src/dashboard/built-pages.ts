import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, readdir, stat } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Answer } from "@kerf/call/http";
import type { Logger } from "@kerf/telemetry";
import { buildPages } from "./build-pages.ts";

/** Whether the pages can be served, and otherwise why not. */
export type PagesState =
  | { readonly kind: "built" }
  | { readonly kind: "building" }
  | { readonly kind: "missing" }
  | { readonly kind: "failed"; readonly why: string };

/**
 * What a page may do: run our own scripts and ask our own API. Elements get their styles by script (`element.style`), which needs no exception;
 * nothing is loaded from elsewhere, and nobody may put us into a frame.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Most files that are kept in memory; a build has a few dozen. */
const mostFiles = 300;

interface File {
  readonly body: Buffer;
  readonly etag: string;
}

/** The dashboard as it was built: from its package, or in a checkout from its sources, at the first request that needs it. */
export class BuiltPages {
  readonly #log: Logger;
  readonly #signal: AbortSignal;
  /** Where the package lies; undefined when it is not installed. */
  readonly #folder: string | undefined;
  readonly #files = new Map<string, File>();
  #state: PagesState | undefined;

  constructor(options: {
    readonly log: Logger;
    readonly signal: AbortSignal;
    /** Where the package lies. Default: where it is installed. */
    readonly folder?: string;
  }) {
    this.#log = options.log;
    this.#signal = options.signal;
    this.#folder = options.folder ?? installed();
  }

  /** Whether they can be served; begins to build them where that is to be done. */
  async state(): Promise<PagesState> {
    this.#state ??= await this.#look();
    return this.#state;
  }

  /** The file of a path, or the page: which of them it shows, it finds out by itself. */
  async answer(path: string, known: string | undefined): Promise<Answer> {
    const asset = /^\/assets\/[\w.-]+$/.test(path);
    const file = await this.#read(asset ? path.slice(1) : "index.html");
    if (file === undefined) {
      return {
        status: 404,
        headers: { "content-type": "text/plain" },
        body: "There is no such file.\n",
      };
    }
    const headers = {
      "content-type": types[asset ? extname(path) : ".html"] ?? "application/octet-stream",
      // Names of assets have a digest of their content in them; the page names the newest ones.
      "cache-control": asset ? "public, max-age=31536000, immutable" : "no-cache",
      "content-security-policy": policy,
      "cross-origin-opener-policy": "same-origin",
      etag: file.etag,
    };
    return known === file.etag
      ? { status: 304, headers }
      : { status: 200, headers, body: file.body };
  }

  async #look(): Promise<PagesState> {
    const folder = this.#folder;
    if (folder === undefined) return { kind: "missing" };
    const page = join(folder, "dist/index.html");
    const source = existsSync(join(folder, "vite.config.ts"));
    if (!source) return { kind: existsSync(page) ? "built" : "missing" };
    if (await isNewer(page, folder)) return { kind: "built" };
    void buildPages(folder, this.#signal).then(
      () => (this.#state = { kind: "built" }),
      (cause: Error) => {
        this.#log.error("the dashboard could not be built", { error: cause });
        this.#state = { kind: "failed", why: cause.message };
      },
    );
    return { kind: "building" };
  }

  async #read(name: string): Promise<File | undefined> {
    const kept = this.#files.get(name);
    if (kept !== undefined) return kept;
    try {
      const body = await readFile(join(this.#folder ?? "", "dist", name));
      const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
      const file = { body, etag };
      if (this.#files.size < mostFiles) this.#files.set(name, file);
      return file;
    } catch {
      return undefined;
    }
  }
}

function installed(): string | undefined {
  try {
    return dirname(fileURLToPath(import.meta.resolve("@kerf/dashboard/package.json")));
  } catch {
    return undefined;
  }
}

/** Whether what was built is newer than everything that it is built from. */
async function isNewer(page: string, folder: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(page);
    const below = await readdir(join(folder, "src"), { recursive: true });
    const sources = [
      "index.html",
      "package.json",
      "vite.config.ts",
      ...below.map((name) => `src/${name}`),
    ];
    const times = await Promise.all(
      sources.map(async (name) => (await stat(join(folder, name))).mtimeMs),
    );
    return Math.max(...times) <= mtimeMs;
  } catch {
    return false;
  }
}
