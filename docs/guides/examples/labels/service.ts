import { service } from "kerf";
import { labels } from "./contract.ts";

export default service(labels, { owner: "notes-team" }).implement({
  suggest: ({ input }) => ({ label: input.text.split(/\s+/, 1)[0]?.toLowerCase() ?? "" }),
});
