// Its decorators need it first.
import "reflect-metadata";
import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import {
  cryptoProvider,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { testNotice } from "../compose-notice.ts";
import type { Destination } from "./destination.ts";
import { sendEmail, smtpServer } from "./email.ts";

const notice = testNotice(
  { app: "shop", environment: "production", dashboard: "https://kerf.example.org" },
  "t-1",
  "2026-01-01T00:00:00.000Z",
);
const { signal } = new AbortController();

/** A real mail server, and what it took. */
async function mailServer(t: TestContext, options: SMTPServerOptions) {
  const mails: { to: string[]; text: string; secure: boolean }[] = [];
  const server = new SMTPServer({
    logger: false,
    onAuth: ({ password, username }, _session, done) =>
      username === "kerf" && password === "p@ss"
        ? done(null, { user: username })
        : done(new Error("Invalid password")),
    onData(stream, { envelope, secure }, done) {
      void text(stream).then((body) => {
        mails.push({ to: envelope.rcptTo.map(({ address }) => address), text: body, secure });
        done();
      });
    },
    ...options,
  });
  server.on("error", () => {});
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  t.after(() => new Promise<void>((resolve) => server.close(resolve)));
  return { mails, port: (server.server.address() as AddressInfo).port };
}

async function certificate(): Promise<{ key: string; cert: string }> {
  const curve = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await cryptoProvider.get().subtle.generateKey(curve, true, ["sign", "verify"]);
  const cert = await X509CertificateGenerator.createSelfSigned({
    keys,
    name: "CN=localhost",
    signingAlgorithm: curve,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    extensions: [new SubjectAlternativeNameExtension([{ type: "dns", value: "localhost" }])],
  });
  const key = await cryptoProvider.get().subtle.exportKey("pkcs8", keys.privateKey);
  const der = { key: Buffer.from(key), format: "der", type: "pkcs8" } as const;
  return {
    key: createPrivateKey(der).export({ format: "pem", type: "pkcs8" }).toString(),
    cert: cert.toString("pem"),
  };
}

const destinationAt = (host: string, more: Partial<Destination> = {}): Destination => ({
  name: "mail",
  kind: "email",
  host,
  from: "kerf@example.org",
  to: ["team@example.org"],
  at: "",
  by: "",
  ...more,
});

test("mail goes over TLS with a password, from the first byte and after STARTTLS; wrong ones are refused", async (t) => {
  const own = await certificate();
  const [direct, later] = await Promise.all([
    mailServer(t, { ...own, secure: true }),
    mailServer(t, { ...own, secure: false }),
  ]);
  const places = [
    { ...direct, url: `smtps://kerf:p%40ss@localhost:${direct.port}` },
    { ...later, url: `smtp://kerf:p%40ss@localhost:${later.port}` },
  ];
  for (const { mails, port, url } of places) {
    const destination = destinationAt(`localhost:${port}`, { ca: own.cert });
    const people = ["ada@example.org", "team@example.org"];
    await sendEmail({ destination, secret: { url }, notice, people, signal });
    const [mail] = mails;
    assert.deepEqual(mail?.to, ["team@example.org", "ada@example.org"]);
    assert.equal(mail?.secure, true);
    assert.match(mail?.text ?? "", /^Subject: \[shop production\] test\r$/m);
    assert.match(mail?.text ?? "", /^Message-ID: <t-1@mail\.kerf>\r$/m);
    assert.match(mail?.text ?? "", /alerts of shop in production reach you here/);
    const wrong = url.replace("p%40ss", "wrong");
    await assert.rejects(
      sendEmail({ destination, secret: { url: wrong }, notice, people, signal }),
      ({ code, message, why }: { code: string; message: string; why: string }) => {
        assert.equal(code, "unavailable");
        assert.ok(!`${message} ${why}`.includes("wrong"));
        return true;
      },
    );
    const foreign = (await certificate()).cert;
    await assert.rejects(
      sendEmail({
        destination: { ...destination, ca: foreign },
        secret: { url },
        notice,
        people,
        signal,
      }),
      { code: "unavailable" },
    );
    assert.equal(mails.length, 1);
  }
});

test("to this machine itself it goes as it is; without anybody to get it, nowhere", async (t) => {
  const { mails, port } = await mailServer(t, { authOptional: true });
  const secret = { url: `smtp://127.0.0.1:${port}` };
  const destination = destinationAt(`127.0.0.1:${port}`, { to: [] });
  await assert.rejects(sendEmail({ destination, secret, notice, people: [], signal }), {
    code: "invalid_input",
    message: "There is nobody to send it to.",
  });
  await sendEmail({ destination, secret, notice, people: ["ada@example.org"], signal });
  assert.deepEqual(
    mails.map(({ to }) => to),
    [["ada@example.org"]],
  );
});

test("an address that is none is refused without being repeated", () => {
  for (const wrong of ["https://user:secret@host", "smtp:", "secret"])
    assert.throws(
      () => smtpServer(wrong),
      (error: Error) => !error.message.includes("secret"),
    );
  assert.deepEqual(smtpServer("smtps://a%40b:c@mail.example.org"), {
    host: "mail.example.org",
    port: 465,
    secure: true,
    isLocal: false,
    auth: { user: "a@b", pass: "c" },
  });
});
