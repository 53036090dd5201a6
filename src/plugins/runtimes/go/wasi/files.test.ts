import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { before, describe, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { ALL_GRANTED } from '../../../../config/permissions-options.ts'
import { FILE_TYPE } from './descriptor.ts'
import { ERRNO, WasiError } from './errno.ts'
import { FakeGuest, OPEN } from './test-fixtures/file-guest-fake.ts'
import { runFileGuest } from './test-fixtures/file-guest-host.ts'
import { buildGoProgram, whyNoGo } from './test-fixtures/go-program.ts'

const run = promisify(execFile)

function temporaryFolder(t: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'loligo-files-')))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const skip = (await whyNoGo()) ?? (process.platform === 'linux' ? false : 'it is compared with Linux')

describe('files of Go programs', { skip }, () => {
  const program = join(import.meta.dirname, 'test-fixtures', 'file-guest')
  const built = mkdtempSync(join(tmpdir(), 'loligo-native-'))
  const native = join(built, 'native')
  let module: WebAssembly.Module

  before(async () => {
    const [compiled] = await Promise.all([
      buildGoProgram('file-guest'),
      run('go', ['build', '-o', native, '.'], { cwd: program }),
    ])
    module = compiled
    return () => rmSync(built, { recursive: true })
  })

  test('a program does the same as when it is built for this machine', async (t) => {
    const env = { FILE_GUEST_SEEN: 'yes', PWD: process.cwd(), TMPDIR: tmpdir() }
    const folders = { native: temporaryFolder(t), guest: temporaryFolder(t) }
    const running = run(native, [folders.native], { env })
    running.child.stdin?.end()
    const expected = await running.then(
      () => assert.fail('it ended with 0'),
      (ended: { code: number; stdout: string; stderr: string }) => ended,
    )
    const { code, out, err, denied } = await runFileGuest(module, ['guest', folders.guest], env)
    const shown = (text: string, folder: string) => text.replaceAll(basename(folder), 'FOLDER')
    assert.equal(shown(out, folders.guest), shown(expected.stdout, folders.native))
    assert.deepEqual({ code, err, denied }, { code: expected.code, err: expected.stderr, denied: [] })
    assert.equal(code, 7)
  })

  test('a program that is confined does the same in what it is granted', async (t) => {
    const folder = temporaryFolder(t)
    const env = { FILE_GUEST_SEEN: 'yes', FILE_GUEST_MISSING: 'hidden', PWD: folder, TMPDIR: join(folder, 'tmp') }
    const whole = temporaryFolder(t)
    mkdirSync(join(folder, 'tmp'))
    mkdirSync(join(whole, 'tmp'))
    const all = { ...env, FILE_GUEST_MISSING: undefined, PWD: whole, TMPDIR: join(whole, 'tmp') }
    const expected = await runFileGuest(module, ['guest', whole], all)
    const devices = ['/dev', '/proc']
    const { code, out, denied } = await runFileGuest(module, ['guest', folder], env, {
      ...ALL_GRANTED,
      env: ['FILE_GUEST_S*', 'TMPDIR'],
      files: { read: devices, write: [folder, '/dev/null'] },
    })
    assert.deepEqual(denied, [])
    const shown = (text: string, name: string) => text.replaceAll(basename(name), 'FOLDER')
    assert.equal(shown(out, folder), shown(expected.out, whole))
    assert.equal(code, 7)
  })

  test('what is not granted is "permission denied" to a program', async (t) => {
    const folder = temporaryFolder(t)
    writeFileSync(join(folder, 'file'), 'text')
    const permissions = { ...ALL_GRANTED, files: { read: [folder], write: [] } }
    const paths = [join(folder, 'file'), '/etc/passwd', `${folder}/../../etc/passwd`]
    const { out, denied } = await runFileGuest(module, ['guest', 'attempts', ...paths], { PWD: '/' }, permissions)
    const refused = 'EACCES exist=false notexist=false permission=true'
    assert.deepEqual(
      out
        .trimEnd()
        .split('\n')
        .map((line) => line.trimEnd()),
      [
        `read ${paths[0]} ok text`,
        `write ${paths[0]} ${refused}`,
        `read ${paths[1]} ${refused}`,
        `write ${paths[1]} ${refused}`,
        `read ${paths[2]} ${refused}`,
        `write ${paths[2]} ${refused}`,
      ],
    )
    assert.equal(denied[0], `files.write ${join(folder, 'file')}`)
    assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'text')
  })
})

test('the root folder is opened as descriptor 3, and is the only one that Go finds', () => {
  const guest = new FakeGuest()
  assert.equal(guest.call('fd_prestat_get', 3, 8), 0)
  assert.deepEqual([...guest.memory.bytes(8, 8)], [0, 0, 0, 0, 1, 0, 0, 0])
  assert.equal(guest.call('fd_prestat_dir_name', 3, 8, 1), 0)
  assert.equal(guest.memory.text(8, 1), '/')
  assert.equal(guest.call('fd_prestat_get', 4, 8), ERRNO.badf)
})

