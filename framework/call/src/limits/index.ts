// How often something may happen: counts of one process, and counts that many processes share through a keeper. Knows nothing of HTTP.
export { type BucketShape, type BucketState, type BucketStore, Buckets } from "./buckets.ts";
export { LeasedBuckets, type LeasedBucketsOptions } from "./leased-buckets.ts";
export { type LeaseGrant, LeaseKeeper, maxLeases, type TokenLease } from "./lease-keeper.ts";
