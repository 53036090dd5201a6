import type { GatewayConfig } from '../config/model.ts'

/** What of a configuration takes no effect in a process that was started with another one, and needs a restart. */
export function needsRestart(started: GatewayConfig, next: GatewayConfig): string[] {
  const told: string[] = []
  if (next.port !== started.port) told.push(`the port stays ${started.port}: ${next.port} needs a restart`)
  if (next.listenIp !== started.listenIp) {
    const name = ({ listenIp }: GatewayConfig) => (listenIp === '' ? 'all addresses' : listenIp)
    told.push(`listen_ip stays ${name(started)}: ${name(next)} needs a restart`)
  }
  if ((next.tls === null) !== (started.tls === null)) {
    const [stays, not] = started.tls === null ? ['HTTP', 'HTTPS'] : ['HTTPS with its last certificates', 'HTTP']
    told.push(`the port stays with ${stays}: ${not} needs a restart`)
  }
  return told
}
