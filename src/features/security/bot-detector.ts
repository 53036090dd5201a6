import { defineFeature, type ServiceTools } from '../../config/feature.ts'
import { type Static, Type } from '../../config/type.ts'
import type { Problem } from '../../config/validate.ts'
import { HttpResponse, type HttpStage } from '../../pipes/http.ts'
import { firstValue } from '../../security/forwarded-address.ts'

const NAMESPACE = 'security/bot-detector'

const BOT_OPTIONS = Type.Object({
  allow: Type.Array(Type.String(), {
    description: 'user agents that are never bots; exact, with their case',
    default: [],
  }),
  deny: Type.Array(Type.String(), { description: 'user agents that are bots; exact, with their case', default: [] }),
  patterns: Type.Array(Type.String(), {
    description: 'regular expressions (RE2): a user agent in which one of them is found is a bot',
    default: [],
  }),
  empty_user_agent_is_bot: Type.Boolean({ description: 'requests without `User-Agent` are from bots', default: false }),
  cache_size: Type.Integer({
    description: 'for how many user agents each thread remembers what the patterns said; 0: none',
    minimum: 0,
    maximum: 1_000_000,
    default: 0,
  }),
})

type BotOptions = Static<typeof BOT_OPTIONS>

/** `security/bot-detector`: refuses requests by their user agent. Specification: traffic-security 8. */
export const botDetector = defineFeature({
  namespace: NAMESPACE,
  options: BOT_OPTIONS,
  wrongOptions: 'ignored',
  check: checkBots,
  router: (options, tools) => makeStage(options, tools, ''),
  endpoint: (options, tools) => makeStage(options, tools, `${tools.endpoint.where}.`),
})

async function makeStage(
  options: BotOptions,
  { config, logAs }: ServiceTools,
  owner: string,
): Promise<HttpStage | null> {
  if (isIdle(options)) return null
  const log = logAs('[SERVICE: Gin][Botdetector]')
  const { compileBotTest } = await import('../../security/bot-detector.ts')
  const { allow, deny, patterns, empty_user_agent_is_bot: emptyIsBot, cache_size: cacheSize } = options
  try {
    const isBot = await compileBotTest({ allow, deny, patterns, emptyIsBot, cacheSize })
    return (next) => (request, context) => {
      if (!isBot(firstValue(request.headers.raw, 'user-agent'))) return next(request, context)
      log.error('bot rejected')
      return Promise.resolve(new HttpResponse(403))
    }
  } catch (cause) {
    const message = `${owner}extra_config."${NAMESPACE}".patterns: ${(cause as Error).message}`
    if (!config.lenient) throw new Error(message, { cause })
    log.warning(`${message} (no user agent is refused here)`)
    return null
  }
}

function isIdle({ deny, patterns, empty_user_agent_is_bot: emptyIsBot }: BotOptions): boolean {
  return deny.length === 0 && patterns.length === 0 && !emptyIsBot
}

function checkBots(options: BotOptions): readonly Problem[] {
  if (!isIdle(options)) return []
  const message = 'it refuses nothing: "deny" and "patterns" are empty'
  return [{ code: 'CONFIG_WITHOUT_EFFECT', severity: 'warning', path: [], message }]
}
