// Boundary: what microservices promise, what they cost, and what Kerf does about each. docs/microservices.md is written from this table.

/** Where a row that is not built yet will be built. */
export type Area =
  | "deploys, scaling, cut and join"
  | "traces, logs and metrics"
  | "beyond one machine"
  | "where to cut"
  | "later";

/** One promise or one cost of the architecture. */
export interface Row {
  readonly kind: "promise" | "cost";
  /** The promise or the cost, as somebody would say it who has lived with it. */
  readonly says: string;
  /** What Kerf does, in a sentence. */
  readonly kerf: string;
  /** What to type to see it. */
  readonly command?: string;
  /** `built` with the test that exercises the real thing, or the area in which it will be. */
  readonly state: { readonly built: string } | { readonly planned: Area };
}

const promise = (says: string, kerf: string, state: Row["state"], command?: string): Row =>
  row("promise", says, kerf, state, command);
const cost = (says: string, kerf: string, state: Row["state"], command?: string): Row =>
  row("cost", says, kerf, state, command);
const built = (test: string): Row["state"] => ({ built: test });
const planned = (area: Area): Row["state"] => ({ planned: area });

/** Every promise and every cost, in the order of the page. */
export const rows: readonly Row[] = [
  promise(
    "Each service owns one capability",
    "A contract names it, a service implements it in a folder or a repository of its own, with an owner",
    built("framework/service/src/declaration/declaration.test.ts"),
    "kerf status",
  ),
  promise(
    "Each service owns its data",
    "A database and two roles per service; PostgreSQL refuses everybody else's",
    built("tests/shop/isolation.test.ts"),
    "kerf db shell orders",
  ),
  promise(
    "One service's database fails alone",
    "A database may stand on a server of its own, as payments' does in the shop; killing it stops payments only",
    built("tests/shop/payments-database.engine.test.ts"),
    "kerf status",
  ),
  promise(
    "A database moves to a server of its own",
    "Moved while it serves, writes held for a bounded moment, both proved equal table by table; the platform killed at four moments of it",
    built("control-plane/platform/src/resources/moves/database-moves.engine.test.ts"),
    "kerf db move orders --to embedded:orders",
  ),
  promise(
    "A crash stays where it happened",
    "Each unit is a process that is watched and restarted with backoff; the others go on answering",
    built("tests/shop/crash.engine.test.ts"),
    "kerf status",
  ),
  promise(
    "One front door for every client",
    "Gateways route from the contracts: paths, methods, coercion, JSON, problem details",
    built("data-plane/proxy/src/gateway.test.ts"),
    "curl localhost:8080/products",
  ),
  promise(
    "A backend for each kind of client",
    "A gateway may host a service without a database that composes calls, in parallel and with partial answers",
    built("tests/shop/split.engine.test.ts"),
    "curl localhost:8080/home",
  ),
  promise(
    "Clients are told when something changes",
    "A stream is a query that goes on answering; browsers get it as server-sent events",
    built("tests/shop/split.engine.test.ts"),
    "curl -N localhost:8080/orders/ID/stream",
  ),
  promise(
    "Serving does not depend on who deploys",
    "Placement is a signed snapshot that everybody keeps on disk; kill -9 of the platform stops nothing that serves",
    built("tests/shop/platform-crash.engine.test.ts"),
    "kerf status",
  ),
  promise(
    "Teams deploy alone",
    "A release is one unit's list of builds and versions of settings; rolling one leaves the others where they are",
    built("control-plane/platform/src/releases/releases.test.ts"),
    "kerf deploy payments",
  ),
  promise(
    "A service may have a repository of its own",
    "It depends on packed contracts and on kerf; it is built, asked about and deployed into the running app from there",
    built("tests/guides/deploying.engine.test.ts"),
    "kerf deploy ./service.ts",
  ),
  promise(
    "Each service scales alone",
    "Instances per unit, by hand or by load, down to zero",
    built("control-plane/platform/src/scaling/auto-scaling.test.ts"),
    "kerf scale search --auto 1..10",
  ),
  promise(
    "The front door is no bottleneck",
    "Copies of a gateway share its port, and are scaled, rolled and started again like those of units",
    built("data-plane/proxy/src/gateway-main.test.ts"),
    "kerf scale gateway:web 2",
  ),
  promise(
    "A bad deploy is taken back at once",
    "Canary with analysis, automatic rollback, the same act as a deploy",
    built("control-plane/platform/src/releases/releases.test.ts"),
    "kerf deploy payments --canary 10%",
  ),
  promise(
    "Any language",
    "A sidecar gives calls and events to programs in Python, Go or anything that speaks HTTP",
    built("data-plane/proxy/src/sidecar/sidecar.test.ts"),
    'kerf call recommendations.forUser \'{"userId":"ada"}\'',
  ),
  promise(
    "Redis beside the database",
    "A service keeps baskets, sessions or counters in Redis, as a user of its own; the server refuses it the keys of others",
    built("tests/redis.engine.test.ts"),
    "kerf dev --app docs/guides/examples/redis.ts",
  ),
  promise(
    "Any database",
    "MongoDB, SQLite or another server, bound to one service",
    planned("later"),
  ),
  promise(
    "The old system is replaced piece by piece",
    "An existing program stays behind the gateway as it is; its routes move path by path, with answers compared first",
    built("data-plane/proxy/src/routes/strangler.test.ts"),
    "kerf routes",
  ),

  cost(
    "A boundary in the wrong place is expensive to move",
    "The boundary is made in the contract and the data; whether a network runs through it is a setting, and no line of service code differs",
    built("tests/shop/partly-cut.engine.test.ts"),
    "npm start -- --cut none",
  ),
  cost(
    "Local and remote calls mean different things",
    "Values cross through their schemas at every distance; checked mode adds the codec and freezing; one conformance suite over every transport",
    built("framework/call/src/transports/framed.conformance.test.ts"),
    "npm test -- conformance",
  ),
  cost(
    "A slow callee holds everybody up",
    "Every call has a deadline that shrinks as it travels, and every attempt a shorter one; cancellation follows",
    built("framework/call/src/policies/deadline.test.ts"),
    "npm test -- policies/deadline",
  ),
  cost(
    "Retries make an outage worse",
    "Only what is known to be safe is retried, with jitter, from a budget of 20 % of the calls",
    built("framework/call/src/policies/retry.test.ts"),
    "npm test -- policies/retry",
  ),
  cost(
    "A failing callee takes its callers with it",
    "A circuit breaker per callee, open at 50 % failures and closed again by a probe",
    built("framework/call/src/policies/circuit-breaker.test.ts"),
    "npm test -- policies/circuit-breaker",
  ),
  cost(
    "Where is the other service?",
    "Discovery from the signed snapshot; the last good one is kept on disk",
    built("framework/call/src/discovery/snapshot.test.ts"),
    "kerf status",
  ),
  cost(
    "A restart loses requests",
    'Draining answers "not here, not executed", which makes any call safe to send elsewhere',
    built("framework/call/src/transports/framed/drain.test.ts"),
    "npm test -- drain",
  ),
  cost(
    "The whole page fails because one part does",
    "An optional dependency answers as degraded; the shop's home page stays 200 and names what is missing",
    built("tests/shop/degraded.engine.test.ts"),
    "curl localhost:8080/home",
  ),
  cost(
    "Strangers send anything",
    "Input and output go through their schemas, limits on size and time, headers that only the platform may set are stripped",
    built("framework/call/src/http/server.test.ts"),
    "npm test -- http/server",
  ),
  cost(
    "Who is calling?",
    "The gateway checks tokens, API keys, sessions or certificates and signs the principal once; a callee takes calls only from those that declare it",
    built("data-plane/proxy/src/authentication/bearer.test.ts"),
    "curl -i localhost:8080/users/me",
  ),
  cost(
    "Many databases, many migrations",
    "Forward migrations under a lock by the owner role, refused when edited after being applied; table types generated from them",
    built("framework/data/src/migrations/migrate.test.ts"),
    "kerf db types",
  ),
  cost(
    "Many programs exhaust the database's connections",
    "A connection budget per instance (4, idle to none), no session locks, bounded transactions",
    built("framework/data/src/pool.test.ts"),
    "npm test -- data/src/pool",
  ),
  cost(
    "A call inside an open transaction locks two systems",
    "It is refused at any distance, saying what to do instead",
    built("framework/service/src/runtime/runtime.test.ts"),
    "npm test -- runtime/runtime",
  ),
  cost(
    "A request leaves its traces in eight places",
    "W3C trace context is made at the gateway and passed on; every log line and every error carries the trace's id, which leads to the whole of it in one store",
    built("tests/shop/telemetry.engine.test.ts"),
    "kerf trace ID",
  ),
  cost(
    "Personal data ends up in the logs of every service that touches it",
    "A contract marks the field; nothing of it is written into logs, spans, metrics or errors, in whichever service",
    built("tests/privacy.engine.test.ts"),
    "npm run test:engines -- privacy",
  ),
  cost(
    "What watches the app takes it along when it fails",
    "Telemetry is bounded and waits for nobody: with its store gone, stopped or full no request fails",
    built("tests/faults.engine.test.ts"),
    "npm run faults -- --only telemetry",
  ),
  cost(
    "The machine of a developer needs a daemon for everything",
    "npm and nothing else: Node, PostgreSQL and the platform come through npm and end with the terminal",
    built("tests/fresh-clone.engine.test.ts"),
    "npm start",
  ),
  cost(
    "Waiting for a restart of everything",
    "A change restarts the units that contain it; the old instance serves until the new one is ready",
    built("tests/shop/watch.engine.test.ts"),
    "npm start",
  ),
  cost(
    "Tests need all the others",
    "One service, typed fakes for what it uses held to their contracts, databases cloned from a template",
    built("examples/shop/inventory/inventory.test.ts"),
    "npm test -- inventory",
  ),
  cost(
    "A new service is a week of set-up",
    "A new app of two services with a test, on the packed packages",
    built("tests/init.engine.test.ts"),
    "kerf init DIR",
  ),
  cost(
    "Is it the machine or the program?",
    "A check of ports, disk, Node, PostgreSQL's libraries and rights, each with what to do",
    built("tools/cli/src/cli.test.ts"),
    "kerf doctor",
  ),
  cost(
    "The same command arrives twice",
    "An idempotency record that commits with the effect; the first answer is given again for 24 hours",
    built("framework/service/src/runtime/commands.test.ts"),
    "kerf policies orders",
  ),
  cost(
    "An event is lost, doubled or out of order",
    "An outbox in the producer's database, a watermark in the consumer's own transaction; poison parks its key",
    built("framework/events/src/events.test.ts"),
    "npm test -- events/src",
  ),
  cost(
    "No transaction over two services",
    "Sagas: durable steps, each with its undo, that end or ask for an operator; the shop's checkout is one",
    built("framework/saga/src/saga.test.ts"),
    "npm test -- saga/src",
  ),
  cost(
    "No SQL join over two services",
    "Read models: tables that follow another service, filled from it once and built anew beside what serves; the shop's search is one",
    built("framework/events/src/read-model/read-model.test.ts"),
    "kerf events replay search catalog",
  ),
  cost(
    "One bad message stops the queue",
    "Its key is parked with the cause and waits for somebody; everything else goes on. Lag names the process that holds a log back",
    built("tests/shop/operating.engine.test.ts"),
    "kerf events parked",
  ),
  cost(
    "A broker loses, repeats or reorders",
    "Events need none. Where NATS or Kafka carries them, each names the one before it: what is missing is read from the producer's own log",
    built("framework/events/src/brokers/nats.engine.test.ts"),
    "kerf dev --broker nats://127.0.0.1:4222",
  ),
  cost(
    "It was killed at the one moment nobody thought of",
    "A process killed before and after every statement, publish and acknowledgement, from a list that the source is held to",
    built("tests/crash/crash.test.ts"),
    "npm run crash",
  ),
  cost(
    "The nightly job ran twice, or not at all",
    "Schedules in any time zone: each time takes effect once, however many copies run; what was missed by policy",
    built("framework/saga/src/schedules/scheduler.test.ts"),
    "kerf schedule ls",
  ),
  cost(
    "Two services drift apart and nobody notices",
    "Reconciliation: pages of both sides compared by key, a report, and a repair by commands with keys of their own",
    built("examples/shop/orders/payments-agree.test.ts"),
    "kerf reconcile",
  ),
  cost(
    "A burst takes everything down",
    "Adaptive limits, shedding by criticality, bulkheads, outlier ejection; rate limits at the gateway",
    built("framework/call/src/policies/load-shedding.test.ts"),
    "kerf policies orders",
  ),
  cost(
    "A tail of slow answers",
    "Hedging, caching and coalescing of queries",
    built("framework/call/src/policies/hedging.test.ts"),
    "kerf policies catalog",
  ),
  cost(
    "The network between services is open",
    "Mutual TLS with workload identity, rotated without a restart; without it everything talks over Unix sockets of one machine",
    built("tests/shop/mutual-tls.engine.test.ts"),
    "kerf dev --network tcp",
  ),
  cost(
    "A certificate expires at night",
    "The platform orders the certificates of domains by ACME and renews them at two thirds of their life; gateways serve on with what they have when it or the authority is away",
    built("control-plane/platform/src/domains/domains.engine.test.ts"),
    "kerf domains",
  ),
  cost(
    "Settings and secrets lie about in files and environments",
    "Services declare both; operators set them in versions, judged before anything changes; secrets are encrypted and go to a process over a descriptor; every change is on record",
    built("control-plane/platform/src/settings/settings.test.ts"),
    "kerf secrets set",
  ),
  cost(
    "A password of a database is never changed, since that costs calls",
    "A second way in holds while the instances are exchanged onto it; then the old password is tried, and refused",
    built("control-plane/platform/src/resources/password-rotation.test.ts"),
    "kerf db rotate",
  ),
  cost(
    "Cutting or joining loses requests",
    "Cut and join replace units in one moment while they serve; no request fails for it",
    built("control-plane/platform/src/rollouts/rollouts.test.ts"),
    "kerf cut orders",
  ),
  cost(
    "Nobody can say what a cut cost",
    "Its report: processes, memory, which calls take the network now, and what calls took before and afterwards, by operation",
    built("tests/guides/deploying.engine.test.ts"),
    "kerf cut inventory",
  ),
  cost(
    "Two versions that do not understand each other",
    'Compatibility verdicts field by field, consumer-driven contracts, "can I deploy?" inside the deploy',
    built("control-plane/platform/src/releases/releases.test.ts"),
    "kerf can-i-deploy payments",
  ),
  cost(
    "Why did this checkout fail?",
    "Traces, metrics and logs in a store of their own, a map, and the answer in one sentence with its evidence",
    built("tests/shop/why.engine.test.ts"),
    "kerf why ORDER",
  ),
  cost(
    "Nobody notices, or everybody is woken for nothing",
    "An objective for every operation, judged by how fast its budget is spent over two windows; told once, with owner, who is on call, traces and the last change; silences and rotas",
    built("tests/alerts.engine.test.ts"),
    "kerf alerts",
  ),
  cost(
    "Eight backups that do not fit together",
    "Backup, restore, point in time, restore tested",
    planned("later"),
  ),
  cost(
    "Kubernetes for three services",
    "Docker, Compose, Kubernetes with Helm, from the same app",
    built("control-plane/platform/src/exports/kubernetes/kubernetes-export.test.ts"),
    "kerf export kubernetes",
  ),
  cost(
    "A few machines and no cluster",
    "Unit files for systemd and a deploy by ssh: new copies beside the old ones, one machine after the other, mutual TLS between them, back in one command",
    built("tests/machines.engine.test.ts"),
    "kerf export systemd",
  ),
  cost(
    "A service that is asked twice a day runs all day",
    "A service that only answers requests is a function: `fetchHandler`, with the validation, identity and transactions that it has as a program",
    built("data-plane/proxy/src/serverless/fetch-handler.test.ts"),
    "npm test -- proxy/src/serverless",
  ),
  cost(
    "A distributed monolith",
    'Seams, smells and advice from evidence, with a bill before a cut and a check after it; "stay one program" is an answer',
    planned("where to cut"),
  ),
  cost(
    "Nobody knows whether it survives",
    "The shop under load while everything is killed, paused and cut off in turn; afterwards money, stock, orders, sagas and events are checked in the databases",
    built("tests/chaos.engine.test.ts"),
    "npm run chaos",
  ),
  cost(
    "A failure that nobody can repeat",
    "The engines of commands, events and sagas on a simulated clock, network, database and programs: one seed is one history, and is run again by its number",
    built("testing/src/simulation/simulation.test.ts"),
    "npm run sim",
  ),
];

function row(
  kind: Row["kind"],
  says: string,
  kerf: string,
  state: Row["state"],
  command?: string,
): Row {
  return command === undefined ? { kind, says, kerf, state } : { kind, says, kerf, state, command };
}
