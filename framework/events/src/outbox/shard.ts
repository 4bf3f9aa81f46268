/** Shards of every log: the most instances of one consumer that can work at once. Fixed for the life of a log. */
export const shards = 16;

/** The shard of a key: FNV-1a over UTF-16 code units, so that every version and every language finds the same. */
export function shardOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % shards;
}
