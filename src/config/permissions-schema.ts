import { type Static, Type } from './type.ts'

const names = (description: string) => Type.Optional(Type.Array(Type.String(), { description }))

// Other keys are kept, so that the check can refuse them: in a list of what is granted none may be passed over.
const REST = { additionalProperties: true }

/** What a WebAssembly plugin may do. */
export const PermissionsSchema = Type.Object(
  {
    hosts: names('Where it may connect to: name, *.name, address or network, with or without a port; "*": everywhere'),
    env: names('Variables of the environment that it sees; NAME_* for all that begin so, "*" for all'),
    files: Type.Optional(
      Type.Union(
        [
          Type.Array(Type.String(), { description: 'Files and folders that it may read' }),
          Type.Object(
            { read: names('Files and folders that it may read'), write: names('Those that it may change as well') },
            REST,
          ),
        ],
        { description: 'Files and folders that it may use; a folder stands for all below it' },
      ),
    ),
    memory: Type.Optional(
      Type.Union([Type.String(), Type.Number()], {
        description: 'Most memory, such as "256MB", or bytes; 512MB when absent',
      }),
    ),
    time: Type.Optional(Type.Duration({ description: 'How long it may compute without a pause; 2s when absent' })),
  },
  { ...REST, description: 'What a WebAssembly plugin may do; what is not granted is denied. Everything when absent' },
)

export type PermissionsInput = Static<typeof PermissionsSchema>
