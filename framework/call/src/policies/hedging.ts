/**
 * An attempt that takes longer than this quantile of all gets a second one beside it (gRPC A6, at the 95th percentile): one call in twenty
 * costs one more, and the slowest are no slower than the faster of two.
 */
export const hedgeQuantile = 0.95;
