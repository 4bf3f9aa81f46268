import { requirePeer } from "../harness/require-peer.ts";
import { pricesService } from "./grpc-contract.ts";
import { clientArguments, measureRate, type Quote, requestOf } from "./load.ts";

const { inFlight, seconds, address } = clientArguments();
const grpc = requirePeer("@grpc/grpc-js");
const Prices = pricesService();
const client = new Prices(address, grpc.credentials.createInsecure());
const quote = (round: number): Promise<Quote> =>
  new Promise((resolve, reject) => {
    client.quote(
      requestOf(round),
      { deadline: Date.now() + 15_000 },
      (failure: Error | null, answer: Quote) =>
        failure === null ? resolve(answer) : reject(failure),
    );
  });
await measureRate(quote, inFlight, seconds);
process.exit(0);
