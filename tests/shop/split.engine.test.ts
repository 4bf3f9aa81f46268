import { endToEnd } from "./end-to-end.ts";
import { eachApart } from "./placements.ts";

endToEnd("each service a unit of its own", [], eachApart);
