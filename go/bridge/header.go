package bridge

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"sync"
)

// Header fields cross as one text: name, value, name, value, each with a NUL behind it.

// parseHeader makes a header of such a text. The strings are parts of it.
func parseHeader(text string, canonical bool) http.Header {
	n := strings.Count(text, "\x00") / 2
	h := make(http.Header, n)
	values := make([]string, n)
	for len(text) > 0 {
		end := strings.IndexByte(text, 0)
		name := text[:end]
		text = text[end+1:]
		end = strings.IndexByte(text, 0)
		value := text[:end]
		text = text[end+1:]
		if canonical {
			name = textproto.CanonicalMIMEHeaderKey(name)
		}
		if have := h[name]; have != nil {
			h[name] = append(have, value)
			continue
		}
		values[0] = value
		h[name] = values[:1:1]
		values = values[1:]
	}
	return h
}

var keySlices = sync.Pool{New: func() any { return new([]string) }}

// writeHeader writes the fields sorted by name, as package net/http does. Names that cannot be sent are left out, control
// characters in values become spaces.
func writeHeader(w *writer, h map[string][]string) {
	pooled := keySlices.Get().(*[]string)
	keys := (*pooled)[:0]
	for name := range h {
		keys = append(keys, name)
	}
	if len(keys) > 1 {
		slices.Sort(keys)
	}
	for _, name := range keys {
		if !isToken(name) {
			continue
		}
		for _, value := range h[name] {
			w.b = append(w.b, name...)
			w.b = append(w.b, 0)
			w.b = appendValue(w.b, value)
			w.b = append(w.b, 0)
		}
	}
	clear(keys)
	*pooled = keys[:0]
	keySlices.Put(pooled)
}

// fields writes them with their length before them.
func (w *writer) fields(h map[string][]string) {
	at := w.begin()
	writeHeader(w, h)
	w.end(at)
}

func appendValue(b []byte, value string) []byte {
	at := len(b)
	b = append(b, value...)
	for i := at; i < len(b); i++ {
		if c := b[i]; c < ' ' && c != '\t' || c == 0x7f {
			b[i] = ' '
		}
	}
	return b
}

var tokenBytes = bytesOf("!#$%&'*+-.^_`|~")

// bytesOf marks letters, digits and the signs.
func bytesOf(signs string) (table [256]bool) {
	for c := '0'; c <= '9'; c++ {
		table[c] = true
	}
	for c := 'a'; c <= 'z'; c++ {
		table[c], table[c-32] = true, true
	}
	for _, c := range signs {
		table[c] = true
	}
	return
}

func isToken(name string) bool {
	for i := 0; i < len(name); i++ {
		if !tokenBytes[name[i]] {
			return false
		}
	}
	return name != ""
}
