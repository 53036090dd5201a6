package bridge

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// appendData writes the data of a response as JSON: null for a nil map. What is no JSON is left out, and told.
func appendData(b []byte, data map[string]interface{}) []byte {
	if data == nil {
		return append(b, "null"...)
	}
	return appendJSON(b, data, 0)
}

// maxDepth is from where on package encoding/json goes on, which finds out when data contain themselves.
const maxDepth = 500

func appendJSON(b []byte, value interface{}, depth int) []byte {
	if depth > maxDepth {
		return appendMarshalled(b, value)
	}
	switch v := value.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case string:
		return appendString(b, v)
	case json.Number:
		if v == "" {
			return append(b, '0')
		}
		if isNumber(string(v)) {
			return append(b, v...)
		}
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1e15 {
			return strconv.AppendInt(b, int64(v), 10)
		}
	case map[string]interface{}:
		if v == nil {
			return append(b, "null"...)
		}
		b = append(b, '{')
		for i, name := range sortedKeys(v) {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, name)
			b = append(b, ':')
			b = appendJSON(b, v[name], depth+1)
		}
		return append(b, '}')
	case []interface{}:
		if v == nil {
			return append(b, "null"...)
		}
		b = append(b, '[')
		for i, item := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, item, depth+1)
		}
		return append(b, ']')
	}
	return appendMarshalled(b, value)
}

func appendMarshalled(b []byte, value interface{}) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(errors.New("the data cannot be written as JSON: " + err.Error()))
	}
	return append(b, text...)
}

func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(b, s[start:i]...)
				b = append(b, "\ufffd"...)
				i++
				start = i
				continue
			}
			i += size
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			const hex = "0123456789abcdef"
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

// isNumber tells whether a text is a number of JSON.
func isNumber(s string) bool {
	i := 0
	if i < len(s) && s[i] == '-' {
		i++
	}
	switch {
	case i < len(s) && s[i] == '0':
		i++
	case i < len(s) && s[i] >= '1' && s[i] <= '9':
		i = digits(s, i)
	default:
		return false
	}
	if i < len(s) && s[i] == '.' {
		from := i + 1
		if i = digits(s, from); i == from {
			return false
		}
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		from := i
		if i = digits(s, from); i == from {
			return false
		}
	}
	return i == len(s)
}

func digits(s string, i int) int {
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for name := range m {
		keys = append(keys, name)
	}
	if len(keys) > 1 {
		slices.Sort(keys)
	}
	return keys
}

// parseObject reads an object of JSON that the host has written, so it is valid. Numbers are json.Number, as in the
// reference. Strings are parts of one copy of the text.
func parseObject(text []byte) map[string]interface{} {
	p := parser{s: string(text)}
	p.space()
	if p.i >= len(p.s) || p.s[p.i] != '{' {
		return nil
	}
	object, _ := p.value().(map[string]interface{})
	return object
}

type parser struct {
	s string
	i int
}

func (p *parser) space() {
	for p.i < len(p.s) && p.s[p.i] <= ' ' {
		p.i++
	}
}

func (p *parser) value() interface{} {
	p.space()
	switch p.s[p.i] {
	case '{':
		p.i++
		object := make(map[string]interface{})
		for p.space(); p.s[p.i] != '}'; p.space() {
			if p.s[p.i] == ',' {
				p.i++
				p.space()
			}
			name := p.str()
			p.space()
			p.i++ // the colon
			object[name] = p.value()
		}
		p.i++
		return object
	case '[':
		p.i++
		list := make([]interface{}, 0, 4)
		for p.space(); p.s[p.i] != ']'; p.space() {
			if p.s[p.i] == ',' {
				p.i++
			}
			list = append(list, p.value())
		}
		p.i++
		return list
	case '"':
		return p.str()
	case 't':
		p.i += 4
		return true
	case 'f':
		p.i += 5
		return false
	case 'n':
		p.i += 4
		return nil
	}
	start := p.i
	for p.i < len(p.s) {
		switch c := p.s[p.i]; {
		case c == ',' || c == ']' || c == '}' || c <= ' ':
			return json.Number(p.s[start:p.i])
		}
		p.i++
	}
	return json.Number(p.s[start:p.i])
}

func (p *parser) str() string {
	p.i++
	start := p.i
	for {
		switch p.s[p.i] {
		case '"':
			text := p.s[start:p.i]
			p.i++
			return text
		case '\\':
			return p.escaped(start)
		}
		p.i++
	}
}

// escaped reads on behind the first escape of a string.
func (p *parser) escaped(start int) string {
	b := append(make([]byte, 0, 2*(p.i-start)+16), p.s[start:p.i]...)
	for {
		c := p.s[p.i]
		switch c {
		case '"':
			p.i++
			return string(b)
		case '\\':
			p.i++
			switch e := p.s[p.i]; e {
			case 'n':
				b = append(b, '\n')
			case 't':
				b = append(b, '\t')
			case 'r':
				b = append(b, '\r')
			case 'b':
				b = append(b, '\b')
			case 'f':
				b = append(b, '\f')
			case 'u':
				r := p.hex(p.i + 1)
				p.i += 4
				if utf16.IsSurrogate(r) && p.i+6 < len(p.s) && p.s[p.i+1] == '\\' && p.s[p.i+2] == 'u' {
					if pair := utf16.DecodeRune(r, p.hex(p.i+3)); pair != utf8.RuneError {
						r = pair
						p.i += 6
					}
				}
				b = utf8.AppendRune(b, r)
			default:
				b = append(b, e)
			}
		default:
			b = append(b, c)
		}
		p.i++
	}
}

func (p *parser) hex(at int) rune {
	n, _ := strconv.ParseUint(p.s[at:at+4], 16, 32)
	return rune(n)
}

// isNil tells whether an interface holds nothing, or a nil pointer.
func isNil(value any) bool {
	if value == nil {
		return true
	}
	v := reflect.ValueOf(value)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

func itoa(n int) string { return strconv.Itoa(n) }
