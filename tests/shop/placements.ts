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

/** Each service of the shop in a unit of its own, as the app declares it. */
export const eachApart: Record<string, string[]> = Object.fromEntries(
  services.map((name) => [name, [name]]),
);
