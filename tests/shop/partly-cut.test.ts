import { endToEnd } from "./end-to-end.ts";

endToEnd(
  "search and orders apart, two copies of each",
  ["--cut", "search,orders", "--replicas", "2"],
  {
    main: ["catalog", "inventory", "notifications", "payments", "recommendations", "users"],
    orders: ["orders"],
    search: ["search"],
  },
);
