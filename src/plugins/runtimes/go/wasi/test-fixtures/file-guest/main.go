// Works on files in the folder it is given and prints what happens: the same, however it was built.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"
)

var errnos = map[string]syscall.Errno{
	"EACCES": syscall.EACCES, "EBADF": syscall.EBADF, "EEXIST": syscall.EEXIST, "EINVAL": syscall.EINVAL,
	"EISDIR": syscall.EISDIR, "ELOOP": syscall.ELOOP, "ENAMETOOLONG": syscall.ENAMETOOLONG,
	"ENOENT": syscall.ENOENT, "ENOTDIR": syscall.ENOTDIR, "ENOTEMPTY": syscall.ENOTEMPTY, "EPERM": syscall.EPERM,
	"ESPIPE": syscall.ESPIPE, "EROFS": syscall.EROFS, "EXDEV": syscall.EXDEV, "EIO": syscall.EIO, "ENXIO": syscall.ENXIO,
}

func name(err error) string {
	if err == nil {
		return "ok"
	}
	for name, errno := range errnos {
		if errors.Is(err, errno) {
			return fmt.Sprintf("%s exist=%v notexist=%v permission=%v",
				name, os.IsExist(err), os.IsNotExist(err), os.IsPermission(err))
		}
	}
	return err.Error()
}

func say(what string, err error, more ...any) {
	fmt.Println(append([]any{what, name(err)}, more...)...)
}

func main() {
	switch os.Args[1] {
	case "attempts":
		attempts(os.Args[2:])
	default:
		tour(os.Args[1])
	}
}

// attempts tries to get at each path in several ways.
func attempts(paths []string) {
	for _, path := range paths {
		text, err := os.ReadFile(path)
		say("read "+path, err, string(text))
		say("write "+path, os.WriteFile(path, []byte("changed"), 0o600))
	}
}

func tour(folder string) {
	say("chdir", os.Chdir(folder))
	files()
	offsets()
	folders()
	links()
	times()
	devices()
	surroundings()
}

