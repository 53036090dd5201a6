package main

import (
	"net/url"
	"strings"
)

type refusal struct{ status int }

func (refusal) Error() string     { return "refused" }
func (r refusal) StatusCode() int { return r.status }
func (refusal) Encoding() string  { return "text/plain\r\nX-Injected: 1" }
func (refusal) Headers() map[string][]string {
	return map[string][]string{"X-Value": {"a\r\nX-Injected: 1\x01"}, "X Bad": {"1"}}
}

// modify does what costs a modifier or a middleware its call.
func modify(fault string, input interface{}) error {
	what, detail, _ := strings.Cut(fault, " ")
	switch what {
	case "bad-refusal":
		return refusal{99999}
	case "bad-header":
		headers := headersOf(input)
		headers["X Bad"] = []string{"1"}
		headers["X-Value"] = []string{"a\r\nX-Injected: 1", "\x01"}
	case "bad-data":
		input.(interface{ Data() map[string]interface{} }).Data()["a"] = make(chan int)
	case "cycle":
		data := input.(interface{ Data() map[string]interface{} }).Data()
		data["a"] = data
	case "bad-params":
		params := input.(interface{ Params() map[string]string }).Params()
		for key := range params {
			params[key] = "a b\r\nX-Injected: 1/../../x?y"
		}
	case "bad-query":
		input.(interface{ Query() url.Values }).Query()["a"] = []string{detail}
	default:
		misbehave(fault)
	}
	return nil
}
