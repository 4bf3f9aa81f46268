import assert from "node:assert/strict";
import { test } from "node:test";
import { safe } from "kerf";
import { startService } from "kerf/testing";
import users from "./service.ts";

const ada = { email: "Ada@Example.com", name: " Ada ", password: "correct horse" };

test("an account is opened, and its password kept as a salted hash only", async () => {
  await using accounts = await startService(users);
  const { client, db } = accounts;
  const user = await client.register(ada);
  assert.equal(user.email, "ada@example.com");
  assert.equal(user.name, "Ada");
  await client.register({ ...ada, email: "grace@example.com" });
  const rows = await db.selectFrom("users").select("password_hash").execute();
  const [first, second] = rows.map((row) => row.password_hash);
  assert.match(first ?? "", /^scrypt\$/);
  assert.notEqual(first, second);
  assert.doesNotMatch(JSON.stringify([rows, accounts.log]), /correct horse/);
});

test("an email address has one account, however it is written and whoever is first", async () => {
  await using accounts = await startService(users);
  const { client } = accounts;
  const results = await Promise.all(
    [ada.email, "ADA@EXAMPLE.COM"].map((email) => safe(client.register({ ...ada, email }))),
  );
  const endings = results.map((result) => result.error?.code ?? "opened");
  assert.deepEqual(endings.sort(), ["emailTaken", "opened"]);
});

test("a token says whose it is and for how long; why none is given, nobody is told", async () => {
  await using accounts = await startService(users);
  const { client, db } = accounts;
  const { id } = await client.register(ada);
  const { token } = await client.signIn(ada);
  const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as {
    sub: string;
    name: string;
    exp: number;
    iat: number;
  };
  assert.equal(claims.sub, id);
  assert.equal(claims.name, "Ada");
  assert.equal(claims.exp - claims.iat, 3_600);

  const wrong = await safe(client.signIn({ ...ada, password: "incorrect horse" }));
  const unknown = await safe(client.signIn({ ...ada, email: "eve@example.com" }));
  assert.equal(wrong.error?.code, "wrongCredentials");
  assert.deepEqual(unknown.error?.toShape(), wrong.error.toShape());
  assert.equal((await db.selectFrom("sessions").selectAll().execute()).length, 1);
});

test("everybody sees their own account, and nobody without a token sees one", async () => {
  await using accounts = await startService(users);
  const { id } = await accounts.db
    .insertInto("users")
    .values({ email: "ada@example.com", name: "Ada", password_hash: "of no use" })
    .returning("id")
    .executeTakeFirstOrThrow();
  const user = await accounts.as(id).me({});
  assert.deepEqual(user, { id, email: "ada@example.com", name: "Ada" });
  await assert.rejects(accounts.client.me({}), { code: "unauthenticated" });
  const gone = await safe(accounts.as("3f2c8f44-8a5c-4b0e-9d3c-3b8f2c1d0e5a").me({}));
  assert.equal(gone.error?.code, "accountClosed");
});

test("what is wrong with an account is said by field, and opens none", async () => {
  await using accounts = await startService(users);
  const bad = { email: "nobody", name: " ", password: "short" };
  await assert.rejects(accounts.client.register(bad), (error: { data: { fields: object[] } }) => {
    const fields = error.data.fields as { path: string }[];
    assert.deepEqual(fields.map((field) => field.path).sort(), ["email", "name", "password"]);
    return true;
  });
  assert.deepEqual(await accounts.db.selectFrom("users").selectAll().execute(), []);
});
