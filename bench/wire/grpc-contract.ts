import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requirePeer } from "../harness/require-peer.ts";

/** The service as grpc-js loads it from its proto. */
export function pricesService(): any {
  const { loadSync } = requirePeer("@grpc/proto-loader");
  const grpc = requirePeer("@grpc/grpc-js");
  const file = join(mkdtempSync(join(tmpdir(), "kerf-bench-grpc-")), "prices.proto");
  writeFileSync(
    file,
    `syntax = "proto3";
package bench;
message Request { string id = 1; int32 quantity = 2; repeated string tags = 3; }
message Quote { string id = 1; int32 total = 2; string currency = 3; }
service Prices { rpc quote (Request) returns (Quote); }
`,
  );
  return grpc.loadPackageDefinition(loadSync(file)).bench.Prices;
}
