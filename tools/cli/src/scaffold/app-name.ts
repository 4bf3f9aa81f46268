/** An app's name as apps may be called (lower-case letters, digits, hyphens, at most 40) out of a folder's name. */
export function appNameFrom(folder: string): string {
  const name = folder
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, 40)
    .replace(/-+$/, "");
  return name === "" ? "app" : name;
}
