// What a gateway can be set to.
import { app, gateway } from "kerf";
import { notes } from "./notes/contract.ts";

export default app("notebook", {
  services: { notes: () => import("./notes/service.ts") },
  gateways: {
    web: gateway({
      expose: [notes],
      tls: {
        certFile: "./tls/notes.pem",
        keyFile: "./tls/notes-key.pem",
        names: [
          {
            serverNames: ["partners.example", "*.partners.example"],
            certFile: "./tls/partners.pem",
            keyFile: "./tls/partners-key.pem",
          },
        ],
      },
      limits: [
        { by: "address", rate: { requests: 600, perMs: 60_000 } },
        { by: "user", rate: { requests: 10, perMs: 1_000 }, burst: 30, routes: ["notes.add"] },
      ],
      trustedProxies: ["10.0.0.0/8"],
      cors: { origins: ["https://shop.example"] },
      headers: { "cross-origin-resource-policy": "same-site" },
    }),
  },
});
