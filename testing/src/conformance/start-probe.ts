import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { Inbound, Transport } from "@kerf/call";
import { KerfError } from "@kerf/kernel";
import type { Probe, ProbeHandlers } from "./probe.ts";

/** A transport that leads to the inbound half it was set up with. */
export interface ConnectedTransport {
  readonly transport: Transport;
  /** Drains the callee as its lifecycle would: resolves once what was in flight is answered. */
  readonly drain?: () => Promise<void>;
  readonly close: () => Promise<void> | void;
}

/** Connects a transport to a callee. */
export type TransportSetup = (inbound: Inbound, probe: Probe) => Promise<ConnectedTransport>;

/** What a test of the suite works with. */
export interface ProbedTransport extends ConnectedTransport {
  readonly probe: Probe;
}

/** Starts a probe behind a transport; both are gone when the test ends. */
export type StartProbe = (t: TestContext, handlers: ProbeHandlers) => Promise<ProbedTransport>;

/** The error that a call ends with. */
export async function refusal(call: Promise<unknown>): Promise<KerfError> {
  const error = await call.then(
    (value) => assert.fail(`The call was answered with ${JSON.stringify(value)}.`),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof KerfError, `A call must end with a KerfError, not ${String(error)}.`);
  return error;
}
