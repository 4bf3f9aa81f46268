// One app with two front doors, each with its own ways to prove who is there.
import { apiKeys, app, gateway, jwt, session, tokens } from "kerf";
import { notes } from "./notes/contract.ts";

const services = {
  notes: () => import("./notes/service.ts"),
  labels: () => import("./labels/service.ts"),
};

const web = gateway({
  expose: [notes],
  authentication: [
    session({
      oidc: { issuer: "https://login.example", clientId: "notes", scopes: ["profile"] },
      origin: "https://notes.example",
    }),
  ],
});

const partners = gateway({
  expose: [notes],
  authentication: [
    tokens(),
    jwt({
      issuer: "https://partner.example/",
      audience: "https://api.notes.example",
      jwks: { url: "https://partner.example/.well-known/jwks.json" },
      algorithms: ["ES256"],
      prefix: "partner:",
    }),
    apiKeys({ file: process.env["NOTES_API_KEYS"] ?? "./api-keys.json" }),
  ],
});

export default app("doors", { services, gateways: { web, partners } });
