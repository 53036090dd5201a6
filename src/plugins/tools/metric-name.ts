const NAME = /^[a-z][a-z0-9_.]*$/

/**
 * Checks the name of a counter or a histogram.
 * @throws TypeError that says how names are written
 */
export function checkMetricName(name: unknown): string {
  if (typeof name === 'string' && NAME.test(name)) return name
  throw new TypeError(`"${String(name)}" is no name of a metric: small letters, digits, "_" and ".", a letter first`)
}
