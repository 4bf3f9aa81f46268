/** Where the reference of the command line is kept in the checkout. */
export const referenceFile = new URL("../../../../docs/guides/cli.md", import.meta.url);
