import type { Path } from './path.ts'

/** A place in a text, both numbers from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** Finds where a value stands: at its key, or at the nearest place above it that is known. */
export type Locator = (path: Path) => Position | undefined

/** For what has no text, such as an object given by a program. */
export const nowhere: Locator = () => undefined

/** A value of a document with the places of its parts, whatever the format. */
export interface PositionNode {
  /** Where the value begins. */
  readonly offset: number
  /** Members of an object: the key, where the key begins, the value. */
  readonly members?: readonly PositionMember[]
  /** Items of a list. */
  readonly items?: readonly PositionNode[]
}

export interface PositionMember {
  readonly key: string
  readonly offset: number
  readonly node: PositionNode
}

/** A locator for a document's tree. Of equal keys the last one counts, as in the value. */
export function locatorOf(text: string, root: PositionNode | undefined): Locator {
  if (root === undefined) return nowhere
  return (path) => positionAt(text, offsetOf(root, path))
}

function offsetOf(root: PositionNode, path: Path): number {
  let node = root
  let { offset } = root
  for (const step of path) {
    if (typeof step === 'number') {
      // A lone value stands for a list of one: then the step leads nowhere else.
      if (node.items === undefined) continue
      const item = node.items[step]
      if (item === undefined) return offset
      node = item
      offset = item.offset
    } else {
      const member = node.members?.findLast((candidate) => candidate.key === step)
      if (member === undefined) return offset
      node = member.node
      offset = member.offset
    }
  }
  return offset
}

/** Line and column of an offset. */
export function positionAt(text: string, offset: number): Position {
  let line = 1
  let start = 0
  for (let end = text.indexOf('\n'); end !== -1 && end < offset; end = text.indexOf('\n', start)) {
    line++
    start = end + 1
  }
  return { line, column: offset - start + 1 }
}
