package bridge

import (
	"sync"
	"unsafe"
)

// The labels of the profiler go from a goroutine to those that it starts. The gateway profiles no plugin, so they can tell
// for which call a goroutine works.

//go:linkname setLabels runtime/pprof.runtime_setProfLabel
func setLabels(labels unsafe.Pointer)

//go:linkname getLabels runtime/pprof.runtime_getProfLabel
func getLabels() unsafe.Pointer

// goroutineMark is an empty set of labels for package runtime/pprof.
type goroutineMark struct{ _ []struct{ key, value string } }

var (
	marksMu sync.Mutex
	marks   = map[unsafe.Pointer]*call{}
)

// markGoroutine notes that this goroutine, and those that it starts, work for a call. What is returned ends that.
func markGoroutine(c *call) func() {
	mark := unsafe.Pointer(new(goroutineMark))
	marksMu.Lock()
	marks[mark] = c
	marksMu.Unlock()
	setLabels(mark)
	return func() {
		setLabels(nil)
		marksMu.Lock()
		delete(marks, mark)
		marksMu.Unlock()
	}
}

func callOfGoroutine() *call {
	marksMu.Lock()
	defer marksMu.Unlock()
	return marks[getLabels()]
}
