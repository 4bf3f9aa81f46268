// Written in Python: service.py, beside this file. Its contract is the same as any other's.
import { external } from "kerf";
import { catalog } from "../catalog/contract.ts";
import { recommendations } from "./contract.ts";

export default external(recommendations, {
  owner: "discovery-team",
  command: ["python3", "-u", "service.py"],
  cwd: new URL(".", import.meta.url),
  uses: { catalog },
});