func files() {
	say("write", os.WriteFile("a.txt", []byte("hello\n"), 0o644))
	text, err := os.ReadFile("a.txt")
	say("read", err, string(text))
	_, err = os.ReadFile("missing")
	say("read missing", err)
	_, err = os.ReadFile("a.txt/below")
	say("read below a file", err)
	_, err = os.Stat("a.txt/")
	say("stat with a slash", err)
	_, err = os.ReadFile(".")
	say("read a folder", err)
	say("write a folder", os.WriteFile(".", nil, 0o644))
	_, err = os.Open(strings.Repeat("n", 300))
	say("long name", err)
	_, err = os.OpenFile("a.txt", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	say("exclusive", err)
	for range 2 {
		f, err := os.OpenFile("log", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		say("append", err)
		f.WriteString("one\n")
		f.WriteString("two\n")
		_, err = f.WriteAt([]byte("x"), 0)
		fmt.Println("write at", err != nil)
		say("close", f.Close())
		fmt.Println("close again", errors.Is(f.Close(), os.ErrClosed))
	}
	text, _ = os.ReadFile("log")
	fmt.Printf("%q\n", text)
	f, err := os.OpenFile("log", os.O_TRUNC|os.O_RDWR, 0)
	say("truncate", err)
	_, err = f.Read(make([]byte, 1))
	fmt.Println("at its end", err == io.EOF)
	f.Close()
	f, _ = os.Open("a.txt")
	_, err = f.Write([]byte("x"))
	say("write what is read", err)
	say("truncate what is read", f.Truncate(1))
	fmt.Println("deadline", errors.Is(f.SetReadDeadline(time.Now()), os.ErrNoDeadline))
	f.Close()
	f, _ = os.OpenFile("a.txt", os.O_WRONLY, 0)
	_, err = f.Read(make([]byte, 1))
	say("read what is written", err)
	f.Close()
	say("truncate longer", os.Truncate("a.txt", 10))
	text, _ = os.ReadFile("a.txt")
	fmt.Printf("%q\n", text)
	temporary, err := os.CreateTemp(".", "t-*")
	say("temporary", err)
	say("sync", temporary.Sync())
	temporary.Close()
	say("remove", os.Remove(temporary.Name()))
	say("remove again", os.Remove(temporary.Name()))
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			f, _ := os.OpenFile("lines", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
			defer f.Close()
			for range 50 {
				fmt.Fprintf(f, "line %d\n", i)
			}
		}()
	}
	wait.Wait()
	f, _ = os.Open("lines")
	var lines []string
	for scanner := bufio.NewScanner(f); scanner.Scan(); {
		lines = append(lines, scanner.Text())
	}
	f.Close()
	sort.Strings(lines)
	fmt.Println(len(lines), lines[0], lines[len(lines)-1])
}

func offsets() {
	f, err := os.Create("offsets")
	say("create", err)
	defer f.Close()
	f.WriteString("0123456789")
	at, err := f.Seek(-4, io.SeekEnd)
	say("seek end", err, at)
	part := make([]byte, 3)
	n, err := f.Read(part)
	say("read", err, string(part[:n]))
	at, err = f.Seek(0, io.SeekCurrent)
	say("seek current", err, at)
	_, err = f.Seek(-1, io.SeekStart)
	say("seek before the start", err)
	n, err = f.ReadAt(part, 1)
	say("read at", err, string(part[:n]))
	n, err = f.ReadAt(part, 9)
	fmt.Println("read at the end", n, err)
	_, err = f.WriteAt([]byte("AB"), 20)
	say("write at", err)
	at, _ = f.Seek(0, io.SeekCurrent)
	fmt.Println(at)
	at, err = f.Seek(5<<30, io.SeekStart)
	say("seek far", err, at)
	n, err = f.Write([]byte("far"))
	say("write far", err, n)
	info, _ := f.Stat()
	fmt.Println(info.Size(), info.Name(), info.Mode().IsRegular())
	n, err = f.ReadAt(part, 5<<30)
	say("read far", err, string(part[:n]))
	say("truncate", f.Truncate(12))
	f.Seek(0, io.SeekStart)
	text, err := io.ReadAll(f)
	say("all", err, fmt.Sprintf("%q", text))
}

func folders() {
	say("make", os.Mkdir("d", 0o755))
	say("make again", os.Mkdir("d", 0o755))
	say("make below nothing", os.Mkdir("no/d", 0o755))
	say("make all", os.MkdirAll("d/e/f/", 0o755))
	say("make all again", os.MkdirAll("d/e/f", 0o755))
	say("make all below a file", os.MkdirAll("a.txt/x", 0o755))
	for i := range 400 {
		os.WriteFile(fmt.Sprintf("d/%03d-%s", i, strings.Repeat("é", i%60)), make([]byte, i), 0o644)
	}
	entries, err := os.ReadDir("d")
	say("list", err, len(entries), entries[0].Name(), entries[400].Name(), entries[400].IsDir())
	info, err := entries[399].Info()
	say("info", err, info.Name(), info.Size())
	f, _ := os.Open("d")
	var names []string
	for {
		some, err := f.Readdirnames(150)
		names = append(names, some...)
		if err != nil {
			fmt.Println("listed", len(some), err)
			break
		}
	}
	sort.Strings(names)
	fmt.Println(len(names), names[0], names[len(names)-1])
	_, err = f.Seek(0, io.SeekStart)
	again, _ := f.Readdirnames(-1)
	say("list again", err, len(again))
	f.Close()
	_, err = os.ReadDir("a.txt")
	say("list a file", err)
	_, err = os.ReadDir("missing")
	say("list what is missing", err)
	say("remove a full folder", os.Remove("d"))
	say("rename", os.Rename("d/e", "d/g"))
	say("rename onto a full folder", os.Rename("a.txt", "d"))
	say("rename what is missing", os.Rename("missing", "x"))
	say("rename onto a file", os.Rename("a.txt", "lines"))
	filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if !strings.HasPrefix(path, "d/0") && !strings.HasPrefix(path, "d/1") && !strings.HasPrefix(path, "d/2") && !strings.HasPrefix(path, "d/3") {
			fmt.Println("walk", path, entry.Type(), name(err))
		}
		return nil
	})
	found, err := filepath.Glob("d/00[0-4]-*")
	say("glob", err, found)
	say("remove all", os.RemoveAll("d"))
	_, err = os.Stat("d")
	say("gone", err)
	say("remove all of nothing", os.RemoveAll("d"))
	made, err := os.MkdirTemp("", "loligo-file-guest-")
	say("temporary folder", err, os.Remove(made))
	files := os.DirFS(".")
	text, err := fs.ReadFile(files, "lines")
	say("file system", err, fmt.Sprintf("%q", text))
	root, err := os.OpenRoot(".")
	say("root", err)
	defer root.Close()
	say("root make", root.Mkdir("inside", 0o755))
	say("root write", root.WriteFile("inside/file", []byte("x"), 0o644))
	_, err = root.Open("../outside")
	fmt.Println("root open outside", err != nil)
	say("root rename", root.Rename("inside/file", "inside/other"))
	say("root remove all", root.RemoveAll("inside"))
}

