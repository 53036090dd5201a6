// Runs the command line without the rights of root, where the tests have them.
const NOBODY = 65_534

if (process.getuid?.() === 0) {
  process.setgid?.(NOBODY)
  process.setuid?.(NOBODY)
}
await import('../../src/cli/main.ts')
