package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"reflect"
	"time"
)

type myStruct struct {
	Name  string    `json:"name"`
	Skip  string    `json:"-"`
	Omit  string    `json:"omit,omitempty"`
	When  time.Time `json:"when"`
	Inner *myStruct `json:"inner"`
}

func (r registerer) response(cfg map[string]interface{}) func(interface{}) (interface{}, error) {
	c, _ := cfg["case"].(string)
	return func(in interface{}) (interface{}, error) {
		w, ok := in.(ResponseWrapper)
		if !ok {
			return nil, errors.New("no ResponseWrapper")
		}
		if _, ok := in.(OldResponse); !ok {
			return nil, errors.New("no OldResponse")
		}
		if _, ok := in.(OldestResponse); !ok {
			return nil, errors.New("no OldestResponse")
		}
		switch c {
		case "describe":
			q, isReq := w.Request().(RequestWrapper)
			d := fmt.Sprint(w.Data())
			w.Data()["described"] = fmt.Sprintf("io=%v complete=%v headers=%v status=%d isReq=%v", w.Io(), w.IsComplete(), w.Headers(), w.StatusCode(), isReq)
			if isReq {
				w.Data()["request"] = fmt.Sprintf("%s %s %v %v %v", q.Method(), q.Path(), q.URL(), q.Params(), q.Query())
				w.Data()["reqheaders"] = len(q.Headers()) > 0
			}
			_ = d
			return in, nil
		case "numbers":
			out := map[string]interface{}{}
			for k, v := range w.Data() {
				out[k+"_seen"] = fmt.Sprintf("%T %v", v, v)
				out[k] = v
			}
			return embeddedResp{w, out}, nil
		case "live":
			delete(w.Data(), "secret")
			w.Data()["live"] = true
			w.Headers()["X-Live"] = []string{"1"}
			return nil, nil
		case "own":
			return resp{map[string]interface{}{"own": 1}, nil, true, map[string][]string{"X-Own": {"a", "b"}, "content-type": {"application/vnd.own+json"}}, 201}, nil
		case "incomplete":
			return resp{w.Data(), nil, false, nil, 200}, nil
		case "nildata":
			return resp{nil, nil, true, nil, 200}, nil
		case "types":
			w.Data()["struct"] = myStruct{Name: "n", Skip: "s", When: time.Date(2020, 1, 2, 3, 4, 5, 600, time.UTC), Inner: &myStruct{}}
			w.Data()["bytes"] = []byte("hello")
			w.Data()["raw"] = json.RawMessage(`{"a": [1, 2.50,  "<x>"]}`)
			w.Data()["time"] = time.Date(2020, 1, 2, 3, 4, 5, 0, time.FixedZone("x", 3600))
			w.Data()["dur"] = time.Second
			w.Data()["int64"] = int64(math.MaxInt64)
			w.Data()["uint64"] = uint64(math.MaxUint64)
			w.Data()["f32"] = float32(0.1)
			w.Data()["f64"] = 0.1
			w.Data()["f1e21"] = 1e21
			w.Data()["f1e-7"] = 1e-7
			w.Data()["neg0"] = math.Copysign(0, -1)
			w.Data()["big"] = 123456789012345680000.0
			w.Data()["f1e20"] = 1e20
			w.Data()["f1e15"] = 1e15
			w.Data()["half"] = 1234567.5
			w.Data()["strs"] = []string{"a", "<b>&"}
			w.Data()["mss"] = map[string]string{"k": "v"}
			w.Data()["mis"] = map[int]string{2: "b", 1: "a"}
			w.Data()["msi"] = []map[string]interface{}{{"x": 1}}
			w.Data()["nilslice"] = []string(nil)
			w.Data()["nilmap"] = map[string]string(nil)
			w.Data()["nilifc"] = nil
			w.Data()["ptr"] = &[]int{1}
			w.Data()["num"] = json.Number("1.50")
			w.Data()["html"] = "<a href='x'>&amp;\u2028</a>"
			w.Data()["utf"] = "grüß \U0001F600 \x00\x1f\x7f \xff"
			w.Data()["err"] = errors.New("e")
			w.Data()["embedded"] = struct {
				myStruct
				X int
			}{}
			w.Data()["str2"] = fmt.Stringer(time.Second)
			w.Data()["rune"] = 'x'
			w.Data()["byte"] = byte(7)
			w.Data()["array"] = [2]bool{true, false}
			w.Data()["url"] = url.Values{"a": {"b"}}
			return in, nil
		case "nan":
			w.Data()["nan"] = math.NaN()
			return in, nil
		case "cycle":
			m := map[string]interface{}{}
			m["m"] = m
			w.Data()["c"] = m
			return in, nil
		case "collection":
			l, ok := w.Data()["collection"].([]interface{})
			return resp{map[string]interface{}{"collection": append(l, ok), "n": len(l)}, nil, true, nil, 200}, nil
		case "err":
			return nil, errors.New("plain response error")
		case "err-status":
			return nil, statusErr{"resp status", 409}
		case "panic":
			panic(fmt.Errorf("response modifier panics"))
		case "reflect":
			d := reflect.ValueOf(in).MethodByName("Data").Call(nil)[0].Interface().(map[string]interface{})
			d["reflected"] = fmt.Sprint(reflect.ValueOf(in).MethodByName("Nope").IsValid())
			_ = fmt.Sprintf("%v %+v", in, in)
			return in, nil
		// no-op
		case "noop-describe":
			w.Headers()["X-D"] = []string{fmt.Sprintf("data=%v io=%v complete=%v status=%d up=%v", w.Data(), w.Io() != nil, w.IsComplete(), w.StatusCode(), w.Headers()["X-Up"])}
			return in, nil
		case "noop-upper":
			b, err := io.ReadAll(w.Io())
			if err != nil {
				return nil, err
			}
			h := w.Headers()
			delete(h, "Content-Length")
			h["X-Changed"] = []string{"1"}
			return resp{w.Data(), bytes.NewReader(bytes.ToUpper(b)), w.IsComplete(), h, w.StatusCode()}, nil
		case "noop-status":
			return resp{nil, w.Io(), true, map[string][]string{"X-Only": {"1"}}, 418}, nil
		case "noop-embed":
			b, _ := io.ReadAll(w.Io())
			return ioResp{w, bytes.NewBufferString("E:" + string(b))}, nil
		case "noop-gzip":
			w.Headers()["Content-Encoding"] = []string{"gzip"}
			delete(w.Headers(), "Content-Length")
			pr, pw := io.Pipe()
			src := w.Io()
			go func() {
				z := gzip.NewWriter(pw)
				io.Copy(z, src)
				z.Close()
				pw.Close()
			}()
			return ioResp{w, pr}, nil
		case "noop-gunzip":
			z, err := gzip.NewReader(w.Io())
			if err != nil {
				return nil, err
			}
			h := w.Headers()
			delete(h, "Content-Encoding")
			delete(h, "Content-Length")
			return resp{nil, z, true, h, w.StatusCode()}, nil
		case "noop-lazy":
			delete(w.Headers(), "Content-Length")
			return ioResp{w, &lazy{r: w.Io()}}, nil
		}
		return in, nil
	}
}

type lazy struct{ r io.Reader }

func (l *lazy) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	copy(p, bytes.ToUpper(p[:n]))
	return n, err
}
