package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

var (
	kept [][]byte
	sink int
)

// misbehave does what costs a call, or the whole instance.
func misbehave(fault string) {
	fault, detail, _ := strings.Cut(fault, " ")
	switch fault {
	case "panic":
		panic("as it was asked to")
	case "panic-nil-map":
		var m map[string]int
		m["a"] = 1
	case "goroutine":
		done := make(chan struct{})
		go func() {
			defer close(done)
			panic("in the background")
		}()
		<-done
		time.Sleep(time.Hour)
	case "exit":
		os.Exit(3)
	case "fatal":
		log.Fatal("I give up")
	case "block":
		<-make(chan struct{})
	case "block-nil":
		var never chan int
		<-never
	case "sleep":
		d, err := time.ParseDuration(detail)
		if err != nil {
			d = time.Hour
		}
		time.Sleep(d)
	case "spin":
		for {
			sink++
		}
	case "memory":
		// So large that one of these fails, and not what Go notes about them, for which it has other words.
		for {
			b := make([]byte, 24<<20)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			kept = append(kept, b)
		}
	case "leak":
		kept = append(kept, bytes.Repeat([]byte("x"), 1<<20))
	case "goroutines":
		for range 10_000 {
			go func() { <-make(chan struct{}) }()
		}
	case "overflow":
		sink = recurse(1)
	case "deep":
		n, _ := strconv.Atoi(detail)
		sink = deep(n)
	case "unsafe":
		// All over the memory, until something breaks.
		for at := uintptr(1 << 16); ; at += 64 {
			*(*uint64)(unsafe.Pointer(at)) = 0xdeadbeefdeadbeef
		}
	case "unsafe-outside":
		at := uintptr(1) << 40
		*(*byte)(unsafe.Pointer(at)) = 1
	case "close-63":
		syscall.Close(63)
		time.Sleep(time.Hour)
	case "close-all":
		for fd := range 64 {
			syscall.Close(fd)
		}
		time.Sleep(time.Hour)
	case "read-63":
		buf := make([]byte, 1<<16)
		for {
			if n, _ := syscall.Read(63, buf); n <= 0 {
				time.Sleep(time.Millisecond)
			}
		}
	case "write-63":
		for range 100 {
			syscall.Write(63, []byte("this is no frame at all"))
		}
	case "print":
		line := strings.Repeat("x", 1023) + "\n"
		for range 50 << 10 {
			fmt.Print(line)
		}
	case "log":
		line := strings.Repeat("y", 1024)
		for range 20 << 10 {
			log.Info(line)
		}
	case "denials":
		for i := range 5000 {
			os.ReadFile(fmt.Sprint("/etc/not-granted-", i))
		}
	}
}

// try tells what became of something that may not be granted.
func try(fault string) string {
	fault, detail, _ := strings.Cut(fault, " ")
	switch fault {
	case "dial":
		c, err := net.DialTimeout("tcp", detail, time.Second)
		if err != nil {
			return err.Error()
		}
		c.Close()
	case "file":
		if _, err := os.ReadFile(detail); err != nil {
			return err.Error()
		}
	case "env":
		if _, ok := os.LookupEnv(detail); !ok {
			return "not set"
		}
	default:
		return ""
	}
	return "granted"
}

func deep(n int) int {
	if n == 0 {
		return 0
	}
	return deep(n-1) + 1
}

func recurse(n int) int {
	var room [1024]byte
	room[n%1024] = 1
	return recurse(n+1) + int(room[n/2%1024])
}
