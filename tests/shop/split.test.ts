import { endToEnd } from "./end-to-end.ts";

const services = [
  "catalog",
  "inventory",
  "notifications",
  "orders",
  "payments",
  "recommendations",
  "search",
  "users",
];
endToEnd(
  "each service a unit of its own",
  [],
  Object.fromEntries(services.map((name) => [name, [name]])),
);
