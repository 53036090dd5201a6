import { NAMESPACES } from '../../plugins/registry.ts'
import type { PluginKind } from '../../plugins/runtime.ts'
import { VERSION } from '../../product.ts'
import { clientTemplate } from './client.ts'
import { exampleConfig, pluginBlock } from './example-config.ts'
import { middlewareTemplate } from './middleware.ts'
import { modifierTemplate } from './modifier.ts'
import { serverTemplate } from './server.ts'
import type { PluginTemplate } from './template.ts'

export type PluginLanguage = 'ts' | 'js'

const TEMPLATES: Record<PluginKind, PluginTemplate> = {
  server: serverTemplate,
  modifier: modifierTemplate,
  middleware: middlewareTemplate,
  client: clientTemplate,
}

/** The files of a new plugin by their names. */
export function pluginFiles(kind: PluginKind, name: string, language: PluginLanguage): Record<string, string> {
  const template = TEMPLATES[kind]
  const fill = (text: string) => {
    // a key of an object needs quotes unless it is a plain word
    const asKey = /^[A-Za-z_$][\w$]*$/.test(name) ? name : `'${name}'`
    return text.replaceAll('NAME: {', `${asKey}: {`).replaceAll('NAME', name).replaceAll('EXTENSION', language)
  }
  return {
    'package.json': json(packageJson(template, name, language)),
    [`index.${language}`]: fill(template.source),
    [`index.test.${language}`]: fill(template.test),
    'tsconfig.json': json(tsconfig(language)),
    'krakend.json': exampleConfig({ ...template, names: [name] }, name, 'index.'),
    'README.md': readme(template, name, language),
  }
}

function packageJson({ purpose }: PluginTemplate, name: string, language: PluginLanguage): object {
  const types = { '@types/node': '>=26', typescript: '>=5.9' }
  return {
    name,
    version: '0.1.0',
    private: true,
    description: purpose,
    type: 'module',
    exports: `./index.${language}`,
    scripts: { test: 'loligo plugin test', start: 'loligo run --watch -c krakend.json', typecheck: 'tsc -p .' },
    devDependencies: { ...types, loligo: VERSION },
  }
}

/** JavaScript is checked as well: the types of `loligo/plugin` find most mistakes before a test does. */
function tsconfig(language: PluginLanguage): object {
  return {
    compilerOptions: {
      target: 'esnext',
      module: 'nodenext',
      types: ['node'],
      strict: true,
      ...(language === 'ts'
        ? { erasableSyntaxOnly: true, verbatimModuleSyntax: true, allowImportingTsExtensions: true }
        : { allowJs: true, checkJs: true }),
      noEmit: true,
    },
    include: [`*.${language}`],
  }
}

const LEVELS: Record<PluginTemplate['level'], string> = {
  service: 'the root',
  endpoint: 'an endpoint or a backend',
  backend: 'a backend',
}

function readme(template: PluginTemplate, name: string, language: PluginLanguage): string {
  const { kind, purpose, options, level } = template
  const block = json({ extra_config: { [NAMESPACES[kind]]: pluginBlock({ ...template, names: [name] }, name) } })
  const rows = options.map(([option, byDefault, meaning]) => `| \`${option}\` | ${byDefault} | ${meaning} |\n`).join('')
  return `# ${name}

${purpose} A ${kind} plugin for Loligo, in \`index.${language}\`.

| Option | Default | Meaning |
| ------ | ------- | ------- |
${rows}
## Test it

    loligo plugin test

runs \`index.test.${language}\`. Nothing need be installed for it. For types in an editor and for \`npm run typecheck\`, install the package of the
gateway here, as the file that \`npm pack\` makes of it: \`npm install --save-dev PATH/TO/loligo-${VERSION}.tgz\`.

## Try it

    loligo run --watch -c krakend.json
    curl -i http://localhost:8080/hello

With \`--watch\` a saved change takes effect at once; the log says \`generation 2 serves\`, or why not.

## Use it

Copy this folder into the plugin folder of a gateway (\`"plugin": { "folder": "./plugins/" }\` at the root of its configuration), and
name the plugin at ${LEVELS[level]}:

\`\`\`json
${block}\`\`\`
`
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
