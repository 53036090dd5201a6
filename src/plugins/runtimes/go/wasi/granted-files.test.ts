import assert from 'node:assert/strict'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ERRNO } from './errno.ts'
import { FileDescriptor } from './file-descriptor.ts'
import { FileGrants } from './file-grants.ts'
import { GrantedFiles } from './granted-files.ts'
import { FileOpener } from './open-file.ts'
import { pathFunctions } from './path-functions.ts'
import type { FileAccess } from './paths.ts'
import { FakeGuest, OPEN } from './test-fixtures/file-guest-fake.ts'

/**
 * `granted/read` may be read, `granted/write` written, and the file `granted/one` as well; `secret` lies outside. A guest
 * with nothing but that.
 */
function confined(t: TestContext) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'loligo-grants-')))
  const at = (path: string) => join(root, path)
  for (const folder of ['granted/read/deep', 'granted/write', 'secret', 'granted/reader']) {
    mkdirSync(at(folder), { recursive: true })
  }
  writeFileSync(at('granted/read/file'), 'readable')
  writeFileSync(at('granted/reader/file'), 'not granted')
  writeFileSync(at('secret/file'), 'secret')
  const files = { read: [at('granted/read')], write: [at('granted/write'), at('granted/one')] }
  const guest = new FakeGuest({ files })
  t.after(() => {
    guest.descriptors.closeAll()
    assert.equal(readFileSync(at('secret/file'), 'utf8'), 'secret')
    assert.deepEqual(readdirSync(at('secret')), ['file'])
    assert.equal(readFileSync(at('granted/read/file'), 'utf8'), 'readable')
    rmSync(root, { recursive: true })
  })
  return { guest, at, files }
}

const DENIED = -ERRNO.acces

test('what is granted is read and written; what is not is denied and told', (t) => {
  const { guest, at } = confined(t)
  assert.equal(guest.readFile(at('granted/read/file')), 'readable')
  assert.equal(guest.writeFile(at('granted/write/new'), 'text'), 0)
  assert.equal(guest.readFile(at('granted/write/new')), 'text')
  assert.equal(guest.writeFile(at('granted/one'), 'one'), 0)
  assert.deepEqual(guest.denied, [])

  assert.equal(guest.writeFile(at('granted/read/file'), 'changed'), DENIED)
  assert.equal(guest.open(at('granted/read/file'), 0, OPEN.both), DENIED)
  assert.equal(guest.open(at('granted/read/file'), OPEN.truncate), DENIED)
  assert.equal(guest.open(at('granted/read/new'), OPEN.create), DENIED)
  assert.equal(guest.readFile(at('secret/file')), DENIED)
  assert.equal(guest.readFile(at('granted/reader/file')), DENIED)
  assert.equal(guest.writeFile(at('granted/one.bak'), ''), DENIED)
  assert.equal(guest.open('/'), DENIED)
  assert.equal(guest.setTimes(at('granted/read/file'), 5), ERRNO.acces)
  assert.equal(guest.withPath('path_create_directory', at('granted/new')), ERRNO.acces)
  assert.equal(guest.withPath('path_unlink_file', at('granted/read/file')), ERRNO.acces)
  assert.equal(guest.withPath('path_remove_directory', at('granted/read/deep')), ERRNO.acces)
  assert.equal(guest.stat(at('secret/file')), ERRNO.acces)
  const write = `files.write ${at('granted/read/file')}`
  assert.deepEqual(guest.denied.slice(0, 5), [
    write,
    write,
    write,
    `files.write ${at('granted/read/new')}`,
    `files.read ${at('secret/file')}`,
  ])
})

test('whether what is not granted exists is not told; what is granted and missing is missing', (t) => {
  const { guest, at } = confined(t)
  for (const path of ['secret/nothing', 'nowhere/file', 'secret/file/below', 'granted/nothing']) {
    assert.equal(guest.readFile(at(path)), DENIED, path)
    assert.equal(guest.stat(at(path)), ERRNO.acces, path)
  }
  assert.equal(guest.readFile(at('granted/read/nothing')), -ERRNO.noEnt)
  assert.equal(guest.readFile(at('granted/read/no/thing')), -ERRNO.noEnt)
  assert.equal(guest.readFile(at('granted/read/file/below')), -ERRNO.notDir)
  assert.equal(guest.writeFile(at('granted/write/no/thing'), ''), -ERRNO.noEnt)
})

