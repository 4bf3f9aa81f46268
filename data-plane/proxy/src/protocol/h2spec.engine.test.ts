import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { startFront } from "../testing/front.ts";
import { h2specFile, withProgram } from "../testing/programs.ts";
import { startSecureFront } from "../testing/secure-front.ts";

/**
 * What the gateway does otherwise, over TLS and in clear text. h2spec asks RFC 7540; priorities are gone from its successor (RFC 9113,
 * 5.3.2), and frames of streams that are closed may be dropped (5.1).
 */
const exceptions: Readonly<Record<string, string>> = {
  "5.1 closed: Sends a DATA frame after sending RST_STREAM frame":
    "nghttp2 drops what comes for a stream that is closed",
  "5.1 closed: Sends a HEADERS frame after sending RST_STREAM frame":
    "nghttp2 drops what comes for a stream that is closed",
  "5.1 closed: Sends a DATA frame": "nghttp2 drops what comes for a stream that is closed",
  "5.1 closed: Sends a HEADERS frame": "nghttp2 drops what comes for a stream that is closed",
  "5.1.1 Sends stream identifier that is numerically smaller than previous":
    "the smaller one counts as closed",
  "5.3.1 Sends PRIORITY frame that depend on itself": "nghttp2 reads no priorities",
  "6.3 Sends a PRIORITY frame with 0x0 stream identifier": "nghttp2 reads no priorities",
  "6.7 Sends a PING frame with ACK":
    "Node ends a connection on which somebody answers what was not asked",
  "6.9.1 Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream":
    "Node ends the connection in the place of the stream",
};

/** In clear text what is no preface of HTTP/2 is HTTP/1.1: it gets 400, and the connection is closed. */
const exceptionsInClearText: Readonly<Record<string, string>> = {
  ...exceptions,
  "3.5 Sends invalid connection preface": "answered in HTTP/1.1",
};

withProgram("h2spec", h2specFile, (h2spec) => {
  // Each against a gateway of its own; most of what they take is waiting for answers that must not come.
  describe("h2spec", { concurrency: true }, () => {
    test("over TLS", async (t) => {
      const { url } = await startSecureFront(t);
      const failed = await failures(t, h2spec, url, exceptions, ["--tls", "--insecure"]);
      assert.deepEqual(failed.toSorted(), Object.keys(exceptions).toSorted());
    });

    test("in clear text", async (t) => {
      const { url } = await startFront(t, { http2: true });
      const failed = await failures(t, h2spec, url, exceptionsInClearText, []);
      assert.deepEqual(failed.toSorted(), Object.keys(exceptionsInClearText).toSorted());
    });
  });
});

/**
 * The cases that failed. Those that no exception tells of are asked again, alone: h2spec sends a frame on a stream that is half closed after
 * the one that closed it, and where an answer is faster than that, the stream is closed by then.
 */
async function failures(
  t: TestContext,
  h2spec: string,
  url: string,
  known: Readonly<Record<string, string>>,
  more: readonly string[],
): Promise<string[]> {
  const first = await run(t, h2spec, url, more);
  assert.ok(first.cases >= 145);
  const failed = new Map(first.failed);
  for (let attempt = 1; attempt <= 3; attempt++) {
    const unknown = [...failed].filter(([name]) => known[name] === undefined);
    if (unknown.length === 0) break;
    t.diagnostic(`asked again: ${unknown.map(([name]) => name).join(", ")}`);
    const sections = new Set(unknown.map(([, section]) => section));
    const again = await run(t, h2spec, url, [...more, ...sections]);
    assert.ok(again.cases >= unknown.length);
    for (const [name] of unknown) if (!again.failed.has(name)) failed.delete(name);
  }
  return [...failed.keys()];
}

/** How many cases there were, and those that failed: the section's number and the name, with the section as h2spec calls it. */
async function run(
  t: TestContext,
  h2spec: string,
  url: string,
  more: readonly string[],
): Promise<{ cases: number; failed: ReadonlyMap<string, string> }> {
  const folder = await mkdtemp(join(tmpdir(), "kerf-h2spec-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const report = join(folder, "report.xml");
  const { port } = new URL(url);
  const child = spawn(h2spec, ["-p", port, "-P", "/notes", "-j", report, ...more], {
    stdio: "ignore",
    timeout: 300_000,
  });
  await once(child, "close");
  const xml = await readFile(report, "utf8");
  const cases = [
    ...xml.matchAll(/<testcase package="([^"]*)" classname="([^"]*)"[^>]*>(.*?)<\/testcase>/gs),
  ];
  t.diagnostic(`${cases.length} cases`);
  const failed = cases
    .filter(([, , , inside = ""]) => /<(?:error|failure)/.test(inside))
    .map(([, section = "", name = ""]): [string, string] => [
      `${section.replace(/^.*\//, "")} ${unescaped(name)}`,
      section,
    ]);
  return { cases: cases.length, failed: new Map(failed) };
}

function unescaped(text: string): string {
  return text
    .replaceAll("&#39;", "'")
    .replaceAll("&#34;", '"')
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}