func links() {
	os.WriteFile("real", []byte("real"), 0o644)
	os.Mkdir("folder", 0o755)
	say("link", os.Symlink("real", "soft"))
	say("link again", os.Symlink("real", "soft"))
	target, err := os.Readlink("soft")
	say("where to", err, target)
	_, err = os.Readlink("real")
	say("no link", err)
	info, err := os.Lstat("soft")
	say("lstat", err, info.Mode().Type(), info.Size())
	info, err = os.Stat("soft")
	say("stat", err, info.Mode().Type(), info.Size(), info.Name())
	os.Symlink("nothing", "dangling")
	_, err = os.Stat("dangling")
	say("stat dangling", err)
	_, err = os.OpenFile("dangling", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	say("exclusive through a link", err)
	say("create through a link", os.WriteFile("dangling", []byte("made"), 0o644))
	text, err := os.ReadFile("nothing")
	say("made", err, string(text))
	os.Symlink("loop", "loop")
	_, err = os.ReadFile("loop")
	say("loop", err)
	os.Symlink("folder", "way")
	say("write over a link", os.WriteFile("way/in", []byte("in"), 0o644))
	resolved, err := filepath.EvalSymlinks("way/in")
	say("resolve", err, resolved)
	entries, err := os.ReadDir("way")
	say("list over a link", err, len(entries))
	_, err = os.Lstat("way/")
	say("lstat with a slash", err)
	_, err = os.OpenFile("soft", os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	say("not follow", err)
	say("hard link", os.Link("real", "hard"))
	say("hard link again", os.Link("real", "hard"))
	first, _ := os.Stat("real")
	second, _ := os.Stat("hard")
	fmt.Println("same", os.SameFile(first, second))
	say("rename a link", os.Rename("soft", "softer"))
	target, _ = os.Readlink("softer")
	fmt.Println(target)
	say("remove a link", os.Remove("way"))
	_, err = os.Stat("folder/in")
	say("still there", err)
	say("remove all of a link", os.RemoveAll("softer"))
	_, err = os.Stat("real")
	say("still there", err)
}

func times() {
	before := time.Now()
	os.WriteFile("timed", nil, 0o644)
	info, _ := os.Stat("timed")
	age := info.ModTime().Sub(before)
	fmt.Println("new", age > -time.Second && age < 10*time.Second)
	for _, at := range []time.Time{time.Unix(1700000000, 0), time.Unix(1700000000, 500_000_000), time.Unix(-5, 0), {}} {
		say("set times", os.Chtimes("timed", at, at))
		info, _ = os.Stat("timed")
		if !at.IsZero() {
			fmt.Println(info.ModTime().UTC())
		}
	}
	f, _ := os.Open("timed")
	now := time.Unix(1600000000, 0)
	say("set times of what is missing", os.Chtimes("missing", now, now))
	f.Close()
}

func devices() {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	say("null", err)
	n, err := null.Write([]byte("gone"))
	say("null write", err, n)
	n, err = null.Read(make([]byte, 4))
	fmt.Println("null read", n, err)
	at, err := null.Seek(10, io.SeekStart)
	say("null seek", err, at)
	info, _ := null.Stat()
	fmt.Println(info.Mode().Type())
	null.Close()
	random, err := os.Open("/dev/urandom")
	say("random", err)
	n, err = io.ReadFull(random, make([]byte, 100_000))
	say("random read", err, n)
	random.Close()
	_, err = os.OpenFile("/dev/zero/x", os.O_RDONLY, 0)
	say("below a device", err)
	status, err := os.ReadFile("/proc/self/status")
	say("proc", err, strings.HasPrefix(string(status), "Name:"))
	release, err := os.ReadFile("/proc/sys/kernel/ostype")
	say("proc", err, string(release))
	rest, err := io.ReadAll(os.Stdin)
	say("stdin", err, len(rest))
}

func surroundings() {
	value, found := os.LookupEnv("FILE_GUEST_SEEN")
	fmt.Println(value, found)
	_, found = os.LookupEnv("FILE_GUEST_MISSING")
	fmt.Println(found)
	where, err := os.Getwd()
	say("where", err, filepath.Base(where))
	fmt.Println(len(os.Args))
	start := time.Now()
	time.Sleep(20 * time.Millisecond)
	fmt.Println("slept", time.Since(start) >= 20*time.Millisecond, time.Now().Year() > 2024)
	fmt.Println("finer than milliseconds", fine())
	fmt.Fprintln(os.Stderr, "to the error output")
	os.Exit(7)
}

func fine() bool {
	for range 1000 {
		if time.Now().Nanosecond()%1_000_000 != 0 {
			return true
		}
	}
	return false
}
