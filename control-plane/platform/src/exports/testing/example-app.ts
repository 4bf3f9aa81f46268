// An app for golden files: small, and with everything in it that an export has to do with. No part of the package.
import type { AppManifest, ManifestService } from "@kerf/service";
import type { ExportedImages } from "../images/exported-image.ts";
import { withImages } from "../images/with-images.ts";

const contract = (name: string) => ({ name, version: "1.0.0", operations: {}, events: {} });

function service(name: string, more: Partial<ManifestService>): ManifestService {
  return {
    name,
    owner: `${name}-team`,
    contract: contract(name),
    uses: [],
    follows: [],
    issuer: false,
    sagas: [],
    schedules: [],
    reconciliations: [],
    workers: [],
    files: [],
    ...more,
  };
}

/** Orders pay, mail follows orders; one gateway with keys of partners. */
export const exampleApp: AppManifest = {
  app: "store",
  services: [
    service("orders", {
      uses: [{ name: "payments", version: "1.0.0", optional: false, operations: ["charge"] }],
      database: { server: "main", migrations: "/app/orders/migrations", connections: 4 },
      issuer: true,
    }),
    service("payments", {
      database: { server: "main", migrations: "/app/payments/migrations", connections: 4 },
      redis: true,
      config: { type: "object", properties: { largestCharge: { type: "integer" } } },
      secrets: [{ name: "providerKey", development: true }],
    }),
    service("mail", {
      uses: [{ name: "orders", version: "1.0.0", optional: true, followed: true }],
      follows: ["orders"],
      database: { server: "main", migrations: "/app/mail/migrations", connections: 4 },
    }),
  ],
  gateways: [
    {
      name: "web",
      expose: [contract("orders")],
      settings: {
        authentication: [{ method: "apiKeys", file: "./partner-keys.json", optional: true }],
      },
    },
  ],
  units: { orders: ["orders"], payments: ["payments"], mail: ["mail"] },
  policies: {},
  servers: {},
  limits: { payments: { memoryBytes: 268_435_456, cpus: 0.5 } },
  scale: { mail: { min: 1, max: 5, target: { lag: 100 } } },
  files: [],
};

/** An image of somebody else beside it: it calls payments, follows orders, and emits what it makes of them. */
export const exampleImages: ExportedImages = {
  tags: {
    image: "registry.example.com/team/tags:1",
    port: 9000,
    env: { GREETING: "hello" },
    secrets: ["API_KEY"],
    uses: ["payments"],
    allow: ["geo.example.com"],
    follows: ["orders.placed"],
    emits: { tagged: "text" },
    user: 10_001,
    writable: ["/var/cache/tags"],
  },
};

/** The same app with that image, whose events mail follows. */
export const exampleAppWithImages: AppManifest = withImages(
  {
    ...exampleApp,
    services: exampleApp.services.map((each) => {
      if (each.name === "mail") return { ...each, follows: [...each.follows, "tags"] };
      if (each.name !== "orders") return each;
      const placed = { schema: { type: "object" }, key: "orderId", version: 1 };
      return { ...each, contract: { ...each.contract, events: { placed } } };
    }),
  },
  exampleImages,
);

/** What its images are tagged with. */
export const exampleTags = {
  orders: "1a2b3c",
  payments: "4d5e6f",
  mail: "778899",
  "gateway-web": "aabbcc",
};
