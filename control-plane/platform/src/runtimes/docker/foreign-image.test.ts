import assert from "node:assert/strict";
import { test } from "node:test";
import type { Placement } from "../../placement/snapshot-builder.ts";
import { conflictsWith, type ForeignImage, withCallers, withImages } from "./foreign-image.ts";

const image = (name: string, more: Partial<ForeignImage> = {}): ForeignImage => ({
  name,
  image: `registry.example.com/${name}:1`,
  id: "sha256:1",
  revision: 1,
  variables: {},
  port: 80,
  replicas: 1,
  gateway: "web",
  ...more,
});
const own = {
  upstreams: { legacy: { urls: ["http://legacy:80"] } },
  routes: [{ path: "/old/*", to: { upstream: "legacy" } }],
};
const placement = {
  gateways: { web: { expose: [], uses: [], settings: own }, mobile: { expose: [], uses: [] } },
} as unknown as Placement;

test("a gateway gets a route to an image, below its name or for its domain, beside its own", () => {
  const images = [image("docs"), image("billing", { domain: "billing.example.com" })];
  const { gateways } = withImages(
    placement,
    images,
    new Map([
      ["docs", ["10.0.0.2:80", "10.0.0.3:80"]],
      ["billing", ["10.0.0.4:80"]],
    ]),
  );
  assert.deepEqual(gateways["web"]?.settings, {
    upstreams: {
      billing: { urls: ["http://10.0.0.4:80"], host: "client" },
      docs: { urls: ["http://10.0.0.2:80", "http://10.0.0.3:80"], host: "client" },
      legacy: { urls: ["http://legacy:80"] },
    },
    routes: [
      { path: "/old/*", to: { upstream: "legacy" } },
      { path: "/docs/*", to: { upstream: "docs" }, rewrite: { prefix: "/" } },
      { host: "billing.example.com", path: "/*", to: { upstream: "billing" } },
    ],
  });
  assert.equal(gateways["mobile"], placement.gateways["mobile"]);
});

test("without a copy the route stays, and what the app says of its gateway goes first", () => {
  const { gateways } = withImages(placement, [image("docs")], new Map());
  assert.deepEqual(gateways["web"]?.settings, {
    upstreams: { docs: { absent: true, host: "client" }, ...own.upstreams },
    routes: [
      ...own.routes,
      { path: "/docs/*", to: { upstream: "docs" }, rewrite: { prefix: "/" } },
    ],
  });
  const old = image("old");
  const found = new Map([["old", ["10.0.0.2:80"]]]);
  assert.deepEqual(withImages(placement, [old], found), placement);
  assert.match(conflictsWith(own, old).join(), /\/old\/\* is taken/);
  assert.match(conflictsWith(own, image("legacy")).join(), /an upstream of its own/);
  assert.deepEqual(conflictsWith(own, image("docs")), []);
});

test("a gateway reaches an image with a sidecar where its unit serves, and knows it by its certificate", () => {
  const billing = image("billing", { sidecar: { uses: ["labels"], allow: [] } });
  const instance = (id: string, state: "ready" | "draining") => ({
    id,
    state,
    address: `tcp:10.0.0.${id}:4000`,
  });
  const units = { billing: { instances: [instance("2", "ready"), instance("3", "draining")] } };
  const { gateways } = withImages({ ...placement, units }, [billing], new Map());
  assert.deepEqual(gateways["web"]?.settings?.["upstreams"], {
    billing: { urls: ["https://10.0.0.2:4000"], host: "client", tls: { unit: "billing" } },
    ...own.upstreams,
  });
  assert.deepEqual(
    withImages({ ...placement, units: {} }, [billing], new Map()).gateways["web"]?.settings?.[
      "upstreams"
    ],
    { billing: { absent: true, host: "client", tls: { unit: "billing" } }, ...own.upstreams },
  );
});

test("callees know an image by what it uses, also while another release of it comes; the app's own services go first", () => {
  const sidecar = (...uses: string[]) => ({ sidecar: { uses, allow: [] } });
  const images = [
    image("billing", sidecar("labels")),
    image("billing", sidecar("prices", "labels")),
    image("docs"),
    image("orders", sidecar("labels")),
  ];
  const orders = { unit: "main", version: "2.0.0", uses: [] };
  const contract = (name: string) => ({ name, version: "1.0.0", operations: {} });
  const placed = { ...placement, services: { orders } };
  const { services } = withCallers(placed, images, (name) => contract(name) as never);
  assert.deepEqual(services, {
    orders,
    billing: {
      unit: "billing",
      version: "0.0.0",
      uses: ["labels", "prices"],
      follows: [],
      contracts: [contract("labels"), contract("prices")],
    },
  });
});
