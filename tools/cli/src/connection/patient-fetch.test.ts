import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { patientFetch } from "./patient-fetch.ts";

test("it asks and answers as fetch does, is left by its signal, and says why nothing listens", async () => {
  const server = createServer((request, response) => {
    if (request.url === "/never") return;
    if (request.url === "/empty") return void response.writeHead(204).end();
    void request.toArray().then((chunks) => {
      const body = `${request.method} ${request.headers["authorization"]} ${chunks.join("")}`;
      response.writeHead(409, { "content-type": "text/plain" }).end(body);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const headers = new Headers({ authorization: "Bearer x" });
  const answer = await patientFetch(`${url}/`, { method: "POST", headers, body: "{}" });
  assert.equal(answer.status, 409);
  assert.equal(answer.headers.get("content-type"), "text/plain");
  assert.equal(await answer.text(), "POST Bearer x {}");
  assert.equal((await patientFetch(`${url}/empty`)).body, null);

  const leaving = new AbortController();
  const never = patientFetch(`${url}/never`, { signal: leaving.signal });
  await once(server, "request");
  leaving.abort();
  await assert.rejects(never, { message: "fetch failed" });

  server.closeAllConnections();
  server.close();
  await once(server, "close");
  await assert.rejects(patientFetch(url), ({ cause }: Error) => {
    assert.equal((cause as NodeJS.ErrnoException).code, "ECONNREFUSED");
    return true;
  });
});
