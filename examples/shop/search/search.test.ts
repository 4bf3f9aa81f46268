import assert from "node:assert/strict";
import { test } from "node:test";
import { fake, startService } from "kerf/testing";
import { catalog } from "../catalog/contract.ts";
import search from "./service.ts";

const product = (sku: string, name: string, description: string) => ({
  sku,
  name,
  description,
  price: { amount: 100, currency: "EUR" },
});
const shelf = [
  product("saw-tenon", "Tenon saw", "Filed crosscut"),
  product("saw-ryoba", "Ryoba saw", "Cuts on the pull"),
  product("oil", "Linseed oil", "Keeps a saw from rust"),
];

/** The search service on a catalogue that answers a page a product. */
async function started(products = shelf) {
  const contents = { products };
  const pages = fake(catalog, {
    list: ({ input: { cursor } }) => {
      const at = contents.products.findIndex((each) => each.sku === cursor) + 1;
      const items = contents.products.slice(at, at + 1);
      const next = at + 1 < contents.products.length ? items[0]?.sku : undefined;
      return next === undefined ? { items } : { items, next };
    },
  });
  const service = await startService(search, { uses: { catalog: pages } });
  return {
    contents,
    pages,
    service,
    [Symbol.asyncDispose]: () => service.stop(),
    build: () => service.buildReadModel(catalog),
    find: async (q: string) => (await service.client.find({ q })).items.map((item) => item.sku),
  };
}

test("it is filled from every page of the catalogue", async () => {
  await using index = await started();
  assert.deepEqual(await index.find("saw"), []);
  await index.build();
  assert.equal(index.pages.calls.list.length, 3);
  assert.deepEqual(await index.find("saw"), ["saw-ryoba", "saw-tenon", "oil"]);
});

test("all words must be there, in any form; the name counts more than the description", async () => {
  await using index = await started();
  await index.build();
  assert.deepEqual(await index.find("cutting saws"), ["saw-ryoba"]);
  assert.deepEqual(await index.find("rust"), ["oil"]);
  assert.deepEqual(await index.find("hammer"), []);
  assert.equal((await index.find("saw")).at(-1), "oil");
});

test("what changes in the catalogue is found under its new words", async () => {
  await using index = await started();
  await index.build();
  await index.service.receive(catalog, "changed", product("oil", "Camellia oil", "No smell"));
  assert.deepEqual(await index.find("camellia"), ["oil"]);
  assert.deepEqual(await index.find("linseed"), []);
});

test("what the catalogue has no more is gone once it is built anew", async () => {
  await using index = await started();
  await index.build();
  index.contents.products = [product("oil", "Camellia oil", "No smell")];
  await index.build();
  assert.deepEqual(await index.find("saw"), []);
  assert.deepEqual(await index.find("camellia"), ["oil"]);
});

test("punctuation in a search is no mistake, an empty one is", async () => {
  await using index = await started();
  await index.build();
  assert.deepEqual(await index.find(`"tenon saw" -oil & | ! ' :*`), ["saw-tenon"]);
  await assert.rejects(index.service.client.find({ q: "   " }), { code: "invalid_input" });
});

test("a catalogue that is away leaves what serves as it is", async () => {
  await using index = await started();
  await index.build();
  index.pages.fail("list", "forbidden", { times: 1 });
  await assert.rejects(index.build(), { code: "forbidden" });
  assert.deepEqual(await index.find("saw"), ["saw-ryoba", "saw-tenon", "oil"]);
});
