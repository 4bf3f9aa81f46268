import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { PrincipalSigner } from "@kerf/call";
import { createHttpEdge, RouteTable } from "@kerf/call/http";
import { describeContract } from "@kerf/contract";
import { type Clock, systemClock, TimerWheel } from "@kerf/kernel";
import { clientCertificates, type ClientCertificatesOptions } from "@kerf/service";
import { silentLogger } from "@kerf/telemetry";
import { notes } from "../fixtures/app/contracts.ts";
import { type Issued, TestAuthority } from "../testing/certificates.ts";
import { keyPair } from "../testing/platform.ts";
import { Methods } from "./methods.ts";

type Ask = (client?: Issued, path?: string) => Promise<[status: number, subject: unknown]>;

/** The edge of a gateway behind TLS, which trusts `trusted` as a listener would, with the method's own list beside it. */
async function front(
  t: TestContext,
  given: {
    trusted: readonly string[];
    own: readonly string[];
    options?: Partial<ClientCertificatesOptions>;
    clock?: Clock;
  },
): Promise<Ask> {
  const folder = mkdtempSync(join(tmpdir(), "kerf-certificates-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const caFile = join(folder, "ca.pem");
  writeFileSync(caFile, given.own.join("\n"));
  const clock = given.clock ?? systemClock;
  const authentication = new Methods({
    app: "shop",
    environment: "test",
    directory: folder,
    issuerKeys: () => [],
    signer: new PrincipalSigner(keyPair("gateway-1").private, { environment: "test", clock }),
    secret: Buffer.alloc(32),
    clock,
    log: silentLogger,
  }).authentication({ authentication: [clientCertificates({ caFile, ...given.options })] });
  const table = new RouteTable([describeContract(notes)], []);
  const edge = createHttpEdge({
    routes: () => table,
    authenticate: (asked, access, response) =>
      authentication.identify(asked, access === "user", response),
    send: async ({ context }) => ({ subject: context.principal?.subject }),
    caller: "gateway:web",
    clock,
    wheel: new TimerWheel(clock),
    log: silentLogger,
  });
  const site = await (
    await TestAuthority.make("CN=site")
  ).issue({ name: "CN=localhost", server: true });
  const server = createServer(
    { ...site, ca: [...given.trusted], requestCert: true, rejectUnauthorized: false },
    edge,
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return async (client, path = "/notes/mine") => {
    const sent = request({
      host: "127.0.0.1",
      port,
      path,
      agent: false,
      rejectUnauthorized: false,
      ...client,
    });
    const [response] = (await once(sent.end(), "response")) as [IncomingMessage];
    const body = (await json(response)) as { subject?: unknown };
    return [response.statusCode as number, body.subject];
  };
}

const uri = "spiffe://partner.example/billing";

test("a certificate of a trusted authority names its holder", async (t) => {
  const root = await TestAuthority.make("CN=root");
  const middle = await TestAuthority.make("CN=middle", root);
  const stranger = await TestAuthority.make("CN=root");
  const ask = await front(t, {
    trusted: [root.pem],
    own: [root.pem],
    options: { prefix: "partner:" },
  });
  assert.deepEqual(await ask(await root.issue({ name: "CN=x", uris: [uri] })), [
    200,
    `partner:${uri}`,
  ]);
  const below = await middle.issue({ name: "CN=x", uris: [uri] });
  const chain = { ...below, cert: `${below.cert}\n${middle.pem}` };
  assert.deepEqual(await ask(chain), [200, `partner:${uri}`]);
  assert.deepEqual(await ask(undefined, "/notes"), [200, undefined]);
  assert.equal((await ask(undefined))[0], 401);

  const cases: Record<string, Issued> = {
    "of a stranger with the same name": await stranger.issue({ name: "CN=x", uris: [uri] }),
    "that is expired": await root.issue({
      name: "CN=x",
      uris: [uri],
      notAfter: new Date("2021-01-01"),
    }),
    "for servers": await root.issue({ name: "CN=x", uris: [uri], server: true }),
    "without the link between": below,
    "that names nobody": await root.issue({ name: `CN=${uri}` }),
    "that names two": await root.issue({ name: "CN=x", uris: [uri, `${uri}/2`] }),
    "that smuggles a second name": await root.issue({ name: "CN=x", uris: [`urn:x, URI:${uri}`] }),
  };
  for (const [name, client] of Object.entries(cases)) {
    for (const path of ["/notes/mine", "/notes"]) {
      assert.equal((await ask(client, path))[0], 401, `a certificate ${name}`);
    }
  }
});

test("what the listener trusts beside is not trusted for users", async (t) => {
  const own = await TestAuthority.make("CN=own");
  const everybodys = await TestAuthority.make("CN=everybody");
  const ask = await front(t, {
    trusted: [own.pem, everybodys.pem],
    own: [own.pem],
    options: { subject: "commonName" },
  });
  assert.deepEqual(await ask(await own.issue({ name: "CN=billing, O=Partner" })), [200, "billing"]);
  const other = await everybodys.issue({ name: "CN=billing" });
  assert.equal((await ask(other))[0], 401);
  // The chain that a client sends is its own choice: a certificate of the trusted authority in it proves nothing.
  assert.equal((await ask({ ...other, cert: `${other.cert}\n${own.pem}` }))[0], 401);
  assert.equal((await ask(await own.issue({ name: "CN=a, CN=b" })))[0], 401);
});
