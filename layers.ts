// Boundary: who may import whom. Read by scripts/check-layers.ts and by the dependency picture; a package that is not on disk is planned.

/** One package (or a folder of packages, with a star) and what it may lean on. */
export interface Layer {
  /** Its name in npm; `*` stands for any one name. */
  readonly name: string;
  /** Its folder, from the top of the checkout. */
  readonly folder: string;
  /** Our packages it may import, types included. */
  readonly imports: readonly string[] | "everything";
  /** Our packages that it starts as programs, by path (`import.meta.resolve`), never importing them. */
  readonly starts?: readonly string[];
  /** Why it may import these and no others; printed with every violation. */
  readonly reason: string;
  /** True when it also runs in a browser: no Node built-ins in its source. */
  readonly browser?: true;
  /** True when its dist has everything in it that it imports, so that nobody who installs it needs that. */
  readonly bundled?: true;
}

const framework = [
  "@kerf/kernel",
  "@kerf/telemetry",
  "@kerf/contract",
  "@kerf/data",
  "@kerf/call",
  "@kerf/events",
  "@kerf/saga",
  "@kerf/service",
];

/** All packages from the bottom up. */
export const layers: readonly Layer[] = [
  {
    name: "@kerf/kernel",
    folder: "framework/kernel",
    imports: [],
    reason:
      "Everything stands on the kernel, so it stands on nothing; time, chance and ids are handed in.",
    browser: true,
  },
  {
    name: "@kerf/telemetry",
    folder: "framework/telemetry",
    imports: ["@kerf/kernel"],
    reason: "Every other part reports through it, so it may know none of them.",
  },
  {
    name: "@kerf/contract",
    folder: "framework/contract",
    imports: ["@kerf/kernel"],
    reason:
      "A contract is data that any program can hold, a browser too; it knows no implementation and no transport.",
    browser: true,
  },
  {
    name: "@kerf/data",
    folder: "framework/data",
    imports: ["@kerf/kernel", "@kerf/telemetry"],
    reason: "A database belongs to a service whatever its contract is and however it is called.",
  },
  {
    name: "@kerf/call",
    folder: "framework/call",
    imports: ["@kerf/kernel", "@kerf/telemetry", "@kerf/contract"],
    reason:
      "A call knows contracts, not databases: it means the same for callees that keep no data.",
  },
  {
    name: "@kerf/events",
    folder: "framework/events",
    imports: ["@kerf/kernel", "@kerf/telemetry", "@kerf/contract", "@kerf/data"],
    reason: "Events live in the producer's database; the call path that carries them is passed in.",
  },
  {
    name: "@kerf/saga",
    folder: "framework/saga",
    imports: ["@kerf/kernel", "@kerf/telemetry", "@kerf/contract", "@kerf/data"],
    reason:
      "Saga steps live in the service's database; calls and emit are passed in, so that sagas can be tested without a network.",
  },
  {
    name: "@kerf/service",
    folder: "framework/service",
    imports: [
      "@kerf/kernel",
      "@kerf/telemetry",
      "@kerf/contract",
      "@kerf/data",
      "@kerf/call",
      "@kerf/events",
      "@kerf/saga",
    ],
    reason:
      "The place where the framework is put together for authors; it knows no gateway and no platform.",
  },
  {
    name: "@kerf/control-api",
    folder: "control-plane/control-api",
    imports: ["@kerf/contract"],
    reason:
      "Contracts only: where the planes meet. An implementation here would tie them together.",
    browser: true,
  },
  {
    name: "@kerf/proxy",
    folder: "data-plane/proxy",
    imports: [
      "@kerf/kernel",
      "@kerf/telemetry",
      "@kerf/contract",
      "@kerf/call",
      "@kerf/service",
      "@kerf/control-api",
    ],
    reason:
      "The data plane outlives the control plane: it takes declarations and snapshots, and never the platform itself.",
  },
  {
    name: "@kerf/platform",
    folder: "control-plane/platform",
    imports: [...framework, "@kerf/control-api"],
    starts: ["@kerf/service", "@kerf/proxy", "@kerf/dashboard"],
    reason:
      "Hosts and gateways are programs that it starts; importing them would make one process out of two planes. The dashboard is files that it serves.",
  },
  {
    name: "@kerf/advisor",
    folder: "tools/advisor",
    imports: ["@kerf/kernel", "@kerf/contract", "@kerf/control-api"],
    reason: "Advice is computed from evidence that anybody can fetch through the control API.",
  },
  {
    name: "@kerf/cli",
    folder: "tools/cli",
    imports: ["@kerf/kernel", "@kerf/contract", "@kerf/call", "@kerf/control-api", "@kerf/advisor"],
    starts: ["@kerf/platform", "@kerf/service", "@kerf/proxy", "@kerf/data"],
    reason:
      "The command line is a client of the control API; platform, hosts and gateways are programs that it starts.",
  },
  {
    name: "@kerf/dashboard",
    folder: "tools/dashboard",
    imports: ["@kerf/kernel", "@kerf/contract", "@kerf/control-api", "@kerf/call"],
    reason: "The dashboard is a client of the control API that runs in a browser.",
    browser: true,
    bundled: true,
  },
  {
    name: "@kerf/testing",
    folder: "testing",
    imports: "everything",
    reason: "The test kit puts every part together inside one process.",
  },
  {
    name: "kerf",
    folder: "kerf",
    imports: [...framework, "@kerf/testing", "@kerf/cli", "@kerf/proxy"],
    starts: ["@kerf/platform", "@kerf/control-api"],
    reason:
      "The one package that authors install re-exports the framework, the test kit, the command and what puts a service into a function (a gateway's half of the path with it), and adds nothing.",
  },
  {
    name: "create-kerf",
    folder: "tools/create-kerf",
    imports: ["kerf"],
    reason: "A new app stands on the public surface only, like any author's.",
  },
  {
    name: "*",
    folder: "examples/*",
    imports: ["kerf"],
    reason:
      "The examples stand on the public surface only: what they need and cannot reach is missing from it.",
  },
  {
    name: "kerf-tests",
    folder: "tests",
    imports: "everything",
    reason: "Scenarios over several processes look at every part.",
  },
  {
    name: "kerf-bench",
    folder: "bench",
    imports: "everything",
    reason: "Every figure names the part that it measures.",
  },
];

/** What test files may import besides their package's own layer. */
export const testsMayImport: readonly string[] = ["@kerf/testing"];
