//go:build wasm

package x509

// Where the distributions of Linux keep their roots. The first file that is there counts.
var certFiles = []string{
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/pki/tls/cacert.pem",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/cert.pem",
}

// All files in them are read.
var certDirectories = []string{
	"/etc/ssl/certs",
	"/etc/pki/tls/certs",
}
