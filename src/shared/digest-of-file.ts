import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'

const PIECE_BYTES = 64 * 1024

/**
 * The SHA-256 of what a file holds, in Base64. It is read in pieces into one buffer: files of plugins are large, and what
 * each thread reads of them would stay in memory for long.
 * @throws as `open` and `read`
 */
export async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  const piece = Buffer.allocUnsafeSlow(PIECE_BYTES)
  const file = await open(path)
  try {
    for (;;) {
      const { bytesRead } = await file.read(piece, 0, PIECE_BYTES, null)
      if (bytesRead === 0) return hash.digest('base64')
      hash.update(piece.subarray(0, bytesRead))
    }
  } finally {
    await file.close()
  }
}
