// Boundary: real brokers that ask who comes: each way to say so lets events through, and who is refused is told what is wrong.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { type KerfError, systemClock } from "@kerf/kernel";
import type { BrokerMessage } from "../broker.ts";
import { withEngine } from "../testing/engine-cache.ts";
import { kafkaFile, startKafka } from "../testing/kafka-server.ts";
import { natsKey, natsUser } from "../testing/nats-accounts.ts";
import { natsFile, startNats } from "../testing/nats-server.ts";
import type { TestBroker } from "../testing/test-broker.ts";
import { openBroker } from "./open.ts";
import { secretBrokerPlace } from "./place.ts";

const message: BrokerMessage = {
  log: "l",
  shard: 0,
  id: "1",
  previous: "0",
  key: "k",
  event: "{}",
};
const password = "hush: 100 %/@";

/** What a file says: the broker with this in front of its host, and what follows. */
function fileOf({ url }: Pick<TestBroker, "url">, login = "", after = "", tls = ""): string {
  return `${url.replace("://", `${tls}://${login}`)}\n${after}`;
}

function open(file: string) {
  return openBroker(secretBrokerPlace(file), systemClock);
}

/** Publishes an event and finds it there. */
async function passes(file: string): Promise<void> {
  const broker = await open(file);
  try {
    const log = await broker.log("orders");
    const bound = AbortSignal.timeout(20_000);
    for (;;) {
      try {
        await log.publish([message]);
        const { first } = await log.span(0);
        assert.equal((await log.at(0, first))?.id, "1");
        return;
      } catch (error) {
        // Nobody leads a partition for a moment after its topic was made.
        if (bound.aborted) throw error;
      }
    }
  } finally {
    await broker.close();
  }
}

/** Is refused with a code, a reason, and no secret. */
async function refused(file: string, code: string): Promise<void> {
  const broker = await open(file);
  try {
    await assert.rejects(broker.log("refused"), (error: KerfError) => {
      assert.equal(error.code, code, `${error.message} ${error.why}`);
      assert.ok(error.fix !== undefined && (error.why ?? "") !== "");
      assert.doesNotMatch(JSON.stringify(error.toShape()), /hush|wrong/);
      return true;
    });
  } finally {
    await broker.close();
  }
}

const login = (user: string, secret = password): string => `${user}:${encodeURIComponent(secret)}@`;

withEngine(natsFile, () => {
  async function nats(t: TestContext, config: () => string): Promise<TestBroker> {
    const server = await startNats(config);
    t.after(() => server.stop());
    return server;
  }

  test("NATS: a user, a key of a user, and what a user may do", async (t) => {
    const key = natsKey();
    const server = await nats(
      t,
      () => `authorization { users: [
        { user: kerf, password: "${password}" }
        { nkey: ${key.publicKey} }
        { user: reader, password: "${password}", permissions: { publish: ["other.>"], subscribe: ">" } }
      ] }\n`,
    );
    await passes(fileOf(server, login("kerf")));
    await passes(fileOf(server, "", key.credentials));
    await refused(fileOf(server, login("kerf", "wrong")), "unauthenticated");
    await refused(fileOf(server, "", natsKey().credentials), "unauthenticated");
    await refused(fileOf(server), "unauthenticated");
    await refused(fileOf(server, login("reader")), "forbidden");
  });

  test("NATS: a token over TLS, whose authority is named", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "kerf-broker-tls-"));
    t.after(() => rm(folder, { recursive: true }));
    const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    const asked =
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=nats";
    const files = ["-keyout", key, "-out", cert, "-addext", "subjectAltName=DNS:localhost"];
    await promisify(execFile)("openssl", [...asked.split(" "), ...files]);
    const { url } = await nats(
      t,
      () =>
        `authorization { token: "${password}" }\ntls { cert_file: "${cert}", key_file: "${key}" }\n`,
    );
    const authority = await readFile(cert, "utf8");
    // Its certificate is for a name.
    const server = { url: url.replace("127.0.0.1", "localhost") };
    await passes(fileOf(server, `${encodeURIComponent(password)}@`, authority, "+tls"));
    await refused(fileOf(server, "wrong@", authority, "+tls"), "unauthenticated");
    const unknown = await open(fileOf(server, `${encodeURIComponent(password)}@`, "", "+tls"));
    await assert.rejects(unknown.log("orders"), {
      code: "unavailable",
      message: /does not prove who it is/,
    });
  });

  test("NATS: a user whom an account vouches for", async (t) => {
    const { config, credentials } = natsUser();
    const server = await nats(t, () => config);
    await passes(fileOf(server, "", credentials));
    await refused(fileOf(server, "", natsUser().credentials), "unauthenticated");
  });

  test("NATS: a password that the server changes under a program is said, and the right one lets it in again", async (t) => {
    let current = password;
    const server = await nats(t, () => `authorization { user: kerf, password: "${current}" }\n`);
    const broker = await open(fileOf(server, login("kerf")));
    t.after(() => broker.close());
    const log = await broker.log("orders");
    await log.publish([message]);
    const restart = async (next: string): Promise<void> => {
      await server.kill();
      current = next;
      await server.start();
    };
    /** Asks again, as relays and readers do, until it ends so. */
    const until = async (code: string | undefined): Promise<void> => {
      const end = AbortSignal.timeout(40_000);
      for (;;) {
        const said = await broker.log("orders").then(
          () => undefined,
          (error: KerfError) => error.code,
        );
        if (said === code) return;
        assert.ok(!end.aborted, `it says ${said}`);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await restart("another");
    await until("unauthenticated");
    await restart(password);
    await until(undefined);
  });
});

withEngine(kafkaFile, () => {
  test("Kafka: a user by each mechanism, and one whom it does not know", async (t) => {
    const server = await startKafka({ user: "kerf", password: "hush" });
    t.after(() => server.stop());
    const file = (secret: string, query: string): string =>
      `${server.url.replace("://", `://kerf:${secret}@`)}/c${query}\n`;
    for (const query of ["", "?sasl=plain", "?sasl=scram-sha-256"]) {
      await passes(file("hush", query));
      await refused(file("wrong", query), "unauthenticated");
    }
  });
});
