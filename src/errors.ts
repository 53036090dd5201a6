/**
 * Every code that a diagnostic of the gateway carries, in alphabetical order, with a short title and what to do about
 * it. A diagnostic may bring a more precise remedy; the one here is used otherwise. The list is also the page
 * `docs/reference/errors.md`; a test compares both.
 */
export const ERRORS = {
  CONFIG_ALIAS_SHADOWED: {
    title: 'One component is configured under two names',
    remedy: 'Remove the block with the old, long name; the one with the short name counts.',
  },
  CONFIG_COLON_PARAMETER: {
    title: 'A path segment begins with a colon',
    remedy: 'Write a parameter in braces, such as /users/{id}; a colon is taken literally.',
  },
  CONFIG_CONFLICTING_PARAMETERS: {
    title: 'Two endpoints name the parameter at the same place differently',
    remedy: 'Give the parameter the same name in all endpoints that share the path before it.',
  },
  CONFIG_CONTENT_TYPE_NOT_SENT: {
    title: 'Bodies are sent to backends without their type',
    remedy: 'Add "Content-Type" to input_headers; a list replaces the default, which is that header alone.',
  },
  CONFIG_CORS_DOUBTFUL: {
    title: 'What pages of other origins may do is probably not what was meant',
    remedy: 'Name the origins in full, and the methods in capitals.',
  },
  CONFIG_DUPLICATE_ENDPOINT: {
    title: 'Two endpoints have the same method and path',
    remedy: 'Remove one of the two, or change its method or path.',
  },
  CONFIG_EMBEDDED_PARAMETER: {
    title: 'A parameter does not fill its path segment',
    remedy: 'Let each {parameter} fill a whole segment, or set "disable_rest": true at the root.',
  },
  CONFIG_ENVIRONMENT_IGNORED: {
    title: 'A variable of the environment was ignored',
    remedy: 'Unset the variable, or give it a value of the right form.',
  },
  CONFIG_ENVIRONMENT_VALUE: {
    title: 'A variable of the environment has a value that does not fit the setting',
    remedy: 'Correct the variable or unset it; it replaces the setting of the same name in the file.',
  },
  CONFIG_FILE_UNREADABLE: {
    title: 'The configuration file cannot be read',
    remedy: 'Check the path after --config and the permissions of the file.',
  },
  CONFIG_INVALID_DURATION: {
    title: 'A duration cannot be understood',
    remedy: 'Write numbers, each with a unit (ns, us, µs, ms, s, m, h), such as 2s, 1m30s or 1500ms.',
  },
  CONFIG_INVALID_HOST: {
    title: 'A host is not of the accepted form',
    remedy:
      'Write http://name or https://name, with a port if needed and without a path; "disable_host_sanitize": true in the backend takes its hosts as they are.',
  },
  CONFIG_INVALID_LISTEN_IP: {
    title: 'listen_ip is not an address',
    remedy: 'Write an IPv4 or IPv6 address, such as 127.0.0.1 or ::1, or leave the key out to listen on all.',
  },
  CONFIG_INVALID_PATH: {
    title: 'The path of an endpoint is reserved or invalid',
    remedy: 'Choose a path without an asterisk and without the segments __debug, __echo and __health.',
  },
  CONFIG_INVALID_VALUE: {
    title: 'A value is outside of what is allowed',
    remedy: 'Choose one of the allowed values.',
  },
  CONFIG_MISSING_KEY: {
    title: 'A required key is missing',
    remedy: 'Add the key.',
  },
  CONFIG_MTLS_TRUSTS_ALL: {
    title: 'Clients with a certificate of any public authority may connect',
    remedy: 'Set "disable_system_ca_pool": true, so that the authorities of "ca_certs" alone count.',
  },
  CONFIG_NAMESPACE_MISPLACED: {
    title: 'A component has no effect at this place',
    remedy: 'Move the block to a place where the component works, or remove it.',
  },
  CONFIG_NAMESPACE_NOT_IMPLEMENTED: {
    title: 'A component is known but not available in this version',
    remedy:
      'Remove the block. Where it guards or changes traffic, --lenient starts without it, and without its protection.',
  },
  CONFIG_NAMESPACE_UNKNOWN: {
    title: 'A component is not known',
    remedy: 'Check the spelling of the namespace, or remove the block.',
  },
  CONFIG_NOT_AN_OBJECT: {
    title: 'The configuration is not an object',
    remedy: 'Put the settings into one object: {"version": 3, "endpoints": []}.',
  },
  CONFIG_NOT_PLAIN_DATA: {
    title: 'The configuration given by a program holds more than data',
    remedy: 'Pass plain objects, lists, strings, numbers and booleans: no functions and no class instances.',
  },
  CONFIG_NO_BACKENDS: {
    title: 'An endpoint has no backend',
    remedy: 'Add at least one object to the list "backend" of the endpoint.',
  },
  CONFIG_NO_OP_MERGE: {
    title: 'An endpoint with no-op has several backends',
    remedy: 'Leave one backend, or choose another output_encoding, such as json.',
  },
  CONFIG_PARAMETERS_MISMATCH: {
    title: 'A backend uses more parameters than its endpoint has',
    remedy: 'Declare every {parameter} of url_pattern in the path of the endpoint.',
  },
  CONFIG_RATE_LIMIT_CAPACITY: {
    title: 'The bucket of a rate limit holds less than the requests of a period',
    remedy: 'Set the capacity: how many requests may come at once after a pause.',
  },
  CONFIG_RATE_LIMIT_CLIENT: {
    title: 'A rate limit cannot tell clients apart, and refuses all of them',
    remedy: 'Set "key" to the name of the header or of the path parameter that identifies a client.',
  },
  CONFIG_RENAMED_KEY: {
    title: 'A key of an older configuration version is ignored',
    remedy: 'Use the new name of the key.',
  },
  CONFIG_RENDER_FAILED: {
    title: 'The template of the configuration cannot be rendered',
    remedy: 'Correct the template, or turn the flexible configuration off to read the file as it is.',
  },
  CONFIG_SECTION_NOT_IMPLEMENTED: {
    title: 'A section of the configuration is not available in this version',
    remedy: 'Remove the section. --lenient starts without it, and without what it protects.',
  },
  CONFIG_SYNTAX: {
    title: 'The configuration file is not well-formed',
    remedy: 'Correct the file at the place named.',
  },
  CONFIG_UNDEFINED_PARAMETER: {
    title: 'A backend uses a parameter that its endpoint does not have',
    remedy: 'Add the {parameter} to the path of the endpoint, or correct its name in url_pattern.',
  },
  CONFIG_UNKNOWN_DISCOVERY: {
    title: 'The kind of service discovery is not known',
    remedy: 'Use "static" or "dns" for sd; anything else is treated as static.',
  },
  CONFIG_UNKNOWN_ENCODING: {
    title: 'An encoding is not known',
    remedy: 'Check the spelling; an unknown encoding is treated as json.',
  },
  CONFIG_UNKNOWN_KEY: {
    title: 'A key is not known and ignored',
    remedy: 'Check the spelling; begin the name of a comment with @, $, _ or #.',
  },
  CONFIG_UNSUPPORTED_METHOD: {
    title: 'An endpoint has a method that endpoints cannot have',
    remedy: 'Use GET, POST, PUT, PATCH or DELETE; the endpoint was left out.',
  },
  CONFIG_UNSUPPORTED_VERSION: {
    title: 'The version of the configuration is not supported',
    remedy: 'Set "version": 3 after bringing the file to that version.',
  },
  CONFIG_WILDCARD_NOT_SUPPORTED: {
    title: 'The path of an endpoint ends in a wildcard',
    remedy: 'Name the segments with parameters, such as /files/{folder}/{name}.',
  },
  CONFIG_WITHOUT_EFFECT: {
    title: 'A setting is accepted and changes nothing',
    remedy: 'Remove the setting; the gateway runs without it.',
  },
  CONFIG_WRONG_TYPE: {
    title: 'A value has the wrong type',
    remedy: 'Write a value of the expected type.',
  },
  GATEWAY_NOT_BUILT: {
    title: 'The gateway cannot be built from a valid configuration',
    remedy: 'Correct the part of the configuration that the message names.',
  },
  PLUGINS_NOT_CHECKED: {
    title: 'The plugins were not checked, because their folder is not here',
    remedy: 'Run the check where the plugins are; the start needs them.',
  },
  PLUGIN_CLASH: {
    title: 'Two plugins of one kind have the same name',
    remedy: 'Remove one of the two files, or rename one of the plugins.',
  },
  PLUGIN_FACTORY_FAILED: {
    title: 'A plugin failed while it was set up with its options',
    remedy: 'Read the message of the plugin; correct its options or the plugin.',
  },
  PLUGIN_FILE_BROKEN: {
    title: 'The file of a plugin cannot be loaded',
    remedy: 'Correct the file, or take it out of the plugin folder.',
  },
  PLUGIN_FOLDER_UNREADABLE: {
    title: 'The plugin folder cannot be read',
    remedy: 'Check "plugin.folder" and the permissions; it is relative to the working directory.',
  },
  PLUGIN_NAME_MALFORMED: {
    title: 'The names of plugins are not given as they should be',
    remedy: 'Write the name, or the list of names, as strings.',
  },
  PLUGIN_NOT_FOUND: {
    title: 'A plugin is configured that no file provides',
    remedy: 'Check the spelling of the name, and that its file lies in the plugin folder.',
  },
  PLUGIN_OPTIONS_INVALID: {
    title: "A plugin's options do not fit its schema",
    remedy: 'Correct the options at the place named.',
  },
  PLUGIN_PACKAGE_MISSING: {
    title: 'An npm package that should hold plugins is not installed',
    remedy: 'Install it in the folder of the configuration file, or above it.',
  },
  PLUGIN_PERMISSIONS_UNSUPPORTED: {
    title: 'Permissions are configured for plugins that cannot be held to them',
    remedy: 'Take "permissions" out, or run the code elsewhere: plugins in TypeScript and JavaScript have all rights.',
  },
  PLUGIN_RUNTIME_MISSING: {
    title: 'The file of a plugin is of a kind that cannot be run',
    remedy: 'Provide the plugin as TypeScript, JavaScript or WebAssembly.',
  },
  TLS_FILES_NOT_CHECKED: {
    title: 'The files of certificates are not on this machine, so they were not checked',
    remedy: 'Run the check where the files are.',
  },
  TLS_FILE_UNUSABLE: {
    title: 'A file with a certificate or a key cannot be used',
    remedy: 'Give the paths of PEM files that the gateway may read; each key must belong to its certificate.',
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>

/** What the registry says about a code. */
export interface ErrorEntry {
  readonly title: string
  readonly remedy: string
}

/** A code of the registry. */
export type ErrorCode = keyof typeof ERRORS
