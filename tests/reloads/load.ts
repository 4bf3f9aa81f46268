import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";

/** Connections that ask again as soon as they are answered. */
const connections = 64;
/** Streams that stay open, and uploads under way, the whole time. */
const streams = 8;
const uploads = 4;
/** An upload: so many chunks, each after a pause. */
const chunks = 20;
const chunkBytes = 4_096;
const chunkPauseMs = 60;

/** What clients saw. */
export interface Seen {
  requests: number;
  /** Milliseconds that each request took. */
  readonly tookMs: number[];
  uploaded: number;
  /** Items of all streams. */
  items: number;
  /** What went wrong, with how often. */
  readonly failures: Map<string, number>;
}

/** Load that goes on until `stop`: all that a pool of 64 connections gives, with streams and slow uploads beside it. */
export class FullLoad {
  readonly seen: Seen = { requests: 0, tookMs: [], uploaded: 0, items: 0, failures: new Map() };
  readonly #pool: Pool;
  readonly #others: Pool;
  readonly #key: string;
  readonly #over = new AbortController();
  readonly #loops: Promise<void>[];

  /** @param key an API key that always holds */
  constructor(url: string, key: string) {
    this.#key = key;
    this.#pool = new Pool(url, { connections, pipelining: 1 });
    this.#others = new Pool(url, { connections: streams + uploads, pipelining: 1, bodyTimeout: 0 });
    this.#loops = [
      ...repeat(connections, (n) => this.#ask(n)),
      ...repeat(streams, () => this.#follow()),
      ...repeat(uploads, () => this.#upload()),
    ];
  }

  /** Resolves with what was seen, once everything under way has its answer. */
  async stop(): Promise<Seen> {
    this.#over.abort();
    await Promise.all(this.#loops);
    await Promise.all([this.#pool.destroy(), this.#others.destroy()]);
    return this.seen;
  }

  async #ask(n: number): Promise<void> {
    const request =
      n % 2 === 0
        ? ({ method: "GET", path: "/foreign/thing" } as const)
        : ({ method: "GET", path: "/feed/latest", headers: { "x-api-key": this.#key } } as const);
    while (!this.#over.signal.aborted) {
      const since = performance.now();
      try {
        const { statusCode, body } = await this.#pool.request(request);
        const text = await body.text();
        if (statusCode !== 200) this.#failed(`${request.path} ${statusCode} ${codeOf(text)}`);
      } catch (error) {
        this.#failed(`${request.path} ${String(error)}`);
      }
      this.seen.requests++;
      this.seen.tookMs.push(performance.now() - since);
    }
  }

  /** One stream from the first item to the last: none twice, none left out, and no end before ours. */
  async #follow(): Promise<void> {
    const { signal } = this.#over;
    let last = 0;
    try {
      const { statusCode, body } = await this.#others.request({
        method: "GET",
        path: "/feed",
        headers: { accept: "text/event-stream" },
      });
      if (statusCode !== 200) this.#failed(`/feed ${statusCode}`);
      let rest = "";
      for await (const chunk of body) {
        const lines = (rest + String(chunk)).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          const n = /^data: ?\{"n":(\d+)\}/.exec(line)?.[1];
          if (n === undefined) continue;
          if (Number(n) !== ++last) this.#failed(`/feed skipped from ${last - 1} to ${n}`);
          last = Number(n);
          this.seen.items++;
        }
        if (signal.aborted) return;
      }
      this.#failed("/feed ended by itself");
    } catch (error) {
      this.#failed(`/feed ${String(error)}`);
    }
  }

  async #upload(): Promise<void> {
    while (!this.#over.signal.aborted) {
      try {
        const { statusCode, body } = await this.#others.request({
          method: "POST",
          path: "/uploads/file",
          body: Readable.from(slowBody()),
        });
        const text = await body.text();
        if (statusCode !== 200) this.#failed(`/uploads ${statusCode} ${codeOf(text)}`);
        else if (text !== JSON.stringify({ bytes: chunks * chunkBytes }))
          this.#failed(`/uploads arrived as ${text}`);
      } catch (error) {
        this.#failed(`/uploads ${String(error)}`);
      }
      this.seen.uploaded++;
    }
  }

  #failed(what: string): void {
    this.seen.failures.set(what, (this.seen.failures.get(what) ?? 0) + 1);
  }
}

async function* slowBody(): AsyncGenerator<Buffer> {
  for (let n = 0; n < chunks; n++) {
    yield Buffer.alloc(chunkBytes, "x");
    await sleep(chunkPauseMs);
  }
}

function codeOf(text: string): string {
  return /"code":"(\w+)"/.exec(text)?.[1] ?? text.slice(0, 100);
}

function repeat(times: number, start: (n: number) => Promise<void>): Promise<void>[] {
  return Array.from({ length: times }, (_, n) => start(n));
}
