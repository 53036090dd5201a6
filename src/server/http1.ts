import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import { answer, breakOff } from './answering.ts'
import { endBroken, endConnect } from './broken-request.ts'
import { type Connection, type ConnectionSocket, Exchange, type ExchangeOwner, type Tenure } from './exchange.ts'
import { guard } from './guard.ts'
import { MAX_FIELDS, refusalOf } from './head-check.ts'
import { toHttpRequest } from './incoming.ts'
import { lingerAtEnd } from './lingering-close.ts'
import { writeResponse } from './outgoing.ts'
import { Pipeline } from './pipeline.ts'
import { type Refusal, refuse } from './refusal.ts'
import { tellLeaving, turnAway } from './turn-away.ts'
import { endsConnection } from './untaken-upgrade.ts'

/** The server, as far as requests of HTTP/1 need to know it. */
export interface Http1Owner extends ExchangeOwner {
  /** What answers requests that begin now. */
  readonly tenure: Tenure
  /** Answers close their connections. */
  readonly draining: boolean
  /** The health endpoint tells that the server is about to stop. */
  readonly leaving: boolean
  readonly isSecure: boolean
  open(socket: Socket): Connection
}

/** What a request expects before it sends its body: to be told to, or something that nobody knows. */
type Expectation = 'nothing' | 'continue' | 'unknown'

const UNKNOWN_EXPECTATION: Refusal = { status: 417, reason: '100-continue is the only expectation that can be met' }

/** Takes the requests that a server's parser finds, in the order of each connection, and answers them. */
export function serveHttp1(http: Server | HttpsServer, owner: Http1Owner): void {
  http.maxHeadersCount = MAX_FIELDS + 1 // beyond, Node leaves fields out: one more shows that there are too many
  http.on('request', (incoming, outgoing) => take(owner, incoming, outgoing, 'nothing'))
  http.on('checkContinue', (incoming, outgoing) => take(owner, incoming, outgoing, 'continue'))
  http.on('checkExpectation', (incoming, outgoing) => take(owner, incoming, outgoing, 'unknown'))
  http.on('connect', (_, socket) => endConnect(socket as ConnectionSocket))
  http.on('clientError', (error, socket) => endBroken(error, socket as ConnectionSocket, owner.log))
}

function take(owner: Http1Owner, incoming: IncomingMessage, outgoing: ServerResponse, expects: Expectation): void {
  const connection = (incoming.socket as ConnectionSocket).connection ?? owner.open(incoming.socket)
  if (connection.takesNoMore) return
  const { active, pipeline, socket } = connection
  if (active === 0 && pipeline === null && !socket.writableNeedDrain) {
    begin(owner, connection, incoming, outgoing, expects)
  } else enqueue(owner, connection, incoming, outgoing, expects)
}

function enqueue(
  owner: Http1Owner,
  connection: Connection,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  expects: Expectation,
): void {
  const { newest } = connection
  connection.newest = outgoing
  connection.pipeline ??= new Pipeline(connection.socket)
  connection.pipeline.add(() => {
    if (!isLast(newest)) begin(owner, connection, incoming, outgoing, expects)
  })
  if (connection.active === 0) connection.pipeline.next()
}

function begin(
  owner: Http1Owner,
  connection: Connection,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  expects: Expectation,
): void {
  if (owner.leaving && asksForHealth(incoming, owner)) {
    tellLeaving(outgoing)
    return
  }
  if (owner.admission.opens() || asksForHealth(incoming, owner)) {
    void serve(owner, connection, incoming, outgoing, expects)
    return
  }
  connection.newest = outgoing
  connection.waitFor(
    owner.admission,
    () => void serve(owner, connection, incoming, outgoing, expects),
    () => turnAway(incoming, outgoing),
  )
}

/** A gateway with much to do is well all the same: to replace it would leave more to do for the others. */
function asksForHealth({ method, url }: IncomingMessage, { tenure }: Http1Owner): boolean {
  return method === 'GET' && url === tenure.healthPath
}

/** Whether an answer has told the client that the connection closes. Node keeps that to itself. */
function isLast(outgoing: ServerResponse | null): boolean {
  return (outgoing as { readonly _last?: boolean } | null)?._last === true
}

async function serve(
  owner: Http1Owner,
  connection: Connection,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  expects: Expectation,
): Promise<void> {
  if (endsConnection(incoming)) outgoing.shouldKeepAlive = false
  const refusal = refusalOf(incoming) ?? (expects === 'unknown' ? UNKNOWN_EXPECTATION : null)
  if (refusal !== null) {
    refuseOne(owner, incoming, outgoing, refusal)
    return
  }
  const { tenure } = owner
  const exchange = new Exchange(owner, tenure, connection, incoming)
  connection.newest = outgoing
  if (tenure.writeDeadlines !== null) guard(tenure.writeDeadlines, outgoing, () => connection.socket.destroy())
  try {
    const request = toHttpRequest(incoming, connection.clientAddress, expects === 'continue' ? outgoing : null)
    request.remotePort = connection.peerPort
    if (owner.isSecure) request.secure = true
    const response = await tenure.gateway.handle(request, exchange)
    if (owner.draining) outgoing.shouldKeepAlive = false
    if (!incoming.complete) lingerAtEnd(connection.socket) // its client may be sending still
    answer(response, outgoing, writeResponse, exchange)
    if (isLast(outgoing)) connection.takesNoMore = true
  } catch (error) {
    breakOff(error, outgoing, exchange, owner.log)
  }
}

function refuseOne(owner: Http1Owner, { socket }: IncomingMessage, outgoing: ServerResponse, refusal: Refusal): void {
  const { connection } = socket as ConnectionSocket
  if (connection !== undefined) {
    connection.takesNoMore = true
    connection.farewell = null // this is its last answer
  }
  owner.log.debug(`[SERVICE: Gin] ${connection?.clientAddress ?? ''}: ${refusal.status}: ${refusal.reason}`)
  lingerAtEnd(socket)
  refuse(outgoing, refusal)
}
