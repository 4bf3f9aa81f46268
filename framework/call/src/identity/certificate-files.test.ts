import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ManualClock } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { CertificateFileSource } from "./certificate-files.ts";

const folder = await mkdtemp(join(tmpdir(), "kerf-files-"));
after(() => rm(folder, { recursive: true }));
const files = {
  key: join(folder, "tls.key"),
  certificate: join(folder, "tls.crt"),
  authority: join(folder, "ca.crt"),
};
const pem = (text: string): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(text).toString("base64")}\n-----END CERTIFICATE-----\n`;

test("other authorities are told of within a minute, and bad ones leave those of before", async () => {
  const clock = new ManualClock();
  await writeFile(files.authority, pem("one"));
  const source = await CertificateFileSource.open(files, { clock, log: silentLogger });
  const { authorities } = source.parts;
  let told = Promise.withResolvers<void>();
  const forget = authorities.onChange(() => told.resolve());
  assert.deepEqual(authorities.current(), [pem("one")]);
  await writeFile(files.authority, `${pem("one")}${pem("two")}`);
  await clock.advance(60_000);
  await told.promise;
  assert.deepEqual(authorities.current(), [pem("one"), pem("two")]);
  told = Promise.withResolvers();
  await writeFile(files.authority, pem("three"));
  await clock.advance(60_000);
  await told.promise;
  assert.deepEqual(authorities.current(), [pem("three")]);
  forget();
});

test("a file without a certificate is refused with its name", async () => {
  await writeFile(files.authority, "nothing");
  await assert.rejects(
    CertificateFileSource.open(files, { clock: new ManualClock(), log: silentLogger }),
    { code: "invalid_configuration", message: /ca\.crt/ },
  );
});
