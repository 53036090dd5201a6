import { definePlugin, HttpError, HttpResponse, Type } from 'loligo/plugin'
import { readAnswer } from './soap/answer.ts'
import { compileRequest } from './soap/request.ts'

const NAME = '^[A-Za-z_][\\w.-]*$'

/** Lets a backend that speaks SOAP 1.1 be asked and answer in JSON. */
export const soapClient = definePlugin({
  name: 'soap-client',
  version: '1.0.0',

  options: Type.Object({
    operation: Type.String({ pattern: NAME, description: 'The element in the body of the envelope' }),
    namespace: Type.String({ minLength: 1, description: 'Its namespace' }),
    soap_action: Type.String({ pattern: '^[ !#-~]*$', default: '', description: 'For the header SOAPAction' }),
    qualified: Type.Boolean({ default: true, description: 'Whether parameters are in that namespace too' }),
    parameters: Type.Record(
      Type.String(),
      Type.String({ pattern: '^(body(\\..+)?|(params|query|header)\\..+|=[^]*)$' }),
      {
        default: {},
        description: 'From an element, dotted where it lies in another one, to where its value comes from',
      },
    ),
    required: Type.Array(Type.String(), { default: [], description: 'Parameters without which nothing is asked' }),
    lists: Type.Array(Type.String(), { default: [], description: 'Elements that are lists even where there is one' }),
    max_bytes: Type.Integer({ default: 1_048_576, minimum: 1024, description: 'The most that is read of an answer' }),
  }),

  client: (options, { counter }) => {
    const { max_bytes: maxBytes } = options
    const toEnvelope = compileRequest(options)
    const lists = new Set(options.lists)
    const action = `"${options.soap_action}"`
    const faults = counter('faults', { description: 'Answers with a fault, and those that were no answer' })

    return (next) => async (request, context) => {
      const envelope = await toEnvelope(request, context)
      request.method = 'POST'
      request.body = envelope
      request.headers.delete('content-encoding')
      request.headers.set('Content-Type', 'text/xml; charset=utf-8')
      request.headers.set('SOAPAction', action)
      request.headers.set('Accept', 'text/xml')
      const response = await next(request, context)
      try {
        return HttpResponse.json(await readAnswer(response, maxBytes, lists))
      } catch (error) {
        if (error instanceof HttpError) faults.add()
        throw error
      }
    }
  },
})
