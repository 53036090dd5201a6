import { spawnSync } from 'node:child_process'
import { CASES } from './cases.ts'

/** Where nginx passes the paths of the plain cases on to. */
const TARGETS: Readonly<Record<string, string>> = { '/noop': '/small', '/noop-9k': '/large' }

/** Whether there is an nginx to compare with. */
export function hasNginx(): boolean {
  return spawnSync('nginx', ['-v']).error === undefined
}

/** nginx as a plain proxy: one worker, connections kept alive on both sides, nothing logged. */
export function nginxConfig(port: number, upstreamPort: number, folder: string): string {
  const locations = CASES.filter((one) => one.plainProxy).map(
    ({ path, completed }) => `
    location = ${path} {
      proxy_pass http://upstream${TARGETS[path] ?? path};
      add_header X-Krakend "Version nginx";
      add_header X-Krakend-Completed ${completed};
    }`,
  )
  return `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000000;
  proxy_max_temp_file_size 0;
  upstream upstream { server 127.0.0.1:${upstreamPort}; keepalive 250; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header Accept-Encoding gzip;${locations.join('')}
  }
}
`
}
