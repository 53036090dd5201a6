package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"sync"
	"time"
)

// keySet holds the public keys of an issuer, as they were when they were fetched last.
type keySet struct {
	url   string
	every time.Duration
	http  *http.Client

	mu    sync.RWMutex
	byID  map[string]*ecdsa.PublicKey
	ready chan struct{} // closed when there are keys
	once  sync.Once
}

func newKeySet(url string, every time.Duration) *keySet {
	return &keySet{url: url, every: every, http: &http.Client{Timeout: 5 * time.Second}, ready: make(chan struct{})}
}

// refresh fetches the keys now and then, until the gateway ends. What could not be fetched is tried again; the keys that
// there are stay in use.
func (k *keySet) refresh(ctx context.Context) {
	ticker := time.NewTicker(k.every)
	defer ticker.Stop()
	for {
		if err := k.fetch(ctx); err != nil {
			logger.Warning(fmt.Sprintf("[PLUGIN: %s] no keys from %s: %v", pluginName, k.url, err))
		}
		select {
		case <-ctx.Done():
			logger.Debug(fmt.Sprintf("[PLUGIN: %s] no more keys are fetched", pluginName))
			return
		case <-ticker.C:
		}
	}
}

func (k *keySet) fetch(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
	if err != nil {
		return err
	}
	resp, err := k.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	var set struct {
		Keys []struct {
			ID    string `json:"kid"`
			Type  string `json:"kty"`
			Curve string `json:"crv"`
			X     string `json:"x"`
			Y     string `json:"y"`
		} `json:"keys"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&set); err != nil {
		return err
	}
	byID := make(map[string]*ecdsa.PublicKey, len(set.Keys))
	for _, key := range set.Keys {
		if key.Type != "EC" || key.Curve != "P-256" {
			continue
		}
		x, errX := base64.RawURLEncoding.DecodeString(key.X)
		y, errY := base64.RawURLEncoding.DecodeString(key.Y)
		if errX != nil || errY != nil {
			return fmt.Errorf("key %q cannot be read", key.ID)
		}
		byID[key.ID] = &ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int).SetBytes(x), Y: new(big.Int).SetBytes(y)}
	}
	k.mu.Lock()
	k.byID = byID
	k.mu.Unlock()
	k.once.Do(func() { close(k.ready) })
	logger.Debug(fmt.Sprintf("[PLUGIN: %s] %d keys fetched", pluginName, len(byID)))
	return nil
}

// find looks a key up. The first requests wait a moment for the first keys.
func (k *keySet) find(id string) *ecdsa.PublicKey {
	select {
	case <-k.ready:
	case <-time.After(time.Second):
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.byID[id]
}
