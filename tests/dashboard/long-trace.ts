import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Sends a trace of so many spans to a platform's store, as any program with an OpenTelemetry SDK does; answers its id. */
export async function sendLongTrace(home: string, count: number): Promise<string> {
  const { port } = JSON.parse(readFileSync(join(home, "state/telemetry.json"), "utf8")) as {
    port: number;
  };
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const now = BigInt(Date.now()) * 1_000_000n;
  const idOf = (at: number): string => (at + 1).toString(16).padStart(16, "0");
  const spans = Array.from({ length: count }, (_, at) => ({
    traceId,
    spanId: idOf(at),
    // Ten below each: a tree that is wide and deep.
    ...(at === 0 ? undefined : { parentSpanId: idOf(Math.floor((at - 1) / 10)) }),
    name: `step ${at}`,
    kind: 1,
    startTimeUnixNano: String(now + BigInt(at) * 1_000_000n),
    endTimeUnixNano: String(now + BigInt(count + 10) * 1_000_000n),
  }));
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "long" } }] };
  const answer = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] }),
  });
  if (!answer.ok) throw new Error(`the store answered ${answer.status}: ${await answer.text()}`);
  return traceId;
}
