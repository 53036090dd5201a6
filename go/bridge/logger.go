package bridge

import (
	"fmt"
	"os"
	"runtime/debug"
)

const (
	levelDebug = iota
	levelInfo
	levelWarning
	levelError
	levelCritical
	levelFatal
)

// logger is what RegisterLogger hands to plugins: the gateway's own log.
type logger struct{}

func (logger) Debug(v ...interface{})    { logValues(levelDebug, v) }
func (logger) Info(v ...interface{})     { logValues(levelInfo, v) }
func (logger) Warning(v ...interface{})  { logValues(levelWarning, v) }
func (logger) Error(v ...interface{})    { logValues(levelError, v) }
func (logger) Critical(v ...interface{}) { logValues(levelCritical, v) }

// Fatal ends the plugin: another instance takes its place.
func (logger) Fatal(v ...interface{}) {
	logValues(levelFatal, v)
	os.Exit(1)
}

func logValues(level byte, v []interface{}) {
	if level < logLevel {
		return
	}
	text := fmt.Sprintln(v...)
	logLine(level, text[:len(text)-1])
}

// logLevel is the lowest level that the gateway writes.
var logLevel byte

func logLine(level byte, text string) {
	w := newFrame(frLog, level, callKey{}, 0)
	w.rest(text)
	w.send()
}

func logPanic(thrown any) {
	logLine(levelError, panicError{thrown}.Error()+"\n"+string(debug.Stack()))
}
