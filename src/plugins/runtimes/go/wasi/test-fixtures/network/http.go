package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

func init() {
	programs["get"] = get
	programs["many"] = many
	programs["post"] = post
	programs["cancel"] = cancelled
	programs["deadline"] = deadline
	programs["tls"] = overTLS
	programs["slow-reader"] = slowReader
}

func body(r *http.Response, err error) (string, error) {
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return fmt.Sprintf("%d %s %s", r.StatusCode, r.Proto, b), err
}

// get asks the same server twice: the second request takes the connection of the first.
func get(ctx context.Context, args []string) error {
	for range 2 {
		got, err := body(http.Get(args[0] + "/x"))
		if err != nil {
			return err
		}
		fmt.Println(got)
	}
	_, isTransport := http.DefaultTransport.(*http.Transport)
	return expect(isTransport, "the default transport is a %T", http.DefaultTransport)
}

// many has 50 connections at the same time.
func many(ctx context.Context, args []string) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	errs := make([]error, 50)
	var wait sync.WaitGroup
	for i := range errs {
		wait.Add(1)
		go func() {
			defer wait.Done()
			got, err := body(client.Get(fmt.Sprintf("%s/gate?%d", args[0], i)))
			if err == nil {
				err = expect(got == fmt.Sprintf("200 HTTP/1.1 /gate?%d", i), "got %q", got)
			}
			errs[i] = err
		}()
	}
	wait.Wait()
	return errors.Join(errs...)
}

// post sends 8 MB of which the length is not known, and gets them back.
func post(ctx context.Context, args []string) error {
	r, w := io.Pipe()
	part := bytes.Repeat([]byte("0123456789abcdef"), 4096)
	const parts = 128
	go func() {
		for range parts {
			if _, err := w.Write(part); err != nil {
				return
			}
		}
		w.Close()
	}()
	answer, err := http.Post(args[0]+"/echo", "application/octet-stream", r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	got := make([]byte, len(part))
	for i := range parts {
		if _, err := io.ReadFull(answer.Body, got); err != nil {
			return err
		}
		if !bytes.Equal(got, part) {
			return fmt.Errorf("part %d is another", i)
		}
	}
	_, err = answer.Body.Read(got)
	return expect(err == io.EOF, "behind the end: %v", err)
}

func cancelled(ctx context.Context, args []string) error {
	ctx, cancel := context.WithCancel(ctx)
	request, _ := http.NewRequestWithContext(ctx, "GET", args[0]+"/never", nil)
	go func() {
		time.Sleep(20 * time.Millisecond)
		cancel()
	}()
	_, err := http.DefaultClient.Do(request)
	return expect(errors.Is(err, context.Canceled), "cancelled: %v", err)
}

func deadline(ctx context.Context, args []string) error {
	client := &http.Client{Timeout: 30 * time.Millisecond}
	_, err := client.Get(args[0] + "/never")
	if err := expect(os.IsTimeout(err), "client with a timeout: %v", err); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
	defer cancel()
	request, _ := http.NewRequestWithContext(ctx, "GET", args[0]+"/never", nil)
	_, err = http.DefaultClient.Do(request)
	return expect(errors.Is(err, context.DeadlineExceeded), "deadline: %v", err)
}

// overTLS has the address of the server and the certificate of its authority, in files.
func overTLS(ctx context.Context, args []string) error {
	pem, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	_, err = http.Get(args[0])
	var unknown x509.UnknownAuthorityError
	if err := expect(errors.As(err, &unknown), "without the authority: %v", err); err != nil {
		return err
	}
	known := http.DefaultTransport.(*http.Transport).Clone()
	known.TLSClientConfig = &tls.Config{RootCAs: roots}
	careless := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	old := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	for _, transport := range []*http.Transport{known, careless, old} {
		got, err := body((&http.Client{Transport: transport}).Get(args[0]))
		if err != nil {
			return err
		}
		fmt.Println(got)
	}
	return nil
}

// slowReader takes the first bytes of a large answer and looks at the rest when it is told to.
func slowReader(ctx context.Context, args []string) error {
	r, err := http.Get(args[0] + "/large")
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if _, err := io.ReadFull(r.Body, make([]byte, 16)); err != nil {
		return err
	}
	if _, err := body(http.Get(args[0] + "/held-up")); err != nil {
		return err
	}
	n, err := io.Copy(io.Discard, r.Body)
	fmt.Println("rest", n)
	return err
}
