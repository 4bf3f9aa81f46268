import assert from "node:assert/strict";
import { test } from "node:test";
import { DeclaredError, KerfError } from "@kerf/kernel";
import { neighbourhood } from "./testing/neighbourhood.ts";
import { shelf, shelfService } from "./testing/shelf.ts";

type Made = ReturnType<typeof neighbourhood>;

/** The same operation called from this process and as if it came over a wire: it must mean the same. */
const distances: readonly [
  name: string,
  call: (
    made: Made,
    operation: string,
    input: unknown,
    context?: ReturnType<Made["context"]>,
  ) => Promise<unknown>,
][] = [
  [
    "near",
    ({ caller, context }, operation, input, inside = context()) => {
      const client = caller.bind(shelf, { caller: inside.caller })(inside) as unknown as Record<
        string,
        (input: unknown) => Promise<unknown>
      >;
      return (client[operation] as (input: unknown) => Promise<unknown>)(input);
    },
  ],
  [
    "far",
    ({ inbound, context }, operation, input, inside = context()) =>
      inbound.call({ service: "shelf", operation, input, context: inside }),
  ],
];

async function errorOf(call: Promise<unknown>): Promise<KerfError> {
  try {
    await call;
  } catch (thrown) {
    assert.ok(thrown instanceof KerfError);
    return thrown;
  }
  throw new Error("it was answered");
}

