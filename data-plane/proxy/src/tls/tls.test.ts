import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { connect as connectTcp, type Socket } from "node:net";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { test } from "node:test";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { type KerfError, ManualClock, systemClock } from "@kerf/kernel";
import { clientCertificates, tlsProblems } from "@kerf/service";
import { type Issued, TestAuthority } from "../testing/certificates.ts";
import { startForeign } from "../testing/front.ts";
import { askHttp2, http2Session, startSecureFront } from "../testing/secure-front.ts";

/** One request over HTTP/1.1 and TLS. */
async function ask(
  url: string,
  ca: string,
  client: Partial<Issued> = {},
  path = "/notes",
): Promise<[status: number, body: unknown]> {
  const sent = request(new URL(path, url), {
    ca,
    agent: false,
    servername: "localhost",
    ...client,
  });
  const [response] = (await once(sent.end(), "response")) as [IncomingMessage];
  return [response.statusCode as number, await json(response)];
}

/** The certificate that a new connection is shown. */
async function shown(url: string, options: object): Promise<string> {
  const { port } = new URL(url);
  const socket = connectTls({ port: Number(port), servername: "localhost", ...options });
  await once(socket, "secureConnect");
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return raw.toString("base64");
}

test("serves HTTP/1.1 and HTTP/2 over TLS, as the client chooses", async (t) => {
  const { authority, url } = await startSecureFront(t);
  assert.match(url, /^https:/);
  const ca = authority.pem;
  assert.deepEqual(await ask(url, ca), [200, { limit: 2, caller: "gateway:web" }]);
  const session = http2Session(t, url, { ca });
  const answer = await askHttp2(session, { ":path": "/notes?limit=5" });
  assert.equal(answer.status, 200);
  assert.deepEqual(JSON.parse(answer.body), { limit: 5, caller: "gateway:web" });
  assert.equal((session.socket as TLSSocket).alpnProtocol, "h2");
});

test("only TLS of today is spoken, and nothing else on its port", async (t) => {
  const { authority, place, tls, url } = await startSecureFront(t);
  const options = { ca: authority.pem, servername: "localhost", port: Number(new URL(url).port) };
  const handshake = async (more: object): Promise<string> => {
    const socket = connectTls({ ...options, ...more });
    try {
      await once(socket, "secureConnect");
      return String(socket.getProtocol());
    } catch (error) {
      return String((error as NodeJS.ErrnoException).code);
    } finally {
      socket.destroy();
    }
  };
  assert.equal(await handshake({}), "TLSv1.3");
  assert.equal(await handshake({ maxVersion: "TLSv1.2" }), "TLSv1.2");
  const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" };
  assert.match(await handshake(old), /ALERT|ERR_SSL/);
  assert.match(
    await handshake({ maxVersion: "TLSv1.2", ciphers: "AES128-SHA:ECDHE-RSA-AES128-SHA" }),
    /HANDSHAKE_FAILURE/,
  );
  assert.match(await handshake({ ALPNProtocols: ["spdy/3"] }), /NO_APPLICATION_PROTOCOL/);
  await place({ tls: { ...tls, minVersion: "TLSv1.3" } });
  assert.match(await handshake({ maxVersion: "TLSv1.2" }), /PROTOCOL_VERSION/);
  assert.equal(await handshake({}), "TLSv1.3");
  const plain = connectTcp(options.port, "127.0.0.1");
  plain.on("error", () => {}).end("GET /notes HTTP/1.1\r\nhost: x\r\n\r\n");
  let received = "";
  plain.setEncoding("latin1").on("data", (text) => (received += String(text)));
  await once(plain, "close");
  assert.doesNotMatch(received, /HTTP/);
});

test("another certificate takes over with the next connection; a bad one leaves the last good", async (t) => {
  const clock = new ManualClock();
  const { authority, lines, said, url, write } = await startSecureFront(t, undefined, {}, clock);
  const ca = authority.pem;
  const first = await shown(url, { ca });
  const session = http2Session(t, url, { ca });
  assert.equal((await askHttp2(session, {})).status, 200);
  const next = await authority.issue({ name: "CN=localhost", server: true });

  // A certificate whose key is not there yet, then both.
  write({ cert: next.cert });
  await clock.advance(1_001);
  assert.equal(await shown(url, { ca }), first);
  await said(/last good one stays/, 0);
  write({ key: next.key });
  await clock.advance(1_001);
  const second = await shown(url, { ca });
  assert.notEqual(second, first);
  assert.equal((await askHttp2(session, {})).status, 200, "connections that are open stay");

  const from = lines.length;
  write({ cert: "nothing" });
  await clock.advance(1_001);
  assert.equal(await shown(url, { ca }), second);
  await said(/last good ones stay/, from);
  assert.ok(!JSON.stringify(lines).includes(next.key.slice(40, 80)));
});

