/** What a WebAssembly plugin may do outside of its own memory. */
export interface Permissions {
  /**
   * Where it may connect to: `name`, `name:port`, `*.name`, an address or a network (`10.0.0.0/8`), each with or without a
   * port. Null: everywhere.
   */
  readonly hosts: readonly string[] | null
  /** Environment variables that it sees; `NAME_*` stands for all that begin so. Null: all. */
  readonly env: readonly string[] | null
  /** Files and folders, as absolute paths; a folder stands for all below it. What may be written may be read. Null: all. */
  readonly files: { readonly read: readonly string[]; readonly write: readonly string[] } | null
  /** Most memory, in bytes. */
  readonly memoryBytes: number
  /** How long it may compute without a pause, in milliseconds. */
  readonly timeMs: number
}