test('the folders on the way to what is granted can be looked at, and not listed', (t) => {
  const { guest, at } = confined(t)
  for (const path of ['/', '/tmp', at(''), at('granted')]) assert.equal(guest.stat(path), 0, path)
  assert.equal(guest.open(at('granted'), OPEN.directory), DENIED)
  assert.equal(guest.stat(at('granted/reader')), ERRNO.acces)
})

test('`..` leads nowhere else', (t) => {
  const { guest, at } = confined(t)
  assert.equal(guest.readFile(`${at('granted/read')}/../../secret/file`), DENIED)
  assert.equal(guest.readFile(`${at('granted/read')}/deep/../file`), 'readable')
  const folder = guest.open(at('granted/read'), OPEN.directory)
  assert.equal(guest.open('../../secret/file', 0, OPEN.read, { from: folder }), DENIED)
  assert.equal(guest.open('..', OPEN.directory, OPEN.read, { from: folder }), DENIED)
  assert.equal(guest.open(`/${at('secret/file')}`, 0, OPEN.read, { from: folder }), DENIED)
  const file = guest.open('deep/../file', 0, OPEN.read, { from: folder })
  assert.equal(guest.read(file), 'readable')
  symlinkSync(at('secret'), at('granted/read/away'))
  assert.equal(guest.readFile(`${at('granted/read')}/away/../secret/file`), DENIED)
})

test('links lead to nothing that is not granted, however many there are', (t) => {
  const { guest, at } = confined(t)
  const ways: [target: string, path: string][] = [
    [at('secret/file'), 'granted/write/absolute'],
    ['../../secret/file', 'granted/write/relative'],
    ['relative', 'granted/write/second'],
    [at('secret'), 'granted/write/folder'],
    ['/proc/self/root', 'granted/write/root'],
    ['loop', 'granted/write/loop'],
  ]
  for (const [target, path] of ways) assert.equal(guest.symlink(target, at(path)), 0)
  for (const path of ['absolute', 'relative', 'second', 'folder/file', `root${at('secret/file')}`]) {
    const full = at(`granted/write/${path}`)
    assert.equal(guest.readFile(full), DENIED, path)
    assert.equal(guest.readFile(`${full}/`), DENIED, path)
    assert.equal(guest.writeFile(full, 'changed'), DENIED, path)
    assert.equal(guest.stat(full), ERRNO.acces, path)
    assert.equal(guest.setTimes(full, 1), ERRNO.acces, path)
    assert.equal(guest.link(full, at('granted/write/hard'), 1), ERRNO.acces, path)
  }
  assert.equal(guest.withPath('path_unlink_file', at('granted/write/folder/file')), ERRNO.acces)
  assert.equal(guest.withPath('path_create_directory', at('granted/write/folder/new')), ERRNO.acces)
  assert.equal(guest.rename(at('granted/write/absolute'), at('granted/write/folder/moved')), ERRNO.acces)
  assert.equal(guest.rename(at('granted/write/folder/file'), at('granted/write/stolen')), ERRNO.acces)
  assert.equal(guest.symlink('x', at('granted/write/folder/link')), ERRNO.acces)
  assert.equal(guest.readFile(at('granted/write/loop')), -ERRNO.loop)
  assert.equal(guest.stat(at('granted/write/absolute'), 0), 0)
  guest.symlink('../read/file', at('granted/write/fine'))
  assert.equal(guest.readFile(at('granted/write/fine')), 'readable')
  assert.equal(guest.writeFile(at('granted/write/fine'), 'changed'), DENIED)
})

