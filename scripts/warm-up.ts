// Boundary: the last step of an installation. Loads what `npm start` loads, so that its compiled form is on disk, and makes
// the clusters that embedded PostgreSQL servers are made from.
import { flushCompileCache } from "node:module";
import { makeSpareClusters } from "@kerf/data/embedded";
import { systemSchema } from "@kerf/service";

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
await Promise.all([loaded, makeSpareClusters({ systemSchema })]);
flushCompileCache();
