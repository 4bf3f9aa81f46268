import { gateway } from "kerf";
import { notes } from "./notes/contract.ts";

export const front = gateway({
  expose: [notes],
  upstreams: {
    legacy: {
      urls: ["http://10.0.0.5:8080", "http://10.0.0.6:8080"],
      health: { path: "/up" },
    },
    stable: { urls: ["http://10.0.0.7:8080"] },
    canary: { urls: ["http://10.0.0.8:8080"] },
    invoices: {
      discovery: { kubernetes: { namespace: "billing", service: "invoices", port: "http" } },
    },
    reports: { discovery: { srv: "_http._tcp.reports.internal" } },
  },
  routes: [
    { path: "/shop/*", to: { upstream: "legacy" } },
    {
      path: "/search/*",
      to: {
        split: [
          { to: { upstream: "stable" }, weight: 95 },
          { to: { upstream: "canary" }, weight: 5, header: { name: "x-canary" } },
        ],
        sticky: { hash: "address" },
      },
    },
    {
      path: "/media/*",
      to: { upstream: "legacy" },
      cache: { headers: ["x-tenant"], maxBytes: 67_108_864 },
    },
    {
      path: "/old/*",
      to: { upstream: "legacy" },
      rewrite: {
        prefix: "/v1",
        request: { set: { "x-tenant": "one" }, remove: ["cookie"] },
        response: { remove: ["server"], append: { vary: "x-tenant" } },
      },
    },
  ],
});