for (const [distance, call] of distances) {
  test(`${distance}: an input that the schema refuses names the field and reaches no handler`, async () => {
    let ran = 0;
    const made = neighbourhood(shelfService({ get: () => ran++ }));
    const error = await errorOf(call(made, "get", { id: 7 }));
    assert.equal(error.code, "invalid_input");
    assert.deepEqual(
      (error.data as { fields: { path: string }[] }).fields.map(({ path }) => path),
      ["id"],
    );
    assert.equal(ran, 0);
    assert.equal(made.inbound.inFlight, 0);
    assert.deepEqual(made.lines, []);
  });

  test(`${distance}: an input with a thousand mistakes gets a short answer`, async () => {
    const made = neighbourhood(shelfService());
    const error = await errorOf(
      call(made, "many", { ids: Array.from({ length: 1_000 }, () => 7) }),
    );
    assert.equal(error.code, "invalid_input");
    assert.ok(error.message.length <= 2_048);
    assert.equal((error.data as { fields: unknown[] }).fields.length, 50);
  });

  test(`${distance}: an answer that breaks the contract is the service's failure, and its log says so`, async () => {
    const made = neighbourhood(shelfService({ get: async () => ({ id: "a" }) }));
    const error = await errorOf(call(made, "get", { id: "a" }));
    assert.equal(error.code, "invalid_output");
    assert.equal(made.lines[0]?.["level"], "error");
    assert.equal(made.lines[0]?.["operation"], "shelf.get");
  });

  test(`${distance}: whatever a handler throws, callers learn nothing of its inside, and the log everything`, async () => {
    for (const thrown of [
      new Error("password=hunter2 in /srv/app/secret.ts"),
      "text",
      undefined,
      null,
      { a: 1 },
      new TypeError("x"),
    ]) {
      const made = neighbourhood(
        shelfService({
          get: async () => {
            // oxlint-disable-next-line typescript/only-throw-error
            throw thrown;
          },
        }),
      );
      const error = await errorOf(call(made, "get", { id: "a" }));
      assert.equal(error.code, "internal");
      assert.equal(error.retry, "never");
      assert.equal(error.cause, undefined);
      assert.doesNotMatch(JSON.stringify(error.toShape()), /hunter2|secret|password/);
      assert.equal(made.lines.length, 1);
      if (thrown instanceof Error) assert.match(String(made.lines[0]?.["error"]), /x|hunter2/);
      assert.equal(made.lines[0]?.["trace_id"]?.toString().length, 32);
    }
  });

  test(`${distance}: a handler that throws at once fails like one that rejects`, async () => {
    const made = neighbourhood(
      shelfService({
        get: () => {
          throw new DeclaredError("notFound", { id: "a", secret: 1 });
        },
      }),
    );
    const error = await errorOf(call(made, "get", { id: "a" }));
    assert.equal(error.code, "notFound");
    assert.deepEqual(error.data, { id: "a" });
  });

  test(`${distance}: a declared error whose data breaks its schema is the service's failure`, async () => {
    const made = neighbourhood(
      shelfService({
        get: async () => {
          throw new DeclaredError("notFound", { id: 7 });
        },
      }),
    );
    assert.equal((await errorOf(call(made, "get", { id: "a" }))).code, "invalid_output");
  });

  test(`${distance}: an error that the operation does not declare is internal, and the log names it`, async () => {
    const made = neighbourhood(
      shelfService({
        get: async () => {
          throw new DeclaredError("soldOut", { price: 3 });
        },
      }),
    );
    const error = await errorOf(call(made, "get", { id: "a" }));
    assert.equal(error.code, "internal");
    assert.equal(error.data, undefined);
    assert.match(String(made.lines[0]?.["message"]), /shelf\.get threw soldOut/);
  });

  test(`${distance}: a platform error of the handler's own passes, without what only this process may know`, async () => {
    const made = neighbourhood(
      shelfService({
        get: async () => {
          throw new KerfError("forbidden", {
            message: "x".repeat(5_000),
            cause: new Error("inside"),
            data: { a: 1 },
            retryAfterMs: 7,
          });
        },
        put: async () => {
          throw new KerfError("overloaded", "The pool is full.");
        },
      }),
    );
    const error = await errorOf(call(made, "get", { id: "a" }));
    assert.equal(error.code, "forbidden");
    assert.equal(error.message.length, 2_048);
    assert.equal(error.cause, undefined);
    assert.deepEqual([error.data, error.retryAfterMs], [{ a: 1 }, 7]);
    // The command had begun: nobody can say that it was not executed.
    assert.equal((await errorOf(call(made, "put", { id: "a" }))).retry, "unknown");
  });

  test(`${distance}: who may call is asked before anything else is`, async () => {
    const made = neighbourhood(shelfService(), { mayCall: (caller) => caller === "friend" });
    const refused = await errorOf(
      call(made, "get", { id: 7 }, made.context({ caller: "stranger" })),
    );
    assert.equal(refused.code, "forbidden");
    assert.match(refused.fix ?? "", /shelf/);
    assert.deepEqual(await call(made, "get", { id: "a" }, made.context({ caller: "friend" })), {
      id: "a",
      title: "The a",
    });
  });

  test(`${distance}: access "service" is closed to gateways, access "user" to calls on nobody's behalf`, async () => {
    const made = neighbourhood(shelfService());
    assert.equal(
      (await errorOf(call(made, "internal", {}, made.context({ caller: "gateway:web" })))).code,
      "forbidden",
    );
    assert.deepEqual(await call(made, "internal", {}, made.context({ caller: "orders" })), {
      caller: "orders",
    });
    assert.equal((await errorOf(call(made, "mine", { id: 7 }))).code, "unauthenticated");
    const principal = { subject: "ada", claims: {} };
    const signed = made.context({ principal, principalToken: "token-of-ada" });
    assert.deepEqual(await call(made, "mine", {}, signed), { subject: "ada" });
    assert.equal(
      (await errorOf(call(made, "mine", {}, made.context({ principal })))).code,
      "unauthenticated",
    );
  });

  test(`${distance}: a handler that does not end is answered for at the deadline, and its signal aborts`, async () => {
    let signal: AbortSignal | undefined;
    const hanging = Promise.withResolvers<unknown>();
    const made = neighbourhood(
      shelfService({
        get: ({ context }) => {
          signal = context.signal;
          return hanging.promise;
        },
      }),
    );
    const answer = errorOf(call(made, "get", { id: "a" }, made.context({ deadlineMs: 500 })));
    await made.clock.advance(520);
    assert.equal((await answer).code, "deadline_exceeded");
    assert.equal(signal?.aborted, true);
    // It still runs: a drain has to wait for it.
    assert.equal(made.inbound.inFlight, 1);
    hanging.resolve({ id: "a", title: "late" });
    await hanging.promise;
    await Promise.resolve();
    assert.equal(made.inbound.inFlight, 0);
    assert.equal(made.wheel.waiting, 0);
  });

  test(`${distance}: a caller that leaves is answered at once`, async () => {
    const made = neighbourhood(
      shelfService({ get: ({ context }) => new Promise((_, reject) => context.onCancel(reject)) }),
    );
    const context = made.context();
    const answer = errorOf(call(made, "get", { id: "a" }, context));
    context.cancel(new KerfError("cancelled", "The client has gone."));
    assert.equal((await answer).code, "cancelled");
    assert.deepEqual(made.lines, []);
  });
}

