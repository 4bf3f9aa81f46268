import { requirePeer } from "../harness/require-peer.ts";
import { clientArguments, measureRate, requestOf } from "./load.ts";

const { inFlight, seconds, address } = clientArguments();
requirePeer("reflect-metadata");
const { ClientProxyFactory, Transport } = requirePeer("@nestjs/microservices");
const { firstValueFrom } = requirePeer("rxjs");
const client = ClientProxyFactory.create({
  transport: Transport.TCP,
  options: { host: "127.0.0.1", port: Number(address) },
});
await client.connect();
await measureRate(
  (round) => firstValueFrom(client.send("quote", requestOf(round))),
  inFlight,
  seconds,
);
process.exit(0);