test('nothing is made through a link that leads to nothing outside', (t) => {
  const { guest, at } = confined(t)
  guest.symlink(at('secret/new'), at('granted/write/dangling'))
  assert.equal(guest.writeFile(at('granted/write/dangling'), 'made'), DENIED)
  assert.equal(guest.open(at('granted/write/dangling'), OPEN.create | OPEN.exclusive, OPEN.write), -ERRNO.exist)
  assert.equal(guest.withPath('path_create_directory', at('granted/write/dangling')), ERRNO.exist)
  guest.symlink('inside', at('granted/write/near'))
  assert.equal(guest.writeFile(at('granted/write/near'), 'made'), 0)
  assert.equal(readFileSync(at('granted/write/inside'), 'utf8'), 'made')
})

test('nothing is moved or linked out of what is granted, nor into it', (t) => {
  const { guest, at } = confined(t)
  guest.writeFile(at('granted/write/mine'), 'mine')
  assert.equal(guest.rename(at('granted/write/mine'), at('secret/mine')), ERRNO.acces)
  assert.equal(guest.rename(at('secret/file'), at('granted/write/file')), ERRNO.acces)
  assert.equal(guest.rename(at('granted/read/file'), at('granted/write/file')), ERRNO.acces)
  assert.equal(guest.link(at('secret/file'), at('granted/write/hard')), ERRNO.acces)
  assert.equal(guest.link(at('granted/write/mine'), at('secret/hard')), ERRNO.acces)
  // The second name would be a way to change what may only be read.
  assert.equal(guest.link(at('granted/read/file'), at('granted/write/hard')), ERRNO.acces)
  assert.equal(guest.link(at('granted/write/mine'), at('granted/write/hard')), 0)
  assert.equal(guest.rename(at('granted/write/mine'), at('granted/write/moved')), 0)
  assert.deepEqual(readdirSync(at('granted/write')).sort(), ['hard', 'moved'])
})

test('a folder that is held stays what it is when a link takes its place', (t) => {
  const { guest, at } = confined(t)
  mkdirSync(at('granted/write/folder'))
  const folder = guest.open(at('granted/write/folder'), OPEN.directory)
  renameSync(at('granted/write/folder'), at('granted/write/moved'))
  symlinkSync(at('secret'), at('granted/write/folder'))
  assert.equal(guest.open('new', OPEN.create, OPEN.write, { from: folder }) > 0, true)
  assert.equal(existsSync(at('granted/write/moved/new')), true)
  // Taken out of what is granted it can still be listed, but nothing in it can be reached.
  renameSync(at('granted/write/moved'), at('moved'))
  assert.equal(guest.open('new', 0, OPEN.read, { from: folder }), DENIED)
})

test('who exchanges a folder or a file for a link after the check gains nothing', (t) => {
  const { guest, at, files } = confined(t)
  const granted = new GrantedFiles(new FileGrants(files), guest.system.denied)
  /** A guest whose calls are interrupted when their paths have been checked. */
  const racing = (exchange: () => void) => {
    const access: FileAccess = {
      at: (path, use, follow, then) =>
        granted.at(path, use, follow, (place) => {
          exchange()
          return then(place)
        }),
    }
    return { opener: new FileOpener(access, () => undefined), functions: pathFunctions(guest.system, access) }
  }
  const request = { follow: true, oflags: 0, rights: Number(OPEN.read), fdflags: 0 }

  mkdirSync(at('granted/write/folder'))
  writeFileSync(at('granted/write/folder/file'), 'own')
  const folderForLink = () => {
    renameSync(at('granted/write/folder'), at('granted/write/before'))
    symlinkSync(at('secret'), at('granted/write/folder'))
  }
  const opened = racing(folderForLink).opener.open({ ...request, path: at('granted/write/folder/file') })
  assert.ok(opened instanceof FileDescriptor)
  const text = Buffer.alloc(9)
  assert.equal(text.toString('utf8', 0, opened.read(text)), 'own')
  opened.close()

  const fileForLink = () => {
    rmSync(at('granted/write/file'), { force: true })
    symlinkSync(at('secret/file'), at('granted/write/file'))
  }
  const path = at('granted/write/file')
  for (const oflags of [0, OPEN.create, OPEN.truncate]) {
    rmSync(path, { force: true })
    writeFileSync(path, 'own')
    const rights = Number(OPEN.both)
    assert.throws(() => racing(fileForLink).opener.open({ ...request, path, oflags, rights }), /ELOOP/)
  }
  rmSync(path)
  writeFileSync(path, 'own')
  const secretTimes = statSync(at('secret/file')).mtimeMs
  const name = Buffer.from(path)
  guest.memory.bytes(0, name.length).set(name)
  const setTimes = racing(fileForLink).functions.path_filestat_set_times as (...parameters: unknown[]) => number
  assert.equal(setTimes(3, 1, 0, name.length, 5n, 5n, 5), 0)
  assert.equal(statSync(at('secret/file')).mtimeMs, secretTimes)
})

