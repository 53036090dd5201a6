/** A signal that asks the gateway to end. */
export interface StopSignal {
  /** `terminated` or `interrupt`. */
  readonly text: string
  /** What a shell reports for a process that ended by it: 128 and the signal's number. */
  readonly exitCode: number
}

/** The names are those that the reference logs. */
const SIGNALS = {
  SIGTERM: { text: 'terminated', exitCode: 143 },
  SIGINT: { text: 'interrupt', exitCode: 130 },
} as const satisfies Readonly<Record<string, StopSignal>>

/**
 * A Ctrl-C reaches the gateway twice when a launcher forwards what the terminal has sent to both: what comes within
 * this time is one signal.
 */
const SAME_SIGNAL_MS = 300

/** Calls `onHangUp` at each SIGHUP. On Windows that says that the console was closed, and the process ends of it. */
export function interceptHangUp(onHangUp: () => void): void {
  if (process.platform !== 'win32') process.on('SIGHUP', onHangUp)
}

/** Calls `onFirst` for the first signal that asks to end, and `onSecond` when the user insists. */
export function interceptSignals(onFirst: (signal: StopSignal) => void, onSecond: (signal: StopSignal) => void): void {
  let firstAt: number | null = null
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    const signal = SIGNALS[name]
    process.on(name, () => {
      const now = performance.now()
      if (firstAt === null) {
        firstAt = now
        onFirst(signal)
      } else if (now - firstAt > SAME_SIGNAL_MS) onSecond(signal)
    })
  }
}
