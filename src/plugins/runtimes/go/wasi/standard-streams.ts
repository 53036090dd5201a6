import { type Descriptor, type DescriptorTable, FILE_TYPE } from './descriptor.ts'

/** Where what a guest prints goes. The bytes are a copy, which may be kept. */
export interface StandardOutput {
  readonly out: (bytes: Uint8Array) => void
  readonly err: (bytes: Uint8Array) => void
}

/** Opens the descriptors 0, 1 and 2: an input that is at its end, and two outputs. */
export function openStandardStreams(table: DescriptorTable, { out, err }: StandardOutput): void {
  table.add({ type: FILE_TYPE.characterDevice, read: () => 0, close: () => undefined }, 0)
  table.add(outputTo(out), 1)
  table.add(outputTo(err), 2)
}

/** What is taken at a time: the program comes again for the rest, and is held up when nobody takes it. */
const MOST_BYTES = 65_536

/** Its type is not known, for programs that find a character device believe that they write to a terminal. */
function outputTo(write: (bytes: Uint8Array) => void): Descriptor {
  return {
    type: FILE_TYPE.unknown,
    write: (source) => {
      const part = new Uint8Array(source.subarray(0, MOST_BYTES))
      write(part)
      return part.length
    },
    close: () => undefined,
  }
}
