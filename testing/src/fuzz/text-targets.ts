import { generateKeyPairSync, sign } from "node:crypto";
import { mayCall, parseAddress, SnapshotDiscovery, SnapshotStore } from "@kerf/call";
import { httpClient } from "@kerf/call/browser";
import { parseJson, RouteTable } from "@kerf/call/http";
import { contract, describeContract, query, stream } from "@kerf/contract";
import { jsonSchema } from "@kerf/contract/json-schema";
import { KerfError } from "@kerf/kernel";
import { nextAfter } from "@kerf/saga";
import { formatTraceparent, parseTraceparent, silentLogger } from "@kerf/telemetry";
import { BrokenPromise, type Target } from "./target.ts";

const buffers = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));

/** The code of an error of ours; anything else is a promise that broke. */
function codeOf(error: unknown): string {
  if (error instanceof KerfError) return error.code;
  throw new BrokenPromise(`It failed with no error of ours: ${String(error)}`, { cause: error });
}

const body: Target = {
  name: "json-body",
  seeds: buffers('{"a":[1,-2.5e3,"\\u00e9",null,true]}', "[]", '"x"', "[[[[[[1]]]]]]"),
  words: ['{"__proto__":', '"constructor":', "\\ud800", "1e400", "[[[[[[[[", "﻿", "\\u0000"],
  run(input) {
    try {
      const value = parseJson(input);
      JSON.stringify(value);
      return Array.isArray(value) ? "array" : typeof value;
    } catch (error) {
      const said = error instanceof KerfError ? error.message.replaceAll(/\d+/g, "n") : "";
      return `${codeOf(error)} ${said}`.slice(0, 120);
    }
  },
};

const any = jsonSchema<unknown>({});
const routed = contract("shelf", {
  version: "1.0.0",
  operations: {
    list: query({ http: "GET /books", input: any, output: any, access: "public" }),
    one: query({ http: "GET /books/{id}", input: any, output: any, access: "public" }),
    page: query({
      http: "GET /books/{id}/pages/{page}",
      input: any,
      output: any,
      access: "public",
    }),
  },
});
const routes = new RouteTable([describeContract(routed)]);

const path: Target = {
  name: "request-path",
  seeds: buffers("/books", "/books/a%2Fb", "/books/1/pages/2", "/books/%C3%A9/pages/%20"),
  words: ["/..", "/.", "%2e%2e", "%00", "%ff", "//", "/books/", "/pages/", "%", "\\"],
  run(input) {
    const match = routes.match("GET", input.toString("latin1"));
    return Object.keys(match).toSorted().join();
  },
};

const trace: Target = {
  name: "traceparent",
  seeds: buffers(
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-more",
  ),
  words: ["00-", "ff-", "-01", "0000000000000000", "-"],
  run(input) {
    const text = input.toString("latin1");
    const parsed = parseTraceparent(text, text);
    if (parsed === undefined) return "none";
    if (parseTraceparent(formatTraceparent(parsed))?.traceId !== parsed.traceId) {
      throw new BrokenPromise("What was read cannot be written and read again.");
    }
    return `${parsed.sampled} ${parsed.state === undefined}`;
  },
};

const address: Target = {
  name: "address",
  seeds: buffers("unix:/tmp/a.sock", "tcp:127.0.0.1:80", "tcp:[::1]:8080", "tcp:name:0"),
  words: ["unix:", "tcp:", "[", "]", ":65536", "\0", "/"],
  run(input) {
    try {
      return parseAddress(input.toString("utf8")).kind;
    } catch (error) {
      return codeOf(error);
    }
  },
};

const cron: Target = {
  name: "cron",
  seeds: buffers(
    "0 3 * * *",
    "*/5 * * * *",
    "0 0 1 1 *",
    "0 12 L * *",
    "15 10 * * 1#2",
    "* * * * * *",
  ),
  words: ["*/", "L", "W", "#", "-", ",", "@daily", "MON", "JAN", "?", "99"],
  run(input) {
    try {
      const next = nextAfter({ cron: input.toString("utf8"), timeZone: "UTC" }, 0);
      return next === undefined ? "never" : "due";
    } catch (error) {
      // Whoever declares a schedule is told this text: it must be a plain error with one.
      const said = error instanceof Error ? error.message : "";
      if (said === "" || said.includes("call stack"))
        throw new BrokenPromise(String(error), { cause: error });
      return said
        .split(/[\s:]+/)
        .slice(0, 4)
        .join(" ");
    }
  },
};

const pair = generateKeyPairSync("ed25519");
const publicKey = { ...pair.publicKey.export({ format: "jwk" }), kid: "fuzz" };
const snapshotText = JSON.stringify({
  app: "a",
  environment: "e",
  epoch: 1,
  generation: 1,
  services: { shelf: { unit: "main", version: "1.0.0", uses: ["book"] } },
  units: { main: { instances: [{ id: "m", address: "unix:/m", state: "ready" }] } },
  gateways: { web: { expose: [{ name: "book" }], uses: [] } },
  principalKeys: [],
  issuerKeys: [],
});

const snapshot: Target = {
  name: "snapshot",
  seeds: buffers(snapshotText, "null", "{}"),
  words: ["null", "[]", '"services":', '"units":', '{"instances":', "1e99", '"__proto__":'],
  run(input) {
    const text = input.toString("utf8");
    // Signed by the platform, so that its form is looked at; a newer platform may write another one.
    const signature = sign(null, Buffer.from(text), pair.privateKey).toString("base64url");
    try {
      const store = new SnapshotStore({ publicKey, log: silentLogger });
      store.accept({ body: text, signature });
      const instances = new SnapshotDiscovery(store).instancesOf("shelf");
      const may = ["shelf", "reader", "gateway:web"].map((caller) =>
        mayCall(store.current, caller, "book", "get"),
      );
      return `${instances.length} ${may.join()}`;
    } catch (error) {
      return codeOf(error);
    }
  },
};

const followed = contract("feed", {
  version: "1.0.0",
  operations: { follow: stream({ http: "GET /feed", input: any, output: any, access: "public" }) },
});

const events: Target = {
  name: "server-sent-events",
  seeds: buffers(
    'retry: 1000\n\nid: 1\ndata: {"n":1}\n\nid: 2\ndata: {"n":2}\n\n: end\n\n',
    'event: error\ndata: {"status":503,"code":"unavailable","title":"x"}\n\n',
    "data: 1\r\rdata: 2\r\n\r\n:\n\n",
  ),
  words: ["data:", "event: error\n", ": end\n\n", "\n\n", "\r", "id:", "\0", "retry:", "﻿"],
  async run(input) {
    const answer = async (): Promise<Response> =>
      new Response(new Uint8Array(input), { headers: { "content-type": "text/event-stream" } });
    const client = httpClient(followed, {
      baseUrl: "http://fuzzed.test",
      fetch: answer as typeof fetch,
    });
    let count = 0;
    try {
      for await (const _item of client.follow({})) count++;
      return `end after ${Math.min(count, 3)}`;
    } catch (error) {
      const code = codeOf(error);
      return `${code === "unavailable" || code === "protocol_error" || code === "connection_lost" ? code : "other"} after ${Math.min(count, 3)}`;
    }
  },
};

/** The parsers of text. */
export const textTargets: readonly Target[] = [body, path, trace, address, cron, snapshot, events];
