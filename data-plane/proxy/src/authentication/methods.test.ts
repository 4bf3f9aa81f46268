import assert from "node:assert/strict";
import { test } from "node:test";
import { type AuthenticationMethod, apiKeys, tokens } from "@kerf/service";
import { startGatewayWith } from "../testing/gateway.ts";

test("a gateway follows its list of methods; one that cannot be made changes nothing", async (t) => {
  const { lines, platform, url } = await startGatewayWith(t, () => ({}));
  const authorization = `Bearer ${await platform.issuer.sign({ subject: "ada" })}`;
  const mine = async (): Promise<number> =>
    (await fetch(`${url}/notes/mine`, { headers: { authorization } })).status;
  const use = async (authentication: readonly AuthenticationMethod[]): Promise<void> => {
    platform.change(({ gateways }) => {
      const web = gateways["web"] as NonNullable<(typeof gateways)[string]>;
      return { gateways: { web: { ...web, settings: { authentication } } } };
    });
    await platform.acknowledged();
  };
  assert.equal(await mine(), 200, "the default");

  await use([apiKeys({ file: "not-there.json" })]);
  assert.equal(await mine(), 200);
  assert.ok(
    lines.some((line) => /not-there\.json/.test(JSON.stringify(line)) && line["level"] === "error"),
  );

  await use([]);
  assert.equal(await mine(), 401);
  assert.equal((await fetch(`${url}/notes`)).status, 200, "public routes need nobody");
  const nobody = (await (await fetch(`${url}/notes/mine`)).json()) as { fix: string };
  assert.match(nobody.fix, /its authentication lists no methods/);

  await use([tokens()]);
  assert.equal(await mine(), 200);
});
