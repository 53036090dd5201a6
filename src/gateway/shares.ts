/** The share of the endpoint's time that each of several backends gets. Specification: core 6.2. */
export const MERGE_SHARE = 0.85

/** The share of the endpoint's time that concurrent calls get. Specification: core 6.4. */
export const CONCURRENT_SHARE = 0.75
