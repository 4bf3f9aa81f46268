// Google's and C2SP's vectors of attacks on JSON web signatures (github.com/C2SP/wycheproof), from a checkout beside this one.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { importJWK, type JWK } from "jose";
import { type JwsKeys, verifyJws } from "./jws.ts";
import { readPublicKeys } from "./public-keys.ts";

interface Vector {
  readonly tcId: number;
  readonly comment: string;
  readonly jws: string | object;
  readonly result: "valid" | "invalid";
}

interface Group {
  readonly comment: string;
  readonly public?: JWK;
  readonly private?: JWK & { keys?: readonly JWK[] };
  readonly tests: readonly Vector[];
}

const folders = ["../shared/data/wycheproof", "../../shared/data/wycheproof"].map(
  (path) => new URL(`../../../../${path}/`, import.meta.url),
);
const folder = folders.find((url) => existsSync(url));
const reason = "skipped: no vectors in ../shared/data/wycheproof beside the checkout";
if (folder === undefined) console.log(`wycheproof: ${reason}`);
const skip = folder === undefined ? reason : false;

function groupsOf(file: string): readonly Group[] {
  const text = readFileSync(new URL(file, folder), "utf8");
  return (JSON.parse(text) as { testGroups: readonly Group[] }).testGroups;
}

/** The keys of a group as their issuer would publish them, or the secret itself, which no setting could name. */
async function keysOf(given: JWK & { keys?: readonly JWK[] }): Promise<JwsKeys> {
  if (given.kty === "oct") return importJWK(given);
  const keys = (given.keys ?? [given]).map(
    ({ d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...key }) => key,
  );
  return readPublicKeys(JSON.stringify({ keys })).set;
}

async function holds(group: Group, { jws }: Vector, pinned?: string): Promise<boolean> {
  const given = (group.public ?? group.private) as JWK & { keys?: readonly JWK[] };
  const algorithm = pinned ?? given.alg ?? given.keys?.[0]?.alg ?? "RS256";
  try {
    assert.equal(typeof jws, "string");
    const keys = await keysOf(pinned === undefined ? given : { ...given, alg: pinned });
    await verifyJws(jws as string, keys, [algorithm]);
    return true;
  } catch {
    return false;
  }
}

/** The vectors that are judged otherwise than they are marked. */
async function otherwise(
  file: string,
  matters: (group: Group) => boolean,
): Promise<[number, string[]]> {
  let count = 0;
  const found: string[] = [];
  for (const group of groupsOf(file).filter(matters)) {
    for (const vector of group.tests) {
      count++;
      if ((await holds(group, vector)) !== (vector.result === "valid"))
        found.push(`${vector.tcId} ${vector.comment}: ${vector.result}`);
    }
  }
  return [count, found];
}

test("signatures: what is forged is refused, what holds is accepted", { skip }, async () => {
  const [count, found] = await otherwise("json_web_signature_test.json", () => true);
  assert.ok(count >= 400, `${count} vectors`);
  assert.deepEqual(found, [
    // The key names another algorithm than the token, or one that does not exist; with the right one they hold, see below.
    "346 Figure20: valid",
    "347 Figure27: valid",
    "350 Figure20: valid",
    "351 Figure27: valid",
    // Both are one and the same sound token, with nothing of what their comments name in them.
    "367 invalidBase64Padding: invalid",
    "370 invalidBase64PaddingInPayload: invalid",
    // RFC 7515 (2) has no other characters in base64url: a second spelling of the token above is refused.
    "372 InvalidCharacterInsertedInHeader: valid",
    "373 InvalidCharacterInsertedInPayload: valid",
  ]);
  for (const group of groupsOf("json_web_signature_test.json")) {
    for (const vector of group.tests) {
      const algorithm = { 346: "PS384", 347: "ES512", 350: "PS384", 351: "ES512" }[vector.tcId];
      if (algorithm !== undefined) assert.ok(await holds(group, vector, algorithm), vector.comment);
    }
  }
});

test("keys: what cannot verify, or cannot do so safely, is left out", { skip }, async () => {
  const asymmetric = ({ private: given }: Group): boolean =>
    given?.keys?.every(({ kty }) => kty !== "oct") === true;
  const [count, found] = await otherwise("json_web_key_test.json", asymmetric);
  assert.ok(count >= 8, `${count} vectors`);
  // Keys that a faulty card made (CVE-2017-15361) are not looked for: an issuer's keys come from the issuer.
  assert.deepEqual(found, ["7 rejectsKeyWithRocaVulnerability: invalid"]);
});
