import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { startForeign, startFront } from "../testing/front.ts";
import { downgradeCases } from "./testing/downgrade.ts";
import { frameTypes, frame, headers, RawHttp2 } from "./testing/http2-frames.ts";

/** What the gateway sends with every request, and what a client may. */
const expected = new Set(
  "authorization content-type content-length host connection transfer-encoding forwarded x-forwarded-for x-forwarded-host x-forwarded-proto via traceparent".split(
    " ",
  ),
);

test("no request of HTTP/2 becomes another one behind the gateway", async (t) => {
  const seen: string[] = [];
  const foreign = await startForeign(t, async (request, response) => {
    const pieces: Buffer[] = [];
    try {
      for await (const chunk of request) pieces.push(chunk as Buffer);
    } catch {
      // It was broken off; nothing was done.
      return;
    }
    for (let i = 0; i < request.rawHeaders.length; i += 2) {
      const name = request.rawHeaders[i] as string;
      if (!expected.has(name.toLowerCase())) seen.push(`the field ${name}`);
    }
    seen.push(`${request.method} ${request.url} ${Buffer.concat(pieces).toString("latin1")}`);
    response.writeHead(201).end();
  });
  const front = await startFront(
    t,
    {
      http2: true,
      upstreams: { legacy: { urls: [foreign.url] } },
      routes: [{ path: "/legacy/*", to: { upstream: "legacy" } }],
    },
    {
      open: {
        run: ({ context }) => {
          seen.push("open");
          return { limit: 1, caller: context.caller };
        },
      },
      add: {
        run: ({ input }) => {
          const { book, text } = input as { book: string; text: string };
          seen.push(`POST /notes/${book} {"text":"${text}"}`);
          return { book, text, by: "ada" };
        },
      },
    },
  );
  const port = Number(new URL(front.url).port);
  const authorization = `Bearer ${await front.platform.issuer.sign({ subject: "ada" })}`;
  for (const path of ["/notes/a", "/legacy/a"]) {
    await t.test(path, async () => {
      const wrong: string[] = [];
      for (const one of downgradeCases) {
        seen.length = 0;
        const client = new RawHttp2(port);
        client.send(...one.frames(path, authorization));
        const found = { outcome: await settled(client, one.outcome), seen: [...seen] };
        const due = {
          outcome: one.outcome,
          seen: one.passes === true ? [`POST ${path} {"text":"hi"}`] : [],
        };
        client.socket.destroy();
        if (!isDeepStrictEqual(found, due))
          wrong.push(`${one.name}: ${JSON.stringify(found)} instead of ${JSON.stringify(due)}`);
      }
      assert.deepEqual(wrong, []);
    });
  }
  t.diagnostic(`${downgradeCases.length} cases`);
  const names = downgradeCases.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length, "every case has a name of its own");
});

/** What became of stream 1 once the gateway has read everything: a ping behind it was answered, or the connection is closed. */
async function settled(client: RawHttp2, due: number | string): Promise<number | string> {
  client.send(frame(frameTypes.ping, 0, 0, "settled!"));
  await client.first(({ type }) => type === frameTypes.ping || type === frameTypes.goaway);
  // A stream that its client has reset gets no word.
  const isSilent = !client.frames.some(
    ({ stream, type }) => stream === 1 && type !== frameTypes.window,
  );
  if (due === "reset" && isSilent && client.frames.some(({ type }) => type === frameTypes.ping)) {
    client.send(
      headers(3, [
        [":method", "GET"],
        [":scheme", "http"],
        [":path", "/health"],
        [":authority", "x"],
      ]),
    );
    await client.outcome(3);
    return client.frames.some(({ stream }) => stream === 1) ? client.outcome(1) : "reset";
  }
  return client.outcome(1);
}
