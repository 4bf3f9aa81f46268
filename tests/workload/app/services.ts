/** The services of the app. */
export const services = [
  "users",
  "catalog",
  "search",
  "inventory",
  "orders",
  "payments",
  "notifications",
  "recommendations",
  "counters",
  "witness",
] as const;

/** Those that keep data. */
export const keepers = services.filter((name) => name !== "recommendations");

/** Those that orders and events go through, each as often as it is to be hit. */
export const busy = [
  "orders",
  "orders",
  "orders",
  "payments",
  "inventory",
  "inventory",
  "notifications",
  "witness",
  "counters",
] as const;

/** Which service reads whose log. */
export const consumers = [
  { consumer: "notifications", producer: "orders" },
  { consumer: "witness", producer: "orders" },
  { consumer: "witness", producer: "counters" },
] as const;
