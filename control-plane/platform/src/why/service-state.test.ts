import assert from "node:assert/strict";
import { test } from "node:test";
import type { InstanceStatus, ServiceStatus, Status } from "@kerf/control-api";
import { KerfError } from "@kerf/kernel";
import { explainAbsence } from "../api/explain-absence.ts";
import { serviceState } from "./service-state.ts";

/** The state of an app of one service with one copy. */
function statusOf(copy: Partial<InstanceStatus>, service: Partial<ServiceStatus> = {}): Status {
  const since = "2026-01-02T03:04:05.000Z";
  const known = { id: "main-1", pid: 1, state: "ready", address: "", restarts: 0, since } as const;
  return {
    units: [{ name: "main", services: ["payments"], instances: [{ ...known, ...copy }] }],
    services: [{ name: "payments", unit: "main", owner: "a", version: "1.0.0", ...service }],
    databases: [],
  } as unknown as Status;
}

const missing = { code: "not_configured", message: "Its secret is not set.", fix: "Set it." };

test("a service that is not started is absent though its program runs, and one whose copy hangs too", () => {
  const held = serviceState(statusOf({}, { problem: { ...missing, retry: "never" } }), "payments");
  assert.equal(held.absent, "it is not started (Its secret is not set)");
  const hanging = new KerfError("unavailable", "It does not answer.").toShape();
  const hung = serviceState(statusOf({ state: "restarting", lastError: hanging }), "payments");
  assert.equal(hung.absent, "its copy main-1 is restarting (It does not answer)");
});

test("the newest end of a copy that should have run is told", () => {
  const error = new KerfError("start_failed", "It ended with exit code 3.").toShape();
  const at = "2026-01-02T03:04:05.000Z";
  const { absent, ended } = serviceState(statusOf({ lastEnd: { at, error } }), "payments");
  assert.deepEqual([absent, ended], [undefined, { at: Date.parse(at), why: error.message }]);
});

test("who asks a service that is not started is told what it lacks, and nothing else is explained away", () => {
  const problem = { ...missing, retry: "never" } as const;
  const platform = { status: () => statusOf({}, { problem }) };
  const nowhere = new KerfError("unavailable", { message: "No copy.", retry: "not-executed" });
  const told = explainAbsence(nowhere, "payments", platform) as KerfError;
  assert.deepEqual(
    [told.code, told.message, told.fix, told.retry],
    [
      "unavailable",
      "Nobody answers for payments: it is not started (Its secret is not set).",
      "Set it.",
      "not-executed",
    ],
  );
  for (const other of [new KerfError("unavailable", "Lost in the middle."), new Error("a bug")])
    assert.equal(explainAbsence(other, "payments", platform), other);
  assert.equal(explainAbsence(nowhere, "payments", { status: () => statusOf({}) }), nowhere);
});
