import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Which cores the measured side and everything else run on; null where nothing can be pinned. */
export interface Cores {
  readonly measured: string
  readonly others: string
}

/** The last core that this process may use is for the measured side, the rest for load and upstream. */
export function chooseCores(): Cores | null {
  const list = allowedCores()
  const measured = list.at(-1)
  if (list.length < 2 || measured === undefined) return null
  if (spawnSync('taskset', ['--version']).error !== undefined) return null
  return { measured: String(measured), others: list.slice(0, -1).join(',') }
}

/** The command that runs `command` on the given cores only. */
export function pinned(cores: string | undefined, command: readonly string[]): string[] {
  return cores === undefined ? [...command] : ['taskset', '-c', cores, ...command]
}

/** Reads the kernel's list (`0-2,5`); empty where there is none. */
export function parseCoreList(text: string): number[] {
  const cores: number[] = []
  for (const range of text.trim().split(',')) {
    const [from, to = from] = range.split('-').map(Number)
    if (range === '' || from === undefined || to === undefined) continue
    for (let core = from; core <= to; core++) cores.push(core)
  }
  return cores
}

function allowedCores(): number[] {
  try {
    const status = readFileSync('/proc/self/status', 'utf8')
    return parseCoreList(/^Cpus_allowed_list:(.*)$/m.exec(status)?.[1] ?? '')
  } catch {
    return []
  }
}
