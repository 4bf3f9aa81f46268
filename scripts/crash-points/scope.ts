/** Where statements stand that an instance sends while it works. */
export const places = [
  "framework/data/src/**/*.ts",
  "framework/events/src/**/*.ts",
  "framework/saga/src/**/*.ts",
  "framework/service/src/**/*.ts",
];

/** What is in those places and is no path of an instance, with the reason. */
export const outside: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/\.test\.ts$|\/(testing|fixtures)\//, "tests"],
  [/\/data\/src\/(embedded\/|server\.ts)/, "starts and stops PostgreSQL itself"],
  [/\/data\/src\/template-databases\.ts$/, "databases for tests"],
  [/\/data\/src\/types-generator\//, "reads the catalogue while developing"],
  [
    /\/data\/src\/move\//,
    "the platform moves a database; its own test kills it at the moments of a move",
  ],
  [
    /\/migrations\/(trial|database-schema)\.ts$/,
    "tries a release's migrations before it runs, on a database that goes again",
  ],
  [
    /\/host\/(await-migrations|migrate-databases)\.ts$/,
    "before an instance serves: reads only, or migrations, which are whole or not at all",
  ],
];

/** Ports whose calls cross to another process: every method is a point, before it is called and after it has answered. */
export const ports: readonly {
  readonly name: string;
  readonly file: string;
  readonly type: string;
}[] = [
  { name: "call path", file: "framework/call/src/transport.ts", type: "Transport" },
  { name: "broker", file: "framework/events/src/broker.ts", type: "Broker" },
  { name: "broker log", file: "framework/events/src/broker.ts", type: "BrokerLog" },
  { name: "broker follower", file: "framework/events/src/broker.ts", type: "BrokerFollower" },
];
