import { command, contract, type Schema, schemaFrom, stream } from "@kerf/contract";
import type { ErrorShape, LifecycleState, RetryMeaning } from "@kerf/kernel";
import type {
  Attachment,
  CertificateOrder,
  HostReport,
  LoadReport,
  OperationMeasured,
  SignedSnapshot,
} from "../placement.ts";
import { type LeaseGrant, maxLeases, type TokenLease } from "../limits/lease-keeper.ts";
import { latencyBuckets } from "../load/latency-histogram.ts";
import { maxOperations } from "./load-reporter.ts";
import { amount, anything, count, list, object, type Shape, text } from "./shape.ts";

const states: readonly LifecycleState[] = ["new", "starting", "ready", "draining", "stopped"];
const retries: readonly RetryMeaning[] = ["not-executed", "unknown", "never"];

const name = text(256);
const path = text(4_096);
const sentence = text(8_192);

const attachment = object<Attachment>({
  instance: name,
  unit: name,
  pid: count,
  address: text(1_024),
  state: text(16, states),
  files: list(path, 10_000),
  token: name,
});

const report = object<HostReport>({
  instance: name,
  token: name,
  state: text(16, states),
  epoch: count,
  generation: count,
});

const operationMeasured = object<OperationMeasured>({
  name: text(512),
  calls: count,
  failed: count,
  latency: list(count, 2 * latencyBuckets),
});

const loadReport = object<LoadReport>({
  instance: name,
  token: name,
  inFlight: count,
  streams: count,
  cpuMs: count,
  residentBytes: count,
  operations: list(operationMeasured, maxOperations),
});

const errorShape = object<ErrorShape>(
  {
    code: name,
    message: sentence,
    retry: text(16, retries),
    why: sentence,
    fix: sentence,
    data: anything,
    retryAfterMs: count,
    declared: anything as Shape<true>,
  },
  ["why", "fix", "data", "retryAfterMs", "declared"],
);

/** A failure that a host tells the platform of, for the people who watch it. */
export interface HostProblem {
  readonly instance: string;
  readonly token: string;
  readonly error: ErrorShape;
}

const problem = object<HostProblem>({ instance: name, token: name, error: errorShape });
// A request for a P-256 key is some 400 bytes of PEM.
const certificateOrder = object<CertificateOrder>({
  instance: name,
  token: name,
  request: text(4_096),
});
const certificateAnswer = object<{ certificate: string }>({ certificate: text(16_384) });

/** Tokens of limits that the instances of a gateway share. */
export interface LeaseOrder {
  readonly instance: string;
  readonly token: string;
  readonly leases: readonly TokenLease[];
}

const tokenLease = object<TokenLease>({
  key: text(256),
  everyMs: amount,
  burst: count,
  used: count,
  want: count,
});
const leaseOrder = object<LeaseOrder>({
  instance: name,
  token: name,
  leases: list(tokenLease, maxLeases),
});
const leaseGrant = object<LeaseGrant>({ granted: count, remaining: count, retryInMs: count });
const leaseAnswer = object<{ grants: readonly LeaseGrant[] }>({
  grants: list(leaseGrant, maxLeases),
});

/** How long a copy of a service that sleeps is waited for, milliseconds: a start is given up after 30 s. */
export const wakeBoundMs = 35_000;

/** A service is called that sleeps. */
export interface WakeOrder {
  readonly instance: string;
  readonly token: string;
  readonly service: string;
}

const wakeOrder = object<WakeOrder>({ instance: name, token: name, service: name });
const wakeAnswer = object<{ error?: ErrorShape }>({ error: errorShape }, ["error"]);

// A snapshot names every instance and gateway route of an app: 16 MiB are some ten thousand operations.
const signedSnapshot = object<SignedSnapshot>({ body: text(16 * 1_048_576), signature: text(256) });
const nothing = object<Record<never, never>>({});

function schemaOf<T>(shape: Shape<T>): Schema<T, T> {
  return schemaFrom(shape.json, (value) => shape.read(value, ""));
}

/**
 * The host protocol: what the platform serves to the instances and gateways that it started. Public in the sense of the
 * call path, since hosts have no principal; each call proves itself with the token of its boot document.
 */
export const hosts = contract("hosts", {
  version: "1.4.0",
  operations: {
    /** Stays open for the life of the host: the newest snapshot at once, then each newer one. */
    attach: stream({
      access: "public",
      input: schemaOf(attachment),
      output: schemaOf(signedSnapshot),
    }),
    /** A change of state, or the acknowledgement of a snapshot. */
    report: command({
      access: "public",
      input: schemaOf(report),
      output: schemaOf(nothing),
      deadlineMs: 2_000,
    }),
    /** What it measured of itself; about once a second, and every 5 s when there is nothing new. */
    load: command({
      access: "public",
      input: schemaOf(loadReport),
      output: schemaOf(nothing),
      deadlineMs: 2_000,
    }),
    /** A certificate for the key pair of an instance, on the name of its unit. */
    certify: command({
      access: "public",
      input: schemaOf(certificateOrder),
      output: schemaOf(certificateAnswer),
      deadlineMs: 2_000,
    }),
    /** Tokens of limits that all instances of a gateway share. Late they are of no use: whoever asks goes on without. */
    lease: command({
      access: "public",
      input: schemaOf(leaseOrder),
      output: schemaOf(leaseAnswer),
      deadlineMs: 250,
    }),
    /** A service is called that sleeps. Answers when a copy of it runs, or why none does. */
    wake: command({
      access: "public",
      input: schemaOf(wakeOrder),
      output: schemaOf(wakeAnswer),
      deadlineMs: wakeBoundMs,
    }),
    /** Something that went wrong and that people should see. */
    problem: command({
      access: "public",
      input: schemaOf(problem),
      output: schemaOf(nothing),
      deadlineMs: 2_000,
    }),
  },
});
