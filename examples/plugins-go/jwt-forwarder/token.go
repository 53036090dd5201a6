package main

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// verify checks an ES256 token and returns its claims.
func verify(token string, keys *keySet, now time.Time) (map[string]interface{}, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("this is no token")
	}
	var head struct {
		Algorithm string `json:"alg"`
		ID        string `json:"kid"`
	}
	if err := decodePart(parts[0], &head); err != nil {
		return nil, err
	}
	if head.Algorithm != "ES256" {
		return nil, fmt.Errorf("algorithm %q", head.Algorithm)
	}
	key := keys.find(head.ID)
	if key == nil {
		return nil, fmt.Errorf("key %q is not known", head.ID)
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(signature) != 64 {
		return nil, errors.New("the signature cannot be read")
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	if !ecdsa.Verify(key, digest[:], r, s) {
		return nil, errors.New("the signature does not fit")
	}
	var claims map[string]interface{}
	if err := decodePart(parts[1], &claims); err != nil {
		return nil, err
	}
	expires, ok := claims["exp"].(float64)
	if !ok || now.Unix() >= int64(expires) {
		return nil, errors.New("it has expired")
	}
	return claims, nil
}

func decodePart(part string, into interface{}) error {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}
