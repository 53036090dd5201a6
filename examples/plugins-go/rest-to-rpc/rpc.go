package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// rpcClient calls procedures by POST, with messages in JSON.
type rpcClient struct {
	target string
	http   *http.Client
}

// rpcError is what the service answers when a call has failed.
type rpcError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (e *rpcError) Error() string { return e.Code + ": " + e.Message }

// statuses of the codes that clients can do something about.
var statuses = map[string]int{
	"invalid_argument":  http.StatusBadRequest,
	"unauthenticated":   http.StatusUnauthorized,
	"permission_denied": http.StatusForbidden,
	"not_found":         http.StatusNotFound,
	"already_exists":    http.StatusConflict,
	"unavailable":       http.StatusServiceUnavailable,
}

func (c *rpcClient) call(ctx context.Context, procedure string, in, out interface{}) error {
	message, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.target+"/"+procedure, bytes.NewReader(message))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return &rpcError{Code: "unavailable", Message: "the service cannot be reached"}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		failed := &rpcError{Code: "unknown", Message: fmt.Sprintf("the service answered %d", resp.StatusCode)}
		_ = json.Unmarshal(body, failed) // what is no error of the service keeps the text above
		return failed
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(body, out)
}

// answer writes a message for the client, or the error in its place.
func answer(w http.ResponseWriter, status int, message interface{}, err error) {
	if err != nil {
		var failed *rpcError
		if !errors.As(err, &failed) {
			failed = &rpcError{Code: "internal", Message: "the call failed"}
		}
		w.Header().Del("Location")
		if status = statuses[failed.Code]; status == 0 {
			status = http.StatusBadGateway
		}
		message = failed
	}
	if message == nil {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(message)
}

// decode reads a message of a client, which may not be larger than 64 KiB.
func decode(w http.ResponseWriter, req *http.Request, into interface{}) error {
	decoder := json.NewDecoder(http.MaxBytesReader(w, req.Body, 64<<10))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("this is no order: %w", err)
	}
	return nil
}
