import { requirePeer } from "../harness/require-peer.ts";
import { pricesService } from "./grpc-contract.ts";
import { announce } from "./load.ts";

const grpc = requirePeer("@grpc/grpc-js");
const server = new grpc.Server();
server.addService(pricesService().service, {
  quote(call: any, answer: (failure: null, quote: object) => void) {
    answer(null, { id: call.request.id, total: call.request.quantity * 7900, currency: "EUR" });
  },
});
server.bindAsync(
  "127.0.0.1:0",
  grpc.ServerCredentials.createInsecure(),
  (failure: Error | null, port: number) => {
    if (failure !== null) throw failure;
    announce(`127.0.0.1:${port}`);
  },
);