test('what is granted by name cannot be exchanged for a link, which the next start would follow', (t) => {
  const { guest, at, files } = confined(t)
  guest.writeFile(at('granted/one'), 'one')
  assert.equal(guest.withPath('path_remove_directory', at('granted/write')), ERRNO.acces)
  assert.equal(guest.withPath('path_unlink_file', at('granted/one')), ERRNO.acces)
  assert.equal(guest.rename(at('granted/write'), at('granted/write/x')), ERRNO.acces)
  guest.symlink(at('secret/file'), at('granted/write/link'))
  assert.equal(guest.rename(at('granted/write/link'), at('granted/one')), ERRNO.acces)
  assert.equal(lstatSync(at('granted/one')).isFile(), true)
  // A granted path that leads over a link which the guest could have put there grants nothing.
  const next = new FakeGuest({ files: { ...files, read: [at('granted/write/link')] } })
  assert.equal(next.readFile(at('granted/write/link')), DENIED)
  assert.equal(next.readFile(at('secret/file')), DENIED)
})

test('granted paths may be links, and may not exist yet', (t) => {
  const { at } = confined(t)
  symlinkSync(at('granted/read'), at('alias'))
  const guest = new FakeGuest({ files: { read: [at('alias')], write: [at('later')] } })
  assert.equal(guest.readFile(at('alias/file')), 'readable')
  assert.equal(guest.readFile(at('granted/read/file')), 'readable')
  assert.equal(guest.stat(at('alias'), 0), 0)
  assert.equal(guest.withPath('path_create_directory', at('later')), 0)
  assert.equal(guest.writeFile(at('later/file'), 'text'), 0)
  assert.deepEqual(guest.denied, [])
})

test('what is open for reading is not changed by other ways', (t) => {
  const { guest, at } = confined(t)
  const before = statSync(at('granted/read/file')).mtimeMs
  const fd = guest.open(at('granted/read/file'))
  assert.equal(guest.write(fd, 'x'), -ERRNO.badf)
  assert.notEqual(guest.call('fd_filestat_set_size', fd, 0n), 0)
  assert.notEqual(guest.call('fd_allocate', fd, 0n, 100n), 0)
  assert.equal(guest.call('fd_filestat_set_times', fd, 5n, 5n, 5), ERRNO.acces)
  assert.equal(statSync(at('granted/read/file')).mtimeMs, before)
})

test('certificates and time zones stay readable, and cannot be written', () => {
  const guest = new FakeGuest({ files: { read: [], write: [] } })
  for (const path of ['/etc/ssl/certs/ca-certificates.crt', '/usr/share/zoneinfo/UTC', '/etc/localtime']) {
    const read = guest.readFile(path)
    // A small machine may have none.
    assert.ok(typeof read === 'string' || read === -ERRNO.noEnt, path)
    assert.equal(guest.writeFile(path, ''), DENIED)
  }
  assert.equal(guest.readFile('/etc/passwd'), DENIED)
})

test('a guest cannot take all descriptors of the process', (t) => {
  const { guest, at } = confined(t)
  const opened: number[] = []
  for (;;) {
    const fd = guest.open(at('granted/read/file'))
    if (fd < 0) {
      assert.equal(fd, -ERRNO.mfile)
      break
    }
    opened.push(fd)
  }
  assert.equal(opened.length, 1024)
  guest.descriptors.close(opened[0] ?? 0)
  assert.ok(guest.open(at('granted/read/file')) > 0)
})
