// `npm start`: the demo upstream and the gateway in front of it.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { startUpstream } from './upstream.ts'

const UPSTREAM_PORT = 8081
const folder = import.meta.dirname
const launcher = join(folder, '../../bin/loligo.js')
const port = process.env.KRAKEND_PORT ?? '8080'

const upstream = await startUpstream(UPSTREAM_PORT).catch((error: NodeJS.ErrnoException) => {
  const reason = error.code === 'EADDRINUSE' ? 'is in use' : `cannot be opened: ${error.message}`
  process.stderr.write(`The demo upstream needs port ${UPSTREAM_PORT}, which ${reason}.\n`)
  process.exit(1)
})

const gateway = spawn(process.execPath, [launcher, 'run', '-c', 'krakend.json', ...process.argv.slice(2)], {
  cwd: folder,
  stdio: ['ignore', 'pipe', 'inherit'],
})
let told = false
gateway.stdout.on('data', (chunk: Buffer) => {
  process.stdout.write(chunk)
  if (told || !chunk.includes('Listening on port')) return
  told = true
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
The gateway answers at ${address}. Worth trying:

  curl ${address}/home/ada                 three calls merged into one answer
  curl ${address}/users/ada                shaped: four fields, one renamed; a plugin masks the mail address
  curl -i ${address}/files/report.csv      passed through as it is, with the upstream's headers
  curl ${address}/weather/ada              one call after the other: the city goes into the second
  curl -i -H 'X-Request-Id: mine' ${address}/__health
                                             a server plugin sets X-Request-Id on every answer

Plugins are the files in examples/getting-started/plugins/; the configuration is krakend.json beside them.
Ctrl-C ends both.

`
}
