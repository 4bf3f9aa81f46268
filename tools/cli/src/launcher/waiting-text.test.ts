import assert from "node:assert/strict";
import { test } from "node:test";
import { paintFor } from "../output/paint.ts";
import { waitingText } from "./waiting-text.ts";

const service = { name: "payments", unit: "payments", owner: "team", version: "1.0.0" };
const shown = { code: "invalid_configuration", message: "", retryable: false, status: 500 };

test("a service that lacks settings is named with what it lacks and the commands that set it", () => {
  const data = {
    service: "payments",
    problems: ["the secret providerKey is not set"],
    commands: ["kerf secrets set payments providerKey"],
  };
  const command = (words: string): string => `npx kerf ${words} --home /srv`;
  const plain = paintFor({ isTTY: false } as never);
  const services = [
    { ...service, problem: { ...shown, data } },
    { ...service, name: "orders", problem: shown },
  ];
  assert.deepEqual(waitingText({ services: services as never }, command, plain), [
    "  ! payments waits, the rest runs: the secret providerKey is not set",
    "    npx kerf secrets set payments providerKey --home /srv",
    "",
  ]);
});
