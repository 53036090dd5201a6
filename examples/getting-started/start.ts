// `npm start`: the demo upstream and the gateway in front of it.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { startUpstream } from './upstream.ts'

const UPSTREAM_PORT = 8081
const folder = import.meta.dirname
const launcher = join(folder, '../../bin/loligo.js')

const upstream = await startUpstream(UPSTREAM_PORT).catch((error: NodeJS.ErrnoException) => {
  const reason = error.code === 'EADDRINUSE' ? 'is in use' : `cannot be opened: ${error.message}`
  process.stderr.write(`The demo upstream needs port ${UPSTREAM_PORT}, which ${reason}.\n`)
  process.exit(1)
})

const gateway = spawn(process.execPath, [launcher, 'run', '-c', 'krakend.json', ...process.argv.slice(2)], {
  cwd: folder,
  stdio: ['ignore', 'pipe', 'inherit'],
})
/** What the gateway has said so far; null once it listens. */
let said: string | null = ''
gateway.stdout.setEncoding('utf8').on('data', (text: string) => {
  process.stdout.write(text)
  if (said === null) return
  said += text
  const port = /Listening on port: (\d+)\n/.exec(said)?.[1]
  if (port === undefined) return
  said = null
  process.stdout.write(welcome(`http://localhost:${port}`))
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => gateway.kill(signal))
gateway.on('exit', (code) => {
  upstream.close()
  upstream.closeAllConnections()
  process.exitCode = code ?? 1
})

function welcome(address: string): string {
  return `
The gateway answers at ${address}. Worth trying, in another terminal:

  three calls merged into one answer
    curl ${address}/home/ada
  shaped: some fields, one renamed; a plugin masks the mail address
    curl ${address}/users/ada
  passed through as it is, with the upstream's headers
    curl -i ${address}/files/report.csv
  one call after the other: the city of the first answer goes into the second call
    curl ${address}/weather/ada
  a server plugin sets X-Request-Id on every answer
    curl -i -H 'X-Request-Id: mine' ${address}/__health

The configuration is examples/getting-started/krakend.json, the plugins are the files in plugins/ beside it.
Press Ctrl-C to end both.

`
}
