import { service } from "kerf";
import { stock } from "../stock/contract.ts";
import { workOf } from "../work.ts";
import { quotes } from "./contract.ts";

const work = workOf("quotes");

export const quotesService = service(quotes, { owner: "faults", uses: { stock } });

quotesService.implement({
  async quote({ input: { sku }, clients }) {
    await work();
    const { level } = await clients.stock.level({ sku });
    return { sku, cents: 100 + level };
  },
});

export default quotesService;
