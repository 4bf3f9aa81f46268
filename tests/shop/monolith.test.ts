import { endToEnd } from "./end-to-end.ts";

endToEnd("all in one program", ["--cut", "none"], {
  main: ["catalog", "inventory", "notifications", "orders", "payments", "search", "users"],
  recommendations: ["recommendations"],
});
