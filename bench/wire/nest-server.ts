import { requirePeer } from "../harness/require-peer.ts";
import { once } from "node:events";
import { createServer } from "node:net";
import { announce, type Quote } from "./load.ts";

requirePeer("reflect-metadata");
const { NestFactory } = requirePeer("@nestjs/core");
const { Module, Controller } = requirePeer("@nestjs/common");
const { Transport, MessagePattern, Payload } = requirePeer("@nestjs/microservices");
const probe = createServer().listen(0, "127.0.0.1");
await once(probe, "listening");
const { port } = probe.address() as { port: number };
probe.close();

class Prices {
  quote(data: { id: string; quantity: number }): Quote {
    return { id: data.id, total: data.quantity * 7900, currency: "EUR" };
  }
}
// Decorators by hand: this file runs without a compiler for them.
const descriptor = Object.getOwnPropertyDescriptor(Prices.prototype, "quote") as PropertyDescriptor;
Payload()(Prices.prototype, "quote", 0);
MessagePattern("quote")(Prices.prototype, "quote", descriptor);
Controller()(Prices);
class App {}
Module({ controllers: [Prices] })(App);
const app = await NestFactory.createMicroservice(App, {
  logger: false,
  transport: Transport.TCP,
  options: { host: "127.0.0.1", port },
});
await app.listen();
announce(String(port));
