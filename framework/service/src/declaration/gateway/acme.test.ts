import assert from "node:assert/strict";
import { test } from "node:test";
import type { AcmeSettings } from "./acme.ts";
import { tlsProblems } from "./tls.ts";

test("what certificates cannot be ordered for is said before anything starts", () => {
  const acme: AcmeSettings = { domains: ["shop.example", "www.shop.example"], termsAgreed: true };
  const problems = (changed: object): string =>
    tlsProblems({ tls: { acme: { ...acme, ...changed } } }).join("\n");
  assert.equal(problems({}), "");
  assert.equal(problems({ email: "ops@shop.example", httpPort: 8080, publicPort: 8443 }), "");
  assert.match(problems({ domains: [] }), /1 to 100 host names/);
  for (const name of [
    "*.shop.example",
    "Shop.example",
    "localhost",
    "10.0.0.1",
    "../x.example",
    "a..example",
  ])
    assert.match(problems({ domains: [name] }), /is no host name in small letters/, name);
  assert.match(problems({ domains: ["a.example", "a.example"] }), /a\.example comes twice/);
  assert.match(problems({ termsAgreed: false }), /terms of service/);
  assert.match(problems({ directory: "http://acme.example/" }), /is no https URL/);
  assert.match(problems({ email: "nobody" }), /is no address/);
  assert.match(problems({ httpPort: 70_000 }), /no port/);
  assert.match(problems({ domain: "shop.example" }), /tls\.acme\.domain: is no field/);
  const both = { acme, certFile: "a.pem", keyFile: "b.pem" };
  assert.match(tlsProblems({ tls: both as never }).join("\n"), /tls\.certFile: is no field/);
  const unknown = { acme, unknownNames: "drop" as never };
  assert.match(tlsProblems({ tls: unknown }).join("\n"), /neither "default" nor "refuse"/);
});
