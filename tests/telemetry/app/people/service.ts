import { UndiciInstrumentation } from "@opentelemetry/instrumentation-undici";
import { metrics, trace } from "@opentelemetry/api";
import { postgres, service, sql } from "kerf";
import { z } from "zod";
import { people } from "./contract.ts";

// As its documentation says; that it works in Kerf is nothing that it knows.
const instrumentation = new UndiciInstrumentation();
instrumentation.setTracerProvider(trace.getTracerProvider());
instrumentation.setMeterProvider(metrics.getMeterProvider());
const tracer = trace.getTracer("people");
const asked = metrics.getMeter("people").createCounter("people.asked", { unit: "{question}" });

export const peopleService = service(people, {
  owner: "privacy",
  database: postgres({ migrations: new URL("./migrations", import.meta.url) }),
});

const settle = peopleService.saga(
  "settle",
  {
    version: 1,
    input: z.object({ id: z.string(), secret: z.string().meta({ "x-kerf-sensitive": true }) }),
  },
  async (s, input) => {
    await s.local("look", ({ log }) => {
      log.info(`the saga looks at ${input.secret}`, { input });
      return {};
    });
    throw s.fail("it is settled differently");
  },
);

peopleService.implement({
  async keep({ input, db, emit, errors, log, span, start }) {
    const { id, mishap, secret } = input;
    log.info(`keeps ${secret}`, { input, nested: [{ secret }], note: `of ${secret}` });
    await span(`keeping`, { secret, note: `of ${secret}` }, () => undefined);
    switch (mishap) {
      case "thrown":
        throw new Error(`cannot keep ${secret}`, { cause: new Error(`because of ${secret}`) });
      case "declared":
        throw errors.refused({ secret });
      case "undeclared":
        throw Object.assign(new Error(`${secret}`), { code: `no ${secret}` });
      case "answer":
        return { id: secret, secret: 7 } as never;
      default:
    }
    await sql`INSERT INTO people (id, secret) VALUES (${id}, ${secret})`.execute(db);
    emit.kept({ id, secret, mishap });
    if (mishap === "saga") start(settle, { id, secret });
    return { id, secret };
  },

  async ask({ input, log, span }) {
    const { secret, url } = input;
    asked.add(1, { "asked.secret": secret, "asked.what": "weather" });
    return tracer.startActiveSpan("by hand", { attributes: { "by.hand": secret } }, async (own) => {
      try {
        const answer = await span("asking", { attempt: 1 }, () => fetch(`${url}?of=${secret}`));
        log.info("was answered", { status: answer.status, secret });
        return (await answer.json()) as { traceparent: string };
      } finally {
        own.end();
      }
    });
  },
});

export default peopleService;
