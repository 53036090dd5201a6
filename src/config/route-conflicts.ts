import { inColonForm } from './endpoint-path.ts'
import type { Path } from './path.ts'
import type { Report } from './report.ts'

interface Place {
  /** Who first put something here, as `GET /path (endpoints[1])`. */
  readonly owner: string
  /** The path up to here, as it was first written. */
  readonly prefix: string
  /** The segment as it was first written. */
  readonly segment: string
  readonly below: Map<string, Place>
  /** The endpoint that ends here. */
  end: string | undefined
}

/**
 * Finds endpoints of one method that the router could not tell apart: the same path twice, or two names for the
 * parameter at the same place (specification: core 1.2). A static and a parameter segment at one place are fine.
 */
export class RouteConflicts {
  readonly #roots = new Map<string, Place>()
  readonly #report: Report

  constructor(report: Report) {
    this.#report = report
  }

  /** @param where path of the endpoint's object, `['endpoints', 3]` */
  add(method: string, path: string, where: Path): void {
    const owner = `${method} ${path} (endpoints[${where[1]}])`
    let place = this.#rootOf(method, owner)
    for (const segment of path.split('/').slice(1)) {
      const shape = segment.replace(/\{[^{}]+\}/g, '{}')
      let next: Place | undefined = place.below.get(shape)
      if (next === undefined) {
        next = { owner, prefix: `${place.prefix}/${segment}`, segment, below: new Map(), end: undefined }
        place.below.set(shape, next)
      } else if (next.segment !== segment) {
        this.#conflict(owner, path, segment, next, where)
        return
      }
      place = next
    }
    if (place.end === undefined) place.end = owner
    else this.#duplicate(owner, path, place.end, where)
  }

  #rootOf(method: string, owner: string): Place {
    const known = this.#roots.get(method)
    if (known !== undefined) return known
    const root: Place = { owner, prefix: '', segment: '', below: new Map(), end: undefined }
    this.#roots.set(method, root)
    return root
  }

  #conflict(owner: string, path: string, segment: string, taken: Place, where: Path): void {
    const message =
      `${owner} conflicts with ${taken.owner}: '${inColonForm(segment)}' in new path '${inColonForm(path)}' conflicts with ` +
      `existing wildcard '${inColonForm(taken.segment)}' in existing prefix '${inColonForm(taken.prefix)}'`
    const remedy = `Use the same name in both endpoints: ${taken.segment} or ${segment}.`
    this.#report.add({ code: 'CONFIG_CONFLICTING_PARAMETERS', path: [...where, 'endpoint'], message, remedy })
  }

  #duplicate(owner: string, path: string, other: string, where: Path): void {
    const message = `${owner} repeats ${other}: handlers are already registered for path '${inColonForm(path)}'`
    this.#report.add({ code: 'CONFIG_DUPLICATE_ENDPOINT', path: [...where, 'endpoint'], message })
  }
}
