import assert from "node:assert/strict";
import { get, type IncomingMessage } from "node:http";
import { once } from "node:events";
import { test } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import type { Answer, Identity } from "@kerf/call/http";
import { startFront } from "../testing/front.ts";
import { Compressor } from "./compressor.ts";

const long = "x".repeat(2_000);
const answerLong = { open: { run: () => ({ limit: 1, caller: long }) } };

/** The answer as it came, since fetch decompresses. */
async function raw(
  url: string,
  headers: Record<string, string>,
  method = "GET",
): Promise<{ headers: IncomingMessage["headers"]; body: Buffer }> {
  const [response] = (await once(get(url, { headers, method }), "response")) as [IncomingMessage];
  return { headers: response.headers, body: Buffer.concat(await response.toArray()) };
}

test("long answers come in the encoding that the client likes best", async (t) => {
  const { url, place } = await startFront(t, {}, answerLong);
  const expected = JSON.stringify({ limit: 1, caller: long });
  const br = await raw(`${url}/notes`, { "accept-encoding": "gzip, br" });
  assert.equal(br.headers["content-encoding"], "br");
  assert.equal(br.headers["vary"], "Accept-Encoding");
  assert.equal(br.headers["content-length"], String(br.body.length));
  assert.equal(brotliDecompressSync(br.body).toString(), expected);
  const zipped = await raw(`${url}/notes`, { "accept-encoding": "gzip" });
  assert.equal(gunzipSync(zipped.body).toString(), expected);
  const plain = await raw(`${url}/notes`, {});
  assert.equal(plain.body.toString(), expected);
  assert.equal(plain.headers["vary"], "Accept-Encoding", "caches tell them apart");
  const head = await raw(`${url}/notes`, { "accept-encoding": "br" }, "HEAD");
  assert.equal(head.headers["content-length"], br.headers["content-length"]);
  assert.equal(head.body.length, 0);

  await place({ compression: false });
  assert.equal((await raw(`${url}/notes`, { "accept-encoding": "br" })).headers["vary"], undefined);
});

test("short answers, problems of a few words and streams go as they are", async (t) => {
  const { url, place } = await startFront(t, {});
  for (const path of ["/notes", "/nowhere", "/notes/a/stream"]) {
    const { headers } = await raw(url + path, { "accept-encoding": "br" });
    assert.equal(headers["content-encoding"], undefined, path);
  }
  await place({ compression: { minBytes: 0 } });
  const { headers } = await raw(`${url}/notes/a/stream`, { "accept-encoding": "br" });
  assert.equal(headers["content-encoding"], undefined);
  const problem = await raw(`${url}/nowhere`, { "accept-encoding": "br" });
  assert.equal(problem.headers["content-encoding"], "br");
});

function requestWith(headers: Record<string, string>): IncomingMessage {
  return { headers: { "accept-encoding": "gzip", ...headers } } as unknown as IncomingMessage;
}

const answer: Answer = {
  status: 200,
  headers: { "content-type": "application/json", etag: '"a"', vary: "Origin" },
  body: long,
};

test("answers to users whom the browser proves by itself are not compressed unless asked for", async () => {
  const compressor = new Compressor();
  const ada: Identity = { principal: { subject: "ada", claims: {} } };
  const identity: Identity = { ...ada, ambient: true };
  const encoding = async (
    headers: Record<string, string>,
    who: Identity,
    sessions = false,
  ): Promise<string | undefined> =>
    (await compressor.compress(requestWith(headers), answer, who, { sessions })).headers[
      "content-encoding"
    ];
  assert.equal(await encoding({ cookie: "s=1" }, identity), undefined);
  assert.equal(await encoding({ cookie: "s=1" }, identity, true), "gzip");
  assert.equal(await encoding({ cookie: "s=1" }, {}), "gzip", "the cookie is nobody's");
  assert.equal(await encoding({ cookie: "s=1" }, ada), "gzip", "the cookie proved nothing");
});

test("beyond its bound answers go uncompressed, and other bytes have another tag", async () => {
  const compressor = new Compressor(1);
  const first = compressor.compress(requestWith({}), answer, undefined, {});
  const second = compressor.compress(requestWith({}), answer, undefined, {});
  assert.ok(!(second instanceof Promise));
  assert.deepEqual(second.headers, { ...answer.headers, vary: "Origin, Accept-Encoding" });
  assert.equal(second.body, long);
  assert.equal((await first).headers["etag"], '"a-gzip"');
  const third = await compressor.compress(requestWith({}), answer, undefined, {});
  assert.equal(third.headers["content-encoding"], "gzip", "there is room again");
});
