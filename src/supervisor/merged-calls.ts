/**
 * Runs `work` for what is asked for, one run after the other: all that is asked while one runs becomes one run that
 * follows, and is told all reasons, each once. `work` must not reject.
 */
export function mergeCalls(work: (reasons: readonly string[]) => Promise<void>): (reason: string) => void {
  const reasons = new Set<string>()
  let running = false
  const run = async (): Promise<void> => {
    running = true
    while (reasons.size > 0) {
      const given = [...reasons]
      reasons.clear()
      await work(given)
    }
    running = false
  }
  return (reason) => {
    reasons.add(reason)
    if (!running) void run()
  }
}
