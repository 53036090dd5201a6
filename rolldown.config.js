// Bundles the gateway for the package: one file per entry, shared code in chunks beside them (the threads and plugins
// find their entries relative to these).
export default {
  input: {
    cli: 'src/cli/main.ts',
    thread: 'src/supervisor/thread.ts',
    index: 'src/index.ts',
    plugin: 'src/sdk/plugin.ts',
  },
  platform: 'node',
  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    minify: false,
  },
}
