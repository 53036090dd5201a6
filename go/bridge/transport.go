package bridge

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"net/http"
	"time"
)

// transportSettings are those that the gateway has for its own calls: the default transport of package net/http gets them
// too, as in the reference.
type transportSettings struct {
	DisableKeepAlives     bool     `json:"disableKeepAlives"`
	DisableCompression    bool     `json:"disableCompression"`
	MaxIdleConnections    int      `json:"maxIdleConnections"`
	MaxIdlePerHost        int      `json:"maxIdleConnectionsPerHost"`
	IdleConnectionMs      float64  `json:"idleConnectionTimeoutMs"`
	ResponseHeaderMs      float64  `json:"responseHeaderTimeoutMs"`
	ExpectContinueMs      float64  `json:"expectContinueTimeoutMs"`
	DialerMs              float64  `json:"dialerTimeoutMs"`
	DialerKeepAliveMs     float64  `json:"dialerKeepAliveMs"`
	DialerFallbackDelayMs float64  `json:"dialerFallbackDelayMs"`
	AllowInsecure         bool     `json:"allowInsecureConnections"`
	Authorities           []string `json:"authorities"`
	SystemAuthorities     bool     `json:"systemAuthorities"`
	MinVersion            uint16   `json:"minVersion"`
	MaxVersion            uint16   `json:"maxVersion"`
	Certificates          []struct {
		Certificate string `json:"certificate"`
		Key         string `json:"key"`
	} `json:"certificates"`
}

const tlsHandshakeTimeout = 10 * time.Second

// ConfigureTransport gives the default transport the settings of the gateway, which come as JSON. The builder names it for
// sources that use the network: the others are a quarter smaller without it.
func ConfigureTransport(text []byte) {
	var s *transportSettings
	t, ok := http.DefaultTransport.(*http.Transport)
	if json.Unmarshal(text, &s) != nil || s == nil || !ok {
		return
	}
	dialer := &net.Dialer{
		Timeout: milliseconds(s.DialerMs), KeepAlive: milliseconds(s.DialerKeepAliveMs), FallbackDelay: milliseconds(s.DialerFallbackDelayMs),
	}
	t.DialContext = dialer.DialContext
	t.DisableKeepAlives = s.DisableKeepAlives
	t.DisableCompression = s.DisableCompression
	t.MaxIdleConns = s.MaxIdleConnections
	t.MaxIdleConnsPerHost = s.MaxIdlePerHost
	t.IdleConnTimeout = milliseconds(s.IdleConnectionMs)
	t.ResponseHeaderTimeout = milliseconds(s.ResponseHeaderMs)
	t.ExpectContinueTimeout = milliseconds(s.ExpectContinueMs)
	t.TLSHandshakeTimeout = tlsHandshakeTimeout
	if config := tlsConfig(s); config != nil {
		t.TLSClientConfig = config
	}
}

func tlsConfig(s *transportSettings) *tls.Config {
	config := &tls.Config{InsecureSkipVerify: s.AllowInsecure, MinVersion: s.MinVersion, MaxVersion: s.MaxVersion}
	if len(s.Authorities) > 0 {
		pool := x509.NewCertPool()
		if s.SystemAuthorities {
			if system, err := x509.SystemCertPool(); err == nil {
				pool = system
			}
		}
		for _, pem := range s.Authorities {
			pool.AppendCertsFromPEM([]byte(pem))
		}
		config.RootCAs = pool
	}
	for _, pair := range s.Certificates {
		if certificate, err := tls.X509KeyPair([]byte(pair.Certificate), []byte(pair.Key)); err == nil {
			config.Certificates = append(config.Certificates, certificate)
		}
	}
	if !s.AllowInsecure && config.RootCAs == nil && config.Certificates == nil && s.MinVersion == 0 && s.MaxVersion == 0 {
		return nil
	}
	return config
}

func milliseconds(ms float64) time.Duration {
	return time.Duration(ms * float64(time.Millisecond))
}
