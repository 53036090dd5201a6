import { type DataValue, definePlugin, ExactNumber, Type } from 'loligo/plugin'

/** Hides fields of the data, however deep they lie: `{ "email": "ada@example.org" }` becomes `{ "email": "***" }`. */
export const maskFields = definePlugin({
  name: 'mask-fields',

  options: Type.Object({
    fields: Type.Array(Type.String(), { minItems: 1, description: 'Names of the fields to hide' }),
    mask: Type.String({ default: '***', description: 'What is put in their place' }),
  }),

  // A factory runs once for each place that names the plugin, so what it prepares costs nothing per request.
  modifier: ({ fields, mask }) => {
    const hidden = new Set(fields)

    const maskIn = (value: DataValue): void => {
      if (Array.isArray(value)) for (const item of value) maskIn(item)
      else if (typeof value === 'object' && value !== null && !(value instanceof ExactNumber)) {
        for (const key of Object.keys(value)) {
          if (hidden.has(key)) value[key] = mask
          else maskIn(value[key] ?? null)
        }
      }
    }

    return {
      // Changed in place, so there is nothing to return.
      response: (response) => maskIn(response.data),
    }
  },
})
