/**
 * What stays readable to a guest whose files are confined: without the certificates of authorities it could call nothing
 * over TLS, without the zones it could not tell the time, and http.FileServer looks for the types of files. There is
 * nothing secret in them. They cannot be written.
 */
export const STANDARD_FILES: readonly string[] = [
  '/etc/ssl/certs',
  '/etc/ssl/cert.pem',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/certs',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted',
  // The links in /etc/ssl/certs lead to these.
  '/usr/share/ca-certificates',
  '/usr/local/share/ca-certificates',
  '/usr/share/zoneinfo',
  '/usr/share/lib/zoneinfo',
  '/usr/lib/locale/TZ',
  '/etc/zoneinfo',
  '/etc/localtime',
  '/etc/mime.types',
  '/etc/apache/mime.types',
  '/etc/apache2/mime.types',
  '/etc/httpd/conf/mime.types',
  '/usr/share/mime/globs2',
  '/usr/local/share/mime/globs2',
]
