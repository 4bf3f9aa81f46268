import { endToEnd } from "./end-to-end.ts";

endToEnd("search and orders apart", ["--cut", "search,orders"], {
  main: ["catalog", "inventory", "notifications", "payments", "users"],
  orders: ["orders"],
  recommendations: ["recommendations"],
  search: ["search"],
});
