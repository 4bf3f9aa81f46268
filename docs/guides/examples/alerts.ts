import { app, contract, gateway, query } from "kerf";
import * as z from "zod";
import { notes } from "./notes/contract.ts";

export const receipts = contract("receipts", {
  version: "1.0.0",
  operations: {
    get: query({
      http: "GET /receipts/{id}",
      input: z.object({ id: z.coerce.number() }),
      output: z.object({ total: z.number() }),
      objective: { available: 0.9995, within: { ms: 300, share: 0.99 } },
    }),
    export: query({
      input: z.object({ year: z.number() }),
      output: z.object({ file: z.string() }),
      objective: false,
    }),
  },
});

export default app("guide", {
  services: {
    notes: () => import("./notes/service.ts"),
    labels: () => import("./labels/service.ts"),
  },
  gateways: { web: gateway({ expose: [notes] }) },
  alerts: {
    objectives: {
      "*": { available: 0.999 },
      labels: false,
      "notes.get": { within: { ms: 100, share: 0.99 } },
    },
    dashboard: "https://kerf.example.org",
  },
});
