package bridge

import (
	"encoding/binary"
	"internal/poll"
	"io"
	"sync"
	"unsafe"
)

// controlFD is the descriptor from which the frames of the host are read.
const controlFD = 63

//go:wasmimport loligo send
//go:noescape
func hostSend(frame unsafe.Pointer, length uint32)

// Frames stay as they are, for plugins that were built once run with every later gateway: what is new gets a kind or a
// flag of its own that an older side never sends, and one that changes meaning asks for another format of the plugin's
// section (src/plugins/runtimes/go/plugin-section.ts).

// The frames that the host sends. A frame is a header and a payload:
// length of all (4 bytes), kind, flags, connection (2), call (4), extra (4).
const (
	toHello       = 1  // payload: settings as JSON
	toInstantiate = 2  // flags: kind of plugin; payload: name, key, configuration as JSON
	toHandle      = 3  // a request for the handler extra
	toModifyReq   = 4  // a request for the modifier extra
	toModifyResp  = 5  // a response for the modifier extra
	toMiddleware  = 6  // a request for the middleware extra
	toNextHead    = 7  // the answer to frNext extra
	toChunk       = 8  // bytes of the stream extra
	toCancel      = 9  // flags: why the call is over
	toCredit      = 10 // payload: how many more bytes of the stream extra may be sent
	toShutdown    = 11
	toAnswer      = 12 // the answer to frAsk extra
	toMartian     = 13 // a message for the Martian modifier extra
	toRelease     = 14 // the host has forgotten the call; flags: why it is over
	toDrop        = 15 // nobody wants the rest of the stream extra
)

// The frames that the guest sends.
const (
	frReady        = 1
	frInstantiated = 2 // flags: 0 made, 1 failed, 2 left out
	frHead         = 3 // the head of an answer, with its first bytes
	frChunk        = 4 // bytes of the stream extra
	frNext         = 5 // calls what stands behind; extra is the number of that call
	frPull         = 6 // payload: how many bytes of the stream extra may come
	frResult       = 7 // what a modifier or a middleware has left
	frFail         = 8 // a call failed
	frLog          = 9 // flags: level
	frAsk          = 10
	frCancelNext   = 11 // nobody waits for the call of frNext extra
	frDrop         = 12 // nobody wants the rest of the stream extra
)

const (
	flagEnd   = 1 // chunks and heads: the last bytes
	flagError = 2 // chunks: the stream broke off, the payload says why
)

const headerSize = 16

type frame struct {
	kind, flags byte
	conn        uint16
	call, extra uint32
	payload     []byte // valid until the next frame is read
}

// key names a call among those of all connections.
func (f *frame) key() callKey {
	return callKey{f.conn, f.call}
}

type callKey struct {
	conn uint16
	call uint32
}

// writer puts a frame together. It is taken from a pool and given back by send.
type writer struct {
	b []byte
}

var writers = sync.Pool{New: func() any { return &writer{b: make([]byte, 0, 4096)} }}

func newFrame(kind, flags byte, k callKey, extra uint32) *writer {
	w := writers.Get().(*writer)
	w.b = append(w.b[:0], 0, 0, 0, 0, kind, flags, byte(k.conn), byte(k.conn>>8))
	w.b = binary.LittleEndian.AppendUint32(w.b, k.call)
	w.b = binary.LittleEndian.AppendUint32(w.b, extra)
	return w
}

func (w *writer) u8(v byte)     { w.b = append(w.b, v) }
func (w *writer) u16(v uint16)  { w.b = binary.LittleEndian.AppendUint16(w.b, v) }
func (w *writer) u32(v uint32)  { w.b = binary.LittleEndian.AppendUint32(w.b, v) }
func (w *writer) raw(v []byte)  { w.b = append(w.b, v...) }
func (w *writer) rest(v string) { w.b = append(w.b, v...) }

// text writes a string with its length before it.
func (w *writer) text(s string) {
	w.u32(uint32(len(s)))
	w.b = append(w.b, s...)
}

// begin leaves room for a length that end fills in.
func (w *writer) begin() int {
	w.u32(0)
	return len(w.b)
}

func (w *writer) end(start int) {
	binary.LittleEndian.PutUint32(w.b[start-4:], uint32(len(w.b)-start))
}

// send hands the frame to the host, which copies it.
func (w *writer) send() {
	binary.LittleEndian.PutUint32(w.b, uint32(len(w.b)))
	hostSend(unsafe.Pointer(unsafe.SliceData(w.b)), uint32(len(w.b)))
	if cap(w.b) <= 1<<16 {
		writers.Put(w)
	}
}

// sendThen sends the frame, and runs what must follow it, if anything must.
func (w *writer) sendThen(follow func()) {
	w.send()
	if follow != nil {
		follow()
	}
}

// sendEmpty sends a frame that is nothing but its header.
func sendEmpty(kind, flags byte, k callKey, extra uint32) {
	newFrame(kind, flags, k, extra).send()
}

// reader takes the payload of a frame apart.
type reader struct {
	b []byte
}

func (r *reader) u8() byte {
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

func (r *reader) u16() uint16 {
	v := binary.LittleEndian.Uint16(r.b)
	r.b = r.b[2:]
	return v
}

func (r *reader) u32() uint32 {
	v := binary.LittleEndian.Uint32(r.b)
	r.b = r.b[4:]
	return v
}

func (r *reader) i64() int64 {
	v := binary.LittleEndian.Uint64(r.b)
	r.b = r.b[8:]
	return int64(v)
}

// text copies a string that has its length before it.
func (r *reader) text() string {
	n := r.u32()
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

// bytes copies what has its length before it.
func (r *reader) bytes() []byte {
	n := r.u32()
	v := append([]byte(nil), r.b[:n]...)
	r.b = r.b[n:]
	return v
}

const readSize = 64 << 10

// readFrames hands over the frames of the host one after the other, for as long as there are any.
func readFrames(take func(*frame)) error {
	fd := &poll.FD{Sysfd: controlFD, IsStream: true}
	if err := fd.Init("tcp", true); err != nil {
		return err
	}
	buf := make([]byte, readSize)
	have := 0
	var f frame
	for {
		n, err := fd.Read(buf[have:])
		if err != nil {
			return err
		}
		if n == 0 {
			return io.EOF
		}
		have += n
		at := 0
		for have-at >= headerSize {
			size := int(binary.LittleEndian.Uint32(buf[at:]))
			if have-at < size {
				break
			}
			h := buf[at : at+size]
			f = frame{h[4], h[5], binary.LittleEndian.Uint16(h[6:]), binary.LittleEndian.Uint32(h[8:]), binary.LittleEndian.Uint32(h[12:]), h[headerSize:]}
			take(&f)
			at += size
		}
		have = copy(buf, buf[at:have])
		if have >= 4 {
			// One that is larger than the buffer: room for all of it.
			if size := int(binary.LittleEndian.Uint32(buf)); size > len(buf) {
				grown := make([]byte, size)
				copy(grown, buf[:have])
				buf = grown
				continue
			}
		}
		if have == 0 && len(buf) > 16*readSize {
			buf = make([]byte, readSize)
		}
	}
}
