import type { Invariant } from "./invariant.ts";

interface Product {
  sku: string;
  name: string;
  description: string;
}

/** The index is what the catalogue is. */
export const search: Invariant = async ({ sql }) => {
  const products = await sql<Product>("catalog", "select sku, name, description from products");
  const documents = await sql<Product>("search", "select sku, name, description from documents");
  const text = ({ sku, name, description }: Product): string =>
    JSON.stringify([sku, name, description]);
  const indexed = new Set(documents.map(text));
  const sold = new Set(products.map(text));
  return [
    {
      holds: "search knows the catalogue, all of it and nothing else",
      checked: products.length,
      violations: [
        ...products.filter((product) => !indexed.has(text(product))),
        ...documents.filter((document) => !sold.has(text(document))),
      ],
    },
  ];
};