test('every descriptor is read, written and closed, and those that are not on a disk can be waited for', () => {
  const guest = new FakeGuest()
  const taken: string[] = []
  let closed = 0
  const waits = new WasiError(ERRNO.again)
  const fd = guest.descriptors.add({
    type: FILE_TYPE.socketStream,
    read: (target) => {
      if (taken.length === 0) throw waits
      return Buffer.from(taken.join('')).copy(target)
    },
    write: (source) => taken.push(Buffer.from(source).toString()) * 0 + source.length,
    close: () => {
      closed++
    },
  })
  assert.equal(guest.read(fd), -ERRNO.again)
  assert.equal(guest.write(fd, 'abc'), 3)
  assert.equal(guest.read(fd), 'abc')
  const fdstat = (of: number) => {
    assert.equal(guest.call('fd_fdstat_get', of, 8), 0)
    return [guest.memory.view.getUint8(8), guest.memory.view.getUint16(10, true)]
  }
  assert.deepEqual(fdstat(fd), [FILE_TYPE.socketStream, 4])
  assert.deepEqual(fdstat(1), [FILE_TYPE.unknown, 4])
  assert.deepEqual(fdstat(3), [FILE_TYPE.directory, 0])
  assert.equal(guest.call('fd_fdstat_set_flags', fd, 4), 0)
  assert.equal(guest.call('fd_seek', fd, 0n, 0, 8), ERRNO.sPipe)
  assert.equal(guest.call('fd_filestat_get', fd, 8), 0)
  assert.equal(guest.call('fd_close', fd), 0)
  assert.equal(closed, 1)
  for (const name of ['fd_close', 'fd_sync', 'fd_fdstat_get']) assert.equal(guest.call(name, fd, 8), ERRNO.badf)
})

test('what is printed is handed over as a copy; the input is at its end', () => {
  const guest = new FakeGuest()
  assert.equal(guest.write(1, 'one'), 3)
  assert.equal(guest.write(2, 'two'), 3)
  assert.deepEqual(guest.printed, ['one', 'two'])
  assert.equal(guest.read(0), '')
  assert.equal(guest.write(0, 'x'), -ERRNO.badf)
  assert.equal(guest.read(1), -ERRNO.badf)
})

test('a descriptor is given another number', (t) => {
  const guest = new FakeGuest()
  const folder = temporaryFolder(t)
  const [one, two] = [guest.open(join(folder, 'one'), OPEN.create, OPEN.both), guest.open(folder)]
  assert.equal(guest.call('fd_renumber', one, two), 0)
  assert.equal(guest.write(two, 'text'), 4)
  assert.equal(guest.write(one, 'text'), -ERRNO.badf)
  assert.equal(guest.call('fd_renumber', one, two), ERRNO.badf)
  guest.descriptors.closeAll()
})

test('files that were not there before are private, as temporary files of Go are', (t) => {
  const guest = new FakeGuest()
  const path = join(temporaryFolder(t), 'file')
  guest.open(path, OPEN.create | OPEN.exclusive, OPEN.write)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  guest.descriptors.closeAll()
})

test('a reader of a pipe waits for a while and looks again', async (t) => {
  const path = join(temporaryFolder(t), 'pipe')
  await run('mkfifo', [path])
  let woken = () => {}
  const guest = new FakeGuest({}, () => woken())
  const reader = guest.open(path)
  const writer = guest.open(path, 0, OPEN.write)
  const descriptor = guest.descriptors.get(reader)
  assert.equal(guest.read(reader), -ERRNO.again)
  assert.equal(descriptor.canRead?.(), false)
  await new Promise<void>((resolve) => {
    woken = resolve
  })
  assert.equal(descriptor.canRead?.(), true)
  assert.equal(guest.write(writer, 'text'), 4)
  assert.equal(guest.read(reader), 'text')
  guest.descriptors.closeAll()
})

test('pointers that lead out of the memory, and paths that are no text, are errors of the guest', () => {
  const guest = new FakeGuest()
  assert.equal(guest.call('fd_write', 1, 0x7fff_ffff, 1, 8), ERRNO.fault)
  assert.equal(guest.call('fd_fdstat_get', 1, -8), ERRNO.fault)
  guest.memory.bytes(1024, 3).set([0x61, 0xff, 0x62])
  assert.equal(guest.call('path_unlink_file', 3, 1024, 3), ERRNO.ilSeq)
  guest.memory.bytes(1024, 3).set([0x61, 0, 0x62])
  assert.equal(guest.call('path_unlink_file', 3, 1024, 3), ERRNO.inval)
  assert.equal(guest.call('path_unlink_file', 3, 1024, 0), ERRNO.noEnt)
  assert.equal(guest.call('path_unlink_file', 1, 1024, 3), ERRNO.notDir)
})
