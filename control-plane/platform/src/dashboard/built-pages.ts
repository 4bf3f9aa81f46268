import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, readdir, stat } from "node:fs/promises";
import { dirname, extname, join, relative } from "node:path";
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

/** Most that a build may have, files and bytes: it has a few dozen and two megabytes. */
const mostFiles = 300;
const mostBytes = 32 * 2 ** 20;

interface File {
  readonly body: Buffer;
  readonly etag: string;
}

/**
 * The dashboard as it was built: from its package, or in a checkout from its sources, at the first request that needs it. It is read whole then: a
 * page fetches its parts when somebody opens them, and the build on disk may be another one by that time.
 */
export class BuiltPages {
  readonly #log: Logger;
  readonly #signal: AbortSignal;
  /** Where the package lies; undefined when it is not installed. */
  readonly #folder: string | undefined;
  #files: ReadonlyMap<string, File> = new Map();
  #looked: Promise<PagesState> | undefined;
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
    // Whoever asks while it is being looked waits for the same: one build is enough.
    this.#looked ??= this.#look();
    this.#state ??= await this.#looked;
    return this.#state;
  }

  /** The file of a path, or the page: which of them it shows, it finds out by itself. */
  answer(path: string, known: string | undefined): Answer {
    const asset = /^\/assets\/[\w.-]+$/.test(path);
    const file = this.#files.get(asset ? path.slice(1) : "index.html");
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
    const dist = join(folder, "dist");
    const source = existsSync(join(folder, "vite.config.ts"));
    if (!source && !existsSync(join(dist, "index.html"))) return { kind: "missing" };
    if (!source || (await isNewer(join(dist, "index.html"), folder))) {
      const read = await this.#read(dist);
      if (read.kind === "built" || !source) return read;
    }
    void buildPages(folder, this.#signal)
      .then(() => this.#read(dist))
      .catch((cause: Error): PagesState => ({ kind: "failed", why: cause.message }))
      .then((state) => {
        if (state.kind === "failed")
          this.#log.error("the dashboard could not be built", { why: state.why });
        this.#state = state;
      });
    return { kind: "building" };
  }

  /** Takes what a build has made into memory; a build that is being replaced at this moment cannot be read. */
  async #read(dist: string): Promise<PagesState> {
    try {
      const entries = await readdir(dist, { recursive: true, withFileTypes: true });
      const found = entries.filter((entry) => entry.isFile());
      if (found.length > mostFiles) throw new Error(`${dist} has more than ${mostFiles} files.`);
      const files = new Map<string, File>();
      let bytes = 0;
      for (const { name, parentPath } of found) {
        const path = join(parentPath, name);
        const body = await readFile(path);
        bytes += body.length;
        if (bytes > mostBytes) throw new Error(`${dist} has more than ${mostBytes} bytes.`);
        const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
        files.set(relative(dist, path), { body, etag });
      }
      this.#files = files;
      return { kind: "built" };
    } catch (cause) {
      return { kind: "failed", why: (cause as Error).message };
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
