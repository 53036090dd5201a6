// Programs for sockets.test.ts: the first argument says which one. What they find wrong they print behind "FAIL".
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
)

var programs = map[string]func(ctx context.Context, args []string) error{}

func main() {
	ctx := context.Background()
	time.AfterFunc(20*time.Second, func() {
		fmt.Println("FAIL it waits")
		os.Exit(1)
	})
	for _, name := range strings.Split(os.Args[1], ",") {
		if err := programs[name](ctx, os.Args[2:]); err != nil {
			fmt.Println("FAIL", name, err)
			os.Exit(1)
		}
	}
	fmt.Println("PASS")
}

func expect(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}
