import { parseArgs } from 'node:util'
import { type BenchCase, selectCases } from './cases.ts'

/** A gateway to compare with: its name in the tables and its command with `{config}`, `{port}` or `{upstream}` in it. */
export interface OtherGateway {
  readonly name: string
  readonly command: readonly string[]
}

/** What a run of the bench does. */
export interface BenchOptions {
  readonly rounds: number
  readonly seconds: number
  /** How long every case of every side runs before anything is measured. */
  readonly warmUpSeconds: number
  readonly connections: number
  readonly cases: readonly BenchCase[]
  /** Measure what one plugin of each kind costs, too. */
  readonly stacks: boolean
  /** Measure what features for traffic and security cost, too. */
  readonly features: boolean
  /** Measure what plugins of Go sources cost, too. */
  readonly go: boolean
  /** `bare`, `loligo`, `nginx`; null: all that can be had. */
  readonly sides: readonly string[] | null
  readonly against: readonly OtherGateway[]
  /** Where the results go as JSON. */
  readonly jsonFile: string | undefined
  /** Measure start and memory instead of requests. */
  readonly start: boolean
  readonly quick: boolean
  /** The program that `npm run build` makes, for `--start`. */
  readonly built: string
}

export const USAGE = `node bench/run.ts [options]
  --rounds N         interleaved rounds (5)
  --seconds S        length of a round per side and case (2)
  --warm-up S        length of the warm-up per side and case (5)
  --connections C    connections of the load (64)
  --cases a,b        only these cases
  --stacks           only what one plugin of each kind costs
  --features         only what features for traffic and security cost
  --go               only what plugins of Go sources cost
  --sides a,b        only these of bare, loligo, nginx
  --against NAME=CMD another gateway; {config}, {port} and {upstream} are replaced; may be repeated
  --json FILE        writes the results as JSON
  --quick            one short round with few connections: shows that everything works
  --start            measures start and memory instead
  --built FILE       what "npm run build" made, for --start (dist/cli.js)`

const KNOWN_SIDES = ['bare', 'loligo', 'nginx']
const MAX_ROUNDS = 100
const MAX_SECONDS = 60
const MAX_CONNECTIONS = 1000

/** Reads the command line. Throws with a message for the user when something is wrong. */
export function readOptions(args: readonly string[]): BenchOptions | 'help' {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: text,
      seconds: text,
      'warm-up': text,
      connections: text,
      cases: text,
      stacks: flag,
      features: flag,
      go: flag,
      sides: text,
      against: { type: 'string', multiple: true, default: [] },
      json: text,
      quick: flag,
      start: flag,
      built: { type: 'string', default: 'dist/cli.js' },
      help: flag,
    },
  })
  if (values.help) return 'help'
  const { quick } = values
  const only = values.stacks || values.features || values.go
  const all = !only && values.cases === undefined
  return {
    rounds: Math.ceil(readNumber('rounds', values.rounds, quick ? 1 : 5, MAX_ROUNDS)),
    seconds: readNumber('seconds', values.seconds, quick ? 0.2 : 2, MAX_SECONDS),
    warmUpSeconds: readNumber('warm-up', values['warm-up'], quick ? 0.1 : 5, MAX_SECONDS),
    connections: Math.ceil(readNumber('connections', values.connections, quick ? 8 : 64, MAX_CONNECTIONS)),
    cases: only ? [] : selectCases(values.cases),
    stacks: values.stacks || all,
    features: values.features || all,
    go: values.go || all,
    sides: readSides(values.sides),
    against: values.against.map(readOther),
    jsonFile: values.json,
    start: values.start,
    quick,
    built: values.built,
  }
}

function readNumber(name: string, value: string | undefined, fallback: number, max: number): number {
  const number = value === undefined ? fallback : Number(value)
  if (number > 0 && number <= max) return number
  throw new Error(`--${name}: "${value}" is not a number above 0 and up to ${max}`)
}

function readSides(list: string | undefined): readonly string[] | null {
  const sides = list?.split(',') ?? null
  const unknown = sides?.find((side) => !KNOWN_SIDES.includes(side))
  if (unknown === undefined) return sides
  throw new Error(`--sides: there is no side "${unknown}"; known: ${KNOWN_SIDES.join(', ')} (others by --against)`)
}

function readOther(value: string): OtherGateway {
  const named = /^([\w.-]+)=(.*)$/s.exec(value)
  const command = splitCommand(named?.[2] ?? value)
  const name = named?.[1] ?? command[0]?.split('/').at(-1)
  if (name !== undefined && command.length > 0) return { name, command }
  throw new Error('--against: the command is empty; write NAME=CMD, for instance "other=other-gateway run -c {config}"')
}

/** Cuts a command at blanks; single and double quotes hold a word together. No shell, so nothing else is special. */
export function splitCommand(text: string): string[] {
  const words = text.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g)
  return [...words].map(([word]) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2'))
}
