import { compileAny } from '../patterns/re2.ts'

/** How many hosts are remembered for which patterns were tried, and how long they may be. */
const KNOWN_HOSTS = 1000
const HOST_LENGTH = 260

/**
 * Compiles `allowed_hosts` to a test of a host in lower case, with its port.
 * @param areRegex each entry is an expression for the whole host, in the syntax of RE2
 * @throws PatternError
 */
export async function compileAllowedHosts(
  entries: readonly string[],
  areRegex: boolean,
): Promise<(host: string) => boolean> {
  if (!areRegex) {
    const hosts = new Set(entries.map((host) => host.toLowerCase()))
    return (host) => hosts.has(host)
  }
  // The reference anchors an entry `a|b` as `^a|b$`, which lets through every host that begins with a.
  const matches = await compileAny(entries, { whole: true, ignoreCase: true })
  const known = new Map<string, boolean>()
  return (host) => {
    const before = known.get(host)
    if (before !== undefined) return before
    const allowed = matches(host)
    if (known.size >= KNOWN_HOSTS) known.clear()
    if (host.length <= HOST_LENGTH) known.set(host, allowed)
    return allowed
  }
}
