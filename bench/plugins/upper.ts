import { definePlugin, Type } from 'loligo/plugin'

/** A modifier: writes one field of the data in upper case. */
export const upper = definePlugin({
  name: 'bench-upper',
  options: Type.Object({ field: Type.String() }),
  modifier: (options) => ({
    response(response) {
      const value = response.data?.[options.field]
      if (response.data !== null && typeof value === 'string') response.data[options.field] = value.toUpperCase()
    },
  }),
})
