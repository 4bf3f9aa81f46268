// The program that gives the programs of an app their certificates in a cluster without cert-manager: `node /kerf/certificates.js --environment E --namespace N
// --authority SECRET UNIT=SECRET …` in a pod whose account may get and patch these Secrets and nothing else. One run does what is due and ends: with 0, with 78 when
// another run would not help, else with 70. It logs lines of JSON to stdout.
import { inCluster } from "@kerf/call";
import { KerfError, systemClock } from "@kerf/kernel";
import { Logger } from "@kerf/telemetry";
import { issueCertificates } from "./issue-certificates.ts";
import { issueOrderOf } from "./issue-order.ts";
import { SecretsApi } from "./secrets-api.ts";

const log = new Logger({ level: "info", sink: (line) => process.stdout.write(`${line}\n`) });
// By its address, which every pod is told: then nothing but the API has to be reached.
const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = "443" } = process.env;
const server =
  host === undefined
    ? inCluster.server
    : `https://${host.includes(":") ? `[${host}]` : host}:${port}`;

try {
  const order = issueOrderOf(process.argv.slice(2));
  const secrets = new SecretsApi({ ...inCluster, server }, order.namespace);
  const { issued, told } = await issueCertificates(order, { clock: systemClock, log, secrets });
  log.info("Every program has a certificate.", { issued, told });
} catch (error) {
  log.error("Not every program has a certificate that goes on for long.", { error });
  const isFinal = error instanceof KerfError && error.code === "invalid_configuration";
  process.exitCode = isFinal ? 78 : 70;
}
