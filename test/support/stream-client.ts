import { type ClientRequest, type IncomingMessage, request } from 'node:http'

/** Sends a request, with POST only its head (the body is left to the test), and gives the response as soon as its head is there. */
export function openRequest(
  port: number,
  target: string,
  options: { readonly method?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): { readonly outgoing: ClientRequest; readonly response: Promise<IncomingMessage> } {
  const outgoing = request({ host: '127.0.0.1', port, path: target, agent: false, ...options })
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on('response', resolve).on('error', reject)
  })
  response.catch(() => {}) // a test that breaks off may not wait for it
  if (options.method !== 'POST') outgoing.end()
  return { outgoing, response }
}
