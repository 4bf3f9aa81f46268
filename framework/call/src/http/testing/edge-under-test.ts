import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";
import { contract, command, describeContract, error, query, stream } from "@kerf/contract";
import {
  type CallContext,
  DeclaredError,
  KerfError,
  systemClock,
  systemRandom,
  TimerWheel,
} from "@kerf/kernel";
import { Logger, type LogSink } from "@kerf/telemetry";
import { z } from "zod";
import { Caller } from "../../caller.ts";
import { StaticDiscovery } from "../../discovery/static.ts";
import { Inbound } from "../../inbound.ts";
import type { ServedArguments, ServedOperation } from "../../inbound/served.ts";
import type { Address } from "../../placement.ts";
import { connectFramed } from "../../transports/framed/client.ts";
import { listenFramed } from "../../transports/framed/server.ts";
import { temporaryDirectory } from "../../transports/framed/testing/peers.ts";
import { createHttpEdge, type EdgeCall, type HttpEdgeOptions } from "../edge.ts";
import { RouteTable } from "../route-table.ts";
import { type HttpListener, type HttpServerLimits, listenHttp } from "../server.ts";

const Item = z.object({ sku: z.string(), quantity: z.int().min(1) });

/** A contract that has one of everything an edge treats differently. */
export const things = contract("things", {
  version: "1.0.0",
  operations: {
    list: query({
      http: "GET /things",
      access: "public",
      input: z.object({
        limit: z.int().min(1).max(100).optional(),
        tag: z.array(z.string()).optional(),
        exact: z.boolean().optional(),
      }),
      output: z.unknown(),
    }),
    get: query({
      http: "GET /things/{id}",
      access: "public",
      input: z.object({ id: z.string() }),
      output: z.unknown(),
      errors: {
        notFound: error({
          status: 404,
          message: "No such thing",
          data: z.object({ id: z.string() }),
        }),
      },
    }),
    create: command({
      http: { route: "POST /things", status: 201 },
      access: "public",
      maxBodyBytes: 1_000,
      input: Item,
      output: z.unknown(),
      errors: { soldOut: error() },
    }),
    replace: command({
      http: "PUT /things/{id}",
      access: "public",
      input: z.object({ id: z.string(), quantity: z.int() }),
      output: z.unknown(),
    }),
    remove: command({
      http: { route: "DELETE /things/{id}", status: 204 },
      input: z.object({ id: z.string() }),
      output: z.unknown(),
    }),
    fail: query({
      http: "GET /fail/{code}",
      access: "public",
      input: z.object({ code: z.string() }),
      output: z.unknown(),
    }),
    hang: query({
      http: "GET /hang",
      access: "public",
      deadlineMs: 50,
      input: z.object({}),
      output: z.unknown(),
    }),
    wait: query({ http: "GET /wait", access: "public", input: z.object({}), output: z.unknown() }),
    count: stream({
      http: "GET /count/{to}",
      access: "public",
      cursor: "n",
      input: z.object({ to: z.int() }),
      output: z.object({ n: z.int() }),
      errors: { tooFar: error({ status: 409 }) },
    }),
    say: stream({
      http: "GET /say",
      access: "public",
      cursor: "n",
      input: z.object({}),
      output: z.unknown(),
    }),
    inside: query({ access: "service", input: z.object({}), output: z.unknown() }),
  },
});

/** Functions behind operations; what is not given answers with its input. */
type Handlers = Partial<Record<string, ServedOperation["run"]>>;

/** An edge on a free port, and what a test needs to look at it. */
export interface EdgeUnderTest {
  readonly listener: HttpListener;
  readonly url: string;
  /** Every call that reached its operation. */
  readonly calls: EdgeCall[];
  readonly lines: Record<string, unknown>[];
  /** Resolves with the context of the next call that arrives. */
  nextCall(): Promise<CallContext>;
  /** Sends bytes and gives back everything that came until the server closed the connection. */
  raw(...parts: string[]): Promise<string>;
}

