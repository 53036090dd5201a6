#!/usr/bin/env node
// Runs the gateway with a Node that is new enough. This file itself must run on any Node from 18 on: no types, nothing new.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import * as module from 'node:module'
import { isAbsolute, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const NEEDED = 26
const root = fileURLToPath(new URL('..', import.meta.url))
const major = Number(process.versions.node.split('.')[0])

if (major >= NEEDED) await runHere()
else runWith(findNode())

async function runHere() {
  const source = join(root, 'src/cli/main.ts')
  const checkout = existsSync(source)
  keepCompiled(checkout ? join(root, 'node_modules/.cache') : userCache())
  await import(pathToFileURL(checkout ? source : join(root, 'dist/cli.js')).href)
}

// Compiled code is kept from one start to the next, in the gateway threads too: they look at the variable. Where that
// cannot be written, it is compiled anew.
function keepCompiled(parent) {
  if (parent === null || process.env.NODE_COMPILE_CACHE || process.env.NODE_DISABLE_COMPILE_CACHE) return
  const folder = join(parent, 'loligo')
  // Made here, one after the other: Node makes parents too, and never ends where a file system refuses them (/proc).
  if (!makeFolder(parent) || !makeFolder(folder)) return
  const { directory } = module.enableCompileCache(folder)
  if (directory !== undefined) process.env.NODE_COMPILE_CACHE = folder
}

function makeFolder(folder) {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    return error.code === 'EEXIST'
  }
  return true
}

// Never the system's temporary folder: what lies there is run, and others could have put it there.
function userCache() {
  const { XDG_CACHE_HOME: cache, HOME: home } = process.env
  if (cache && isAbsolute(cache)) return cache
  return home && isAbsolute(home) ? join(home, '.cache') : null
}

function findNode() {
  const own = join(root, 'node_modules/node/bin/node')
  if (process.env.LOLIGO_LAUNCHED) return null // the Node that was found is too old itself
  return process.env.LOLIGO_NODE || (existsSync(own) ? own : null)
}

function runWith(node) {
  if (node === null) return giveUp()
  const args = [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)]
  const env = { ...process.env, LOLIGO_LAUNCHED: '1' }
  // Replaces this process: nothing stands between the gateway and its signals. It takes a path and must not fail.
  if (process.execve && existsSync(node)) process.execve(node, [node, ...args], env)
  const child = spawn(node, args, { stdio: 'inherit', env })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => giveUp(`${node} cannot be started: ${error.message}.`))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

function giveUp(reason = `Loligo needs Node ${NEEDED} or newer; this is ${process.version}.`) {
  process.stderr.write(
    `${reason}\nInstall it (https://nodejs.org), or name its executable in the variable LOLIGO_NODE.\n`,
  )
  process.exitCode = 1
}
