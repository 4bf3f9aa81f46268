import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChangeStatus, ProgressEvent } from "@kerf/control-api";
import { KerfError } from "@kerf/kernel";
import { plain } from "../output/paint.ts";
import { EventText } from "../output/event-text.ts";
import type { ProgressView } from "../output/progress-view.ts";
import { underWay } from "../output/under-way.ts";
import { patienceShown } from "./show-turn.ts";
import { Turn } from "./turn.ts";

const refusal = new KerfError("failed", {
  message: "",
  data: { code: "change_under_way", message: "Another change is under way: deploy search." },
});
const at = new Date().toISOString();
const search = { id: "c-1", kind: "deploy", title: "search", by: "ada", at } as const;
const orders = { id: "c-2", kind: "restart", title: "orders", by: "bob", at } as const;

test("who waits for others is told for whom and what they do, and asks once when they are over", async () => {
  const changes: (ChangeStatus | undefined)[] = [
    { ...search, step: "start", detail: "2 copies" },
    { ...search, step: "drain" },
    orders,
    undefined,
  ];
  const client = { status: async () => ({ change: changes.shift() }) } as never;
  const said: string[] = [];
  const text = new EventText(plain, "/app");
  const view: ProgressView = {
    event(event: ProgressEvent) {
      const line = underWay(event)?.text ?? text.of(event)?.replace(/ {2}\S+ m?s$/, "");
      if (line !== undefined) said.push(line);
    },
    note: (line) => said.push(line.replace(/[\d.]+ m?s/, "0 s")),
    result: () => {},
    close: () => {},
  };
  let asked = 0;
  const turn = new Turn({ ...patienceShown(client, view), pause: async () => {} });
  const request = async (): Promise<string> => {
    assert.equal(turn.isWaiting, false);
    if (++asked === 1) throw refusal;
    return "made";
  };
  assert.equal(await turn.take(request), "made");
  assert.equal(asked, 2);
  assert.deepEqual(said, [
    "Another change is under way for 0 s: deploy search, by ada. Waiting until it has ended.",
    "waiting for deploy search  starting new copies, 2 copies",
    "waiting for deploy search  waiting for the old ones to finish",
    "✓ waiting for deploy search",
    "Another change is under way for 0 s: restart orders, by bob. Waiting until it has ended.",
    "waiting for restart orders",
    "✓ waiting for restart orders",
  ]);
});

test("who does not wait gets the refusal", async () => {
  const refused = new Turn(undefined).take(() => Promise.reject(refusal));
  await assert.rejects(refused, refusal);
});