test("draining, calls from outside are refused as not executed, those of work in flight are served", async () => {
  const gate = Promise.withResolvers<void>();
  const made = neighbourhood(
    shelfService({
      put: async ({ context }) => {
        await gate.promise;
        return made.caller.bind(shelf, { caller: "shelf" })(context).get({ id: "a" });
      },
    }),
  );
  const { inbound, context } = made;
  const working = inbound.call({
    service: "shelf",
    operation: "put",
    input: { id: "a" },
    context: context(),
  });
  let drained = false;
  const drain = inbound.drain().then(() => (drained = true));
  const refused = await errorOf(
    inbound.call({ service: "shelf", operation: "get", input: { id: "a" }, context: context() }),
  );
  assert.deepEqual([refused.code, refused.retry], ["not_here", "not-executed"]);
  assert.equal(drained, false);
  gate.resolve();
  assert.deepEqual(await working, { id: "a" });
  await drain;
  await inbound.drain();
});

test("an unknown service was not executed here; an unknown operation exists nowhere", async () => {
  const { inbound, context } = neighbourhood(shelfService());
  const unknown = await errorOf(
    inbound.call({ service: "cellar", operation: "get", input: {}, context: context() }),
  );
  assert.deepEqual([unknown.code, unknown.retry], ["not_here", "not-executed"]);
  for (const operation of ["burn", "count", "toString"]) {
    const error = await errorOf(
      inbound.call({ service: "shelf", operation, input: {}, context: context() }),
    );
    assert.equal(error.code, "unknown_operation");
  }
  assert.throws(() =>
    inbound.stream({ service: "shelf", operation: "get", input: {}, context: context() }),
  );
});

test("a failing dependency is this service's unavailability; nothing else of it passes", async () => {
  const thrown: KerfError[] = [
    new KerfError("not_here", "x"),
    new KerfError("circuit_open", "x"),
    new KerfError("deadline_exceeded", "x"),
    new KerfError("forbidden", "x"),
    new DeclaredError("notFound", { id: "b" }),
  ];
  const expected = ["unavailable", "unavailable", "deadline_exceeded", "internal", "internal"];
  const { receivedError } = await import("./outgoing/received-error.ts");
  for (const [index, error] of thrown.entries()) {
    const made = neighbourhood(
      shelfService({
        get: async () => {
          throw receivedError(error, "cellar.get");
        },
      }),
    );
    const passed = await errorOf(
      made.inbound.call({
        service: "shelf",
        operation: "get",
        input: { id: "a" },
        context: made.context(),
      }),
    );
    assert.equal(passed.code, expected[index]);
    assert.notEqual(passed.retry, "not-executed");
    assert.equal(passed.data, undefined);
  }
});

test("a service that calls another passes on its outage, not its errors", async () => {
  const { caller, context, lines } = neighbourhood(
    shelfService({
      put: async ({ context: inside }) =>
        caller.bind(shelf, { caller: "shelf" })(inside).get({ id: "none" }),
    }),
  );
  const error = await errorOf(caller.bind(shelf, { caller: "reader" })(context()).put({ id: "a" }));
  assert.equal(error.code, "internal");
  assert.match(String(lines[0]?.["message"]), /passed on notFound as shelf\.get answered it/);
});

test("counters tell calls, what was declined and what failed", async () => {
  const { inbound, context } = neighbourhood(
    shelfService({
      put: async () => {
        throw new Error("x");
      },
    }),
  );
  const send = (operation: string, input: unknown) =>
    inbound.call({ service: "shelf", operation, input, context: context() }).catch(() => {});
  await send("get", { id: "a" });
  await send("get", { id: "none" });
  await send("get", {});
  await send("put", { id: "a" });
  assert.deepEqual(inbound.counters()["shelf.get"], { calls: 3, declined: 2, failed: 0 });
  assert.deepEqual(inbound.counters()["shelf.put"], { calls: 1, declined: 0, failed: 1 });
});
