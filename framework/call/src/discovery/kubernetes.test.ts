import assert from "node:assert/strict";
import { test } from "node:test";
import { sliceOf, watching } from "./testing/kubernetes.ts";

const within = { timeout: 20_000 };

test(
  "slices are read page by page, and only ready addresses of the port count, once",
  within,
  async (t) => {
    const { api, discovery, at } = await watching(t);
    api.put(sliceOf("a", ["10.0.0.1", "10.0.0.2"]));
    api.put(sliceOf("b", ["10.0.0.2", "10.0.0.3"]));
    api.put(sliceOf("c", ["10.0.0.4"], { conditions: { ready: false } }));
    api.put(sliceOf("d", ["10.0.0.5"], { conditions: {} }));
    api.put({ ...sliceOf("e", ["10.0.0.6"]), ports: [{ name: "metrics", port: 9_000 }] });
    await discovery.start();
    await at("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.5");
    assert.equal(discovery.instancesOf("shelf")[0]?.id, "pod-10.0.0.1");
  },
);

test("a watch that breaks off is resumed where it was, without another list", within, async (t) => {
  const { api, discovery, at } = await watching(t);
  api.put(sliceOf("a", ["10.0.0.1"]));
  await discovery.start();
  api.put(sliceOf("b", ["10.0.0.2"]));
  await at("10.0.0.1", "10.0.0.2");
  api.breakWatches();
  api.put(sliceOf("c", ["10.0.0.3"]));
  api.remove("a");
  await at("10.0.0.2", "10.0.0.3");
  const lists = api.requests.filter(({ searchParams }) => !searchParams.has("watch"));
  assert.equal(lists.length, 1);
});

test(
  "what the API has forgotten is listed anew, whether it says so at once or in the watch",
  within,
  async (t) => {
    const { api, discovery, at } = await watching(t);
    api.put(sliceOf("a", ["10.0.0.1"]));
    await discovery.start();
    api.put(sliceOf("b", ["10.0.0.2"]));
    await at("10.0.0.1", "10.0.0.2");
    api.expireWatches();
    api.remove("a");
    api.compact();
    await at("10.0.0.2");
    api.put(sliceOf("c", ["10.0.0.3"]));
    await at("10.0.0.2", "10.0.0.3");
    api.breakWatches();
    api.remove("b");
    api.compact();
    await at("10.0.0.3");
  },
);

test("a bookmark moves the place from which a watch is resumed", within, async (t) => {
  const { api, discovery, at } = await watching(t);
  api.put(sliceOf("a", ["10.0.0.1"]));
  await discovery.start();
  api.put(sliceOf("b", ["10.0.0.2"]));
  await at("10.0.0.1", "10.0.0.2");
  api.bookmark();
  api.compact();
  api.endWatches();
  api.put(sliceOf("c", ["10.0.0.3"]));
  await at("10.0.0.1", "10.0.0.2", "10.0.0.3");
  const lists = api.requests.filter(({ searchParams }) => !searchParams.has("watch"));
  assert.equal(lists.length, 1);
});

test("a token that was renewed is used by the next request", within, async (t) => {
  const { api, discovery, at, writeToken } = await watching(t);
  api.put(sliceOf("a", ["10.0.0.1"]));
  await discovery.start();
  api.token = "second-token";
  await writeToken("second-token");
  api.breakWatches();
  api.put(sliceOf("b", ["10.0.0.2"]));
  await at("10.0.0.1", "10.0.0.2");
});
