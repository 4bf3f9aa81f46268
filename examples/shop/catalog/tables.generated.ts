// Generated from the migrations by `kerf db types`; edits are lost.
import type { Generated } from "kerf";

export interface ProductsTable {
  sku: string;
  name: string;
  description: string;
  price_amount: number;
  price_currency: string;
  featured: Generated<boolean>;
}

export interface Tables {
  products: ProductsTable;
}