test("each name has its certificate; one that is renewed or broken leaves the others alone", async (t) => {
  // Principals are checked by the service, whose clock is the machine's.
  const clock = new ManualClock(systemClock.wall());
  const partners = await TestAuthority.make("CN=partners");
  const site = await TestAuthority.make("CN=names");
  const issue = (name: string): Promise<Issued> => site.issue({ name, server: true });
  const issued = [await issue("CN=shop.example"), await issue("CN=*.shop.example")] as const;
  const write = (folder: string, file: string, { cert, key }: Issued): void => {
    writeFileSync(join(folder, `${file}.pem`), cert);
    writeFileSync(join(folder, `${file}-key.pem`), key, { mode: 0o600 });
  };
  const filesOf = (folder: string, file: string, ...serverNames: string[]) => ({
    serverNames,
    certFile: join(folder, `${file}.pem`),
    keyFile: join(folder, `${file}-key.pem`),
  });
  const names = (folder: string) => [
    filesOf(folder, "shop", "shop.example"),
    filesOf(folder, "all", "*.shop.example"),
  ];
  const { authority, lines, place, platform, said, tls, url } = await startSecureFront(
    t,
    (folder) => {
      const caFile = join(folder, "ca.pem");
      writeFileSync(caFile, partners.pem);
      write(folder, "shop", issued[0]);
      write(folder, "all", issued[1]);
      const own = { certFile: join(folder, "cert.pem"), keyFile: join(folder, "key.pem") };
      return {
        authentication: [clientCertificates({ caFile, subject: "commonName" })],
        tls: { ...own, names: names(folder) },
      };
    },
    {},
    clock,
  );
  const folder = platform.directory;
  const ca = [authority.pem, site.pem];
  const nameOf = async (servername: string, more: object = {}): Promise<string> => {
    const socket = connectTls({
      port: Number(new URL(url).port),
      ca,
      checkServerIdentity: () => undefined,
      ...(servername === "" ? {} : { servername }),
      ...more,
    });
    await once(socket, "secureConnect");
    const { subject, raw } = socket.getPeerCertificate();
    socket.destroy();
    return "raw" in more ? raw.toString("base64") : String(subject.CN);
  };
  for (const [asked, given] of [
    ["shop.example", "shop.example"],
    ["SHOP.Example", "shop.example"],
    ["api.shop.example", "*.shop.example"],
    ["a.b.shop.example", "localhost"],
    ["other.example", "localhost"],
    ["localhost", "localhost"],
    ["", "localhost"],
  ] as const) {
    assert.equal(await nameOf(asked), given, asked);
    assert.equal(await nameOf(asked, { maxVersion: "TLSv1.2" }), given, asked);
  }
  // What is spoken, and whom clients may be, is the same under every name.
  const known = await partners.issue({ name: "CN=billing" });
  const session = http2Session(t, url, { ca, servername: "api.shop.example", ...known });
  const mine = await askHttp2(session, { ":path": "/notes/mine" });
  assert.equal(JSON.parse(mine.body).subject, "billing");
  assert.equal(
    (await ask(url, ca.join("\n"), { ...known, servername: "shop.example" } as never))[0],
    200,
  );
  // Renewed.
  const raw = { raw: true };
  const [one, all] = [await nameOf("shop.example", raw), await nameOf("x.shop.example", raw)];
  write(folder, "shop", await issue("CN=shop.example"));
  await clock.advance(1_001);
  const renewed = await nameOf("shop.example", raw);
  assert.notEqual(renewed, one);
  assert.equal(await nameOf("x.shop.example", raw), all);
  // Issued for another name: the last good one stays.
  const from = lines.length;
  write(folder, "shop", await issue("CN=other.example"));
  await clock.advance(1_001);
  assert.equal(await nameOf("shop.example", raw), renewed);
  await said(/last good one stays/, from);
  // So does the last good configuration.
  await place({ tls: { ...tls, names: [filesOf(folder, "all", "elsewhere.example")] } });
  assert.ok(lines.some(({ error }) => /is not for elsewhere\.example/.test(String(error))));
  assert.equal(await nameOf("shop.example", raw), renewed);
});

