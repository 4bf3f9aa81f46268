// The service as a function; the platform that runs functions imports it.
import { jwt } from "kerf";
import { fetchHandler, lambdaHandler } from "kerf/serverless";
import links from "./service.ts";

const { env } = process;

/** `(request: Request) => Promise<Response>`. */
export const fetch = await fetchHandler(links, {
  database: { file: env["LINKS_DATABASE_FILE"] ?? "/run/secrets/links-database" },
  authentication: [
    jwt({
      issuer: "https://id.example.com",
      audience: "links",
      jwks: { file: env["LINKS_KEYS_FILE"] ?? "/run/secrets/keys.json" },
      algorithms: ["ES256"],
    }),
  ],
  cors: { origins: ["https://www.example.com"] },
  telemetry: { otlp: { endpoint: env["OTLP_ENDPOINT"] ?? "http://127.0.0.1:4318" } },
});

/** The same for AWS Lambda, behind API Gateway or a function URL. */
export const handler = lambdaHandler(fetch);
