import type { PluginTemplate } from './template.ts'

/** What `plugin init` writes of a Go plugin of a kind. The texts hold NAME where the plugin's name shall stand. */
export interface GoTemplate extends Pick<PluginTemplate, 'kind' | 'level' | 'exampleOptions'> {
  /** The names that the configuration lists; by default the plugin's. */
  readonly names?: readonly string[]
  /** `main.go`. */
  readonly source: string
  /** `main_test.go`, with the standard library alone. */
  readonly test: string
}

/** The logger of the gateway, for plugins that want it. */
export const LOGGER = `
// logger is the gateway's; it is set before anything is registered.
var logger Logger = noLogger{}

// RegisterLogger gives the plugin the gateway's log.
func (registerer) RegisterLogger(v interface{}) {
	if l, ok := v.(Logger); ok {
		logger = l
	}
}

// Logger is what the plugin uses of the gateway's log.
type Logger interface {
	Debug(v ...interface{})
	Error(v ...interface{})
}

type noLogger struct{}

func (noLogger) Debug(...interface{}) {}
func (noLogger) Error(...interface{}) {}
`