test("a key that others can read, or of another certificate, is refused", async (t) => {
  await assert.rejects(
    startSecureFront(t, (folder) => {
      chmodSync(join(folder, "key.pem"), 0o640);
      return {};
    }),
    ({ why }: KerfError) => /chmod 600/.test(why ?? ""),
  );
  const { authority, lines, place, platform, tls, url } = await startSecureFront(t);
  const other = await authority.issue({ name: "CN=localhost", server: true });
  const keyFile = join(platform.directory, "other.pem");
  writeFileSync(keyFile, other.key, { mode: 0o600 });
  await place({ tls: { ...tls, keyFile } });
  assert.ok(lines.some(({ error }) => /does not hold the key/.test(String(error))));
  assert.equal((await ask(url, authority.pem))[0], 200);
});

test("clients are known by their certificates, over HTTP/1.1 and HTTP/2", async (t) => {
  const partners = await TestAuthority.make("CN=partners");
  const strangers = await TestAuthority.make("CN=partners");
  const { authority, url } = await startSecureFront(t, (folder) => {
    const caFile = join(folder, "partners.pem");
    writeFileSync(caFile, partners.pem);
    return { authentication: [clientCertificates({ caFile, subject: "commonName" })] };
  });
  const ca = authority.pem;
  const known = await partners.issue({ name: "CN=billing" });
  assert.deepEqual(await ask(url, ca, known, "/notes/mine"), [
    200,
    { subject: "billing", claims: {} },
  ]);
  assert.equal((await ask(url, ca, {}, "/notes/mine"))[0], 401);
  assert.equal((await ask(url, ca))[0], 200);
  const stranger = await strangers.issue({ name: "CN=billing" });
  assert.equal((await ask(url, ca, stranger, "/notes"))[0], 401);
  const mine = { ":path": "/notes/mine" };
  const session = http2Session(t, url, { ca, ...known });
  assert.equal(JSON.parse((await askHttp2(session, mine)).body).subject, "billing");
  assert.equal((await askHttp2(http2Session(t, url, { ca }), mine)).status, 401);
  assert.equal((await askHttp2(http2Session(t, url, { ca, ...stranger }), mine)).status, 401);
});

test("WebSockets pass over TLS", async (t) => {
  const { server, url: upstream } = await startForeign(t, (_request, response) => response.end());
  server.on("upgrade", (asked: IncomingMessage, socket: Socket) => {
    const accept = createHash("sha1")
      .update(`${asked.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
    );
    socket.on("error", () => {}).pipe(socket);
  });
  const { authority, url } = await startSecureFront(t, () => ({
    upstreams: { sockets: { urls: [upstream] } },
    routes: [{ path: "/ws", to: { upstream: "sockets" } }],
  }));
  const asking = request(new URL("/ws", url), {
    ca: authority.pem,
    agent: false,
    servername: "localhost",
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": Buffer.alloc(16).toString("base64"),
    },
  });
  const [, socket] = (await once(asking.end(), "upgrade")) as [IncomingMessage, Socket];
  socket.write("over and back");
  assert.equal(String((await once(socket, "data"))[0]), "over and back");
  socket.destroy();
});

test("what is wrong with the settings is told before anything starts", () => {
  const method = clientCertificates({ caFile: "ca.pem" });
  assert.deepEqual(tlsProblems({ tls: { certFile: "c", keyFile: "k" }, http2: false }), []);
  assert.equal(tlsProblems({ authentication: [method] }).length, 1);
  const wrong = { certFile: "", minVersion: "TLSv1", passphrase: "x" } as never;
  assert.equal(tlsProblems({ tls: wrong, http2: "yes" as never }).length, 5);
  const named = (...serverNames: string[]) => ({ serverNames, certFile: "c", keyFile: "k" });
  const problemsOf = (names: unknown): string =>
    tlsProblems({ tls: { certFile: "c", keyFile: "k", names: names as never } }).join("\n");
  assert.equal(problemsOf([named("a.example", "*.a.example"), named("b.example")]), "");
  for (const [names, problem] of [
    ["a.example", /must be a list/],
    [[named()], /names nothing/],
    [[named("A.example")], /"A\.example" is no host name/],
    [[named("*.*.example")], /is no host name/],
    [[named("a*.example")], /is no host name/],
    [[named("a.example"), named("a.example")], /names\[1\].*a\.example comes twice/],
    [[{ serverNames: ["a.example"], certFile: "c" }], /names\[0\]\.keyFile/],
    [[{ ...named("a.example"), passphrase: "x" }], /passphrase/],
  ] satisfies [unknown, RegExp][])
    assert.match(problemsOf(names), problem);
});