/** Starts an edge over {@link things}; it ends with the test. */
export async function edgeUnderTest(
  t: TestContext,
  options: Partial<Omit<HttpEdgeOptions, "routes" | "send">> & {
    handlers?: Handlers;
    server?: HttpServerLimits;
    /** Where the services are: behind this address, or `socket` for a socket of the test's own. In production mode then: checked mode looks into what is passed on. */
    over?: Address | undefined;
  } = {},
): Promise<EdgeUnderTest> {
  const { handlers, server, over, ...rest } = options;
  const checked = over === undefined;
  const clock = rest.clock ?? systemClock;
  const wheel = new TimerWheel(clock);
  const table = new RouteTable([describeContract(things)]);
  const calls: EdgeCall[] = [];
  const waiting: ((context: CallContext) => void)[] = [];
  const lines: Record<string, unknown>[] = [];
  const sink: LogSink = (line) => lines.push(JSON.parse(line) as Record<string, unknown>);
  const log = new Logger({ level: "debug", sink });
  const runs: Handlers = { ...defaultHandlers, ...handlers };
  const inbound = new Inbound({
    services: [
      {
        contract: things,
        operations: Object.fromEntries(
          Object.keys(things.operations).map((name) => [
            name,
            { run: runs[name] ?? (({ input }: ServedArguments) => input) },
          ]),
        ),
      },
    ],
    clock,
    wheel,
    log,
    checked,
    mayCall: (caller) => caller === "gateway:test",
    principals: { verify: (token) => ({ subject: `bearer of ${token}`, claims: {} }) },
  });
  const parts = { clock, wheel, log };
  let address = over;
  if (over === "socket") {
    address = `unix:${join(await temporaryDirectory(t), "s")}`;
    const far = await listenFramed(address, { ...parts, dispatcher: inbound, instance: "things" });
    t.after(() => far.close());
  }
  const caller = new Caller({
    ...parts,
    random: systemRandom,
    discovery: new StaticDiscovery(address === undefined ? {} : { things: [address] }),
    connect: (to) => connectFramed(to, { ...parts, hello: { instance: "edge" } }),
    local: over === undefined ? inbound : undefined,
    checked,
  });
  t.after(() => caller.stop());
  const edge = createHttpEdge({
    routes: () => table,
    authenticate: (request) =>
      Promise.resolve(
        request.headers.authorization === "Bearer good"
          ? { principal: { subject: "u1", claims: {} }, principalToken: "signed" }
          : {},
      ),
    send(call) {
      calls.push(call);
      for (const told of waiting.splice(0)) told(call.context);
      return caller.send({ ...call, kind: call.description.kind });
    },
    caller: "gateway:test",
    clock,
    wheel,
    log,
    ...rest,
  });
  const listener = await listenHttp({
    handler: edge,
    host: "127.0.0.1",
    port: 0,
    ...(server === undefined ? undefined : { limits: server }),
  });
  t.after(() => listener.close());
  return {
    listener,
    url: listener.url,
    calls,
    lines,
    nextCall: () => new Promise((resolve) => waiting.push(resolve)),
    async raw(...parts) {
      const socket = connect(listener.port, listener.host);
      await once(socket, "connect");
      for (const part of parts) socket.write(part);
      const answer = await text(socket);
      socket.destroy();
      return answer;
    },
  };
}

const defaultHandlers: Handlers = {
  get({ input }) {
    const { id } = input as { id: string };
    if (id === "missing") throw new DeclaredError("notFound", { id }, "No such thing");
    return { id };
  },
  create({ input }) {
    const { sku } = input as { sku: string };
    if (sku === "gone") throw new DeclaredError("soldOut", undefined);
    return input;
  },
  fail({ input }) {
    const { code } = input as { code: string };
    if (code === "bug") throw new Error("secret: hunter2");
    throw new KerfError(code, { message: "unix:/run/secret.sock", why: "inside" });
  },
  remove: () => null,
  hang: ({ context }) => untilCancelled(context),
  wait: ({ context }) => untilCancelled(context),
  async *count({ input, after }) {
    const { to } = input as { to: number };
    if (to > 1_000) throw new DeclaredError("tooFar", undefined);
    for (let n = Number(after ?? 0) + 1; n <= to; n++) yield { n };
  },
};

/** Never answers; ends with its call. */
export function untilCancelled(context: CallContext): Promise<never> {
  return new Promise((_, reject) => context.onCancel(reject));
}
