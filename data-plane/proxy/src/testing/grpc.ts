import type { TestContext } from "node:test";
import {
  Client,
  credentials,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
} from "@grpc/grpc-js";

const same = (bytes: Buffer): Buffer => bytes;

function method(name: string, requestStream: boolean, responseStream: boolean) {
  return {
    path: `/shop.Echo/${name}`,
    requestStream,
    responseStream,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
}

/** One method of each kind; messages are bytes as they are. */
const echo = {
  one: method("one", false, false),
  up: method("up", true, false),
  down: method("down", false, true),
  both: method("both", true, true),
} satisfies ServiceDefinition;

/** What a server of the test does. */
export interface EchoHandlers {
  one: handleUnaryCall<Buffer, Buffer>;
  up: handleClientStreamingCall<Buffer, Buffer>;
  down: handleServerStreamingCall<Buffer, Buffer>;
  both: handleBidiStreamingCall<Buffer, Buffer>;
}

/** A server of gRPC's own library, on any free port; it ends with the test. */
export async function startEcho(
  t: TestContext,
  handlers: Partial<EchoHandlers>,
  tls?: { cert: string; key: string },
): Promise<{ port: number; stop: () => void }> {
  const server = new Server();
  server.addService(echo, handlers);
  const secure =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(null, [
          { cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) },
        ]);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", secure, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const stop = (): void => server.forceShutdown();
  t.after(stop);
  return { port, stop };
}

/** A client of gRPC's own library; it ends with the test. */
export class EchoClient extends Client {
  static connect(t: TestContext, url: string, ca?: string): EchoClient {
    const { host } = new URL(url);
    const client =
      ca === undefined
        ? new EchoClient(host, credentials.createInsecure())
        : new EchoClient(host, credentials.createSsl(Buffer.from(ca)), {
            "grpc.ssl_target_name_override": "localhost",
          });
    t.after(() => client.close());
    return client;
  }

  readonly echo = echo;
}
