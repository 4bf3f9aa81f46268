// Boundary: the last step of an installation. Loads what `npm start` loads, so that its compiled form is on disk, and makes
// the cluster that embedded PostgreSQL servers are copied from.
import { flushCompileCache } from "node:module";
import { makeBlankCluster } from "@kerf/data/embedded";

const loaded = Promise.all([
  import("../tools/cli/src/program.ts"),
  import("@kerf/platform"),
  import("@kerf/proxy"),
  import("@kerf/service"),
  import("kerf"),
  import("kysely"),
  import("pg"),
  import("../examples/shop/app.ts").then(({ default: shop }) =>
    Promise.all(Object.values(shop.services).map((load) => load())),
  ),
]);
await Promise.all([loaded, makeBlankCluster()]);
flushCompileCache();
