package main

import (
	"go/ast"
	"go/token"
	"net"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// function says which argument of a call names what it uses.
type function struct {
	what string
	arg  int
}

const all = -1 // no argument does

// functions are known by import path and name.
var functions = map[string]function{
	"net/http.Get": {"host", 0}, "net/http.Head": {"host", 0}, "net/http.Post": {"host", 0}, "net/http.PostForm": {"host", 0},
	"net/http.NewRequest": {"host", 1}, "net/http.NewRequestWithContext": {"host", 2},
	"net/http/httputil.NewSingleHostReverseProxy": {"host", 0},

	"net.Dial": {"host", 1}, "net.DialTimeout": {"host", 1}, "net.DialTCP": {"host", 2}, "net.DialUDP": {"host", 2},
	"net.DialUnix": {"host", 2}, "net.LookupHost": {"host", 0}, "net.LookupIP": {"host", 0}, "net.LookupAddr": {"host", 0},
	"net.ResolveTCPAddr": {"host", 1}, "net.ResolveUDPAddr": {"host", 1}, "net.Listen": {"host", 1},
	"net.ListenPacket": {"host", 1}, "net/http.ListenAndServe": {"host", 0}, "crypto/tls.Dial": {"host", 1},
	"crypto/tls.DialWithDialer": {"host", 2}, "net/smtp.SendMail": {"host", 0}, "net/smtp.Dial": {"host", 0},
	"net/rpc.Dial": {"host", 1}, "net/rpc.DialHTTP": {"host", 1}, "log/syslog.Dial": {"host", 1},

	"os.Getenv": {"env", 0}, "os.LookupEnv": {"env", 0}, "os.Environ": {"env", all}, "os.ExpandEnv": {"env", all},
	"syscall.Getenv": {"env", 0}, "syscall.Environ": {"env", all},

	"os.ReadFile": {"file", 0}, "os.Open": {"file", 0}, "os.OpenFile": {"file", 0}, "os.Create": {"file", 0},
	"os.WriteFile": {"file", 0}, "os.Stat": {"file", 0}, "os.Lstat": {"file", 0}, "os.ReadDir": {"file", 0},
	"os.Mkdir": {"file", 0}, "os.MkdirAll": {"file", 0}, "os.MkdirTemp": {"file", 0}, "os.CreateTemp": {"file", 0},
	"os.Remove": {"file", 0}, "os.RemoveAll": {"file", 0}, "os.Rename": {"file", 0}, "os.Truncate": {"file", 0},
	"os.DirFS": {"file", 0}, "os.OpenRoot": {"file", 0}, "os.Chdir": {"file", 0}, "os.TempDir": {"file", all},
	"io/ioutil.ReadFile": {"file", 0}, "io/ioutil.WriteFile": {"file", 0}, "io/ioutil.ReadDir": {"file", 0},
	"io/ioutil.TempFile": {"file", 0}, "io/ioutil.TempDir": {"file", 0}, "net/http.ServeFile": {"file", 2},
	"net/http.Dir": {"file", 0}, "path/filepath.Walk": {"file", 0}, "path/filepath.WalkDir": {"file", 0},
	"path/filepath.Glob": {"file", 0}, "crypto/tls.LoadX509KeyPair": {"file", 0},
	"html/template.ParseFiles": {"file", 0}, "text/template.ParseFiles": {"file", 0},
	"html/template.ParseGlob": {"file", 0}, "text/template.ParseGlob": {"file", 0},

	"os/exec.Command": {"exec", 0}, "os/exec.CommandContext": {"exec", 1}, "os.StartProcess": {"exec", 0},
	"syscall.Exec": {"exec", 0}, "syscall.ForkExec": {"exec", 0},
}

// The package that Martian modifiers are registered with, by its paths over the years.
var martianRegister = regexp.MustCompile(`^github\.com/(krakend|devopsfaith)/krakend-martian(/v2)?/register$`)

// A URL with a host that nothing is computed of.
var literalURL = regexp.MustCompile(`^(https?|wss?|ldaps?|rediss?|amqps?|mongodb|postgres|postgresql|mysql|tcp|tls|udp|nats|mqtts?|grpc)://([^/?#%\s]+@)?([^/?#@%\s]+)([/?#]|$)`)

// An address with a port: a name, or IPv4.
var literalAddress = regexp.MustCompile(`^([a-z0-9_-]*[a-z_][a-z0-9_-]*(\.[a-z0-9_-]+)*|[a-z0-9_-]+(\.[a-z0-9_-]+)+):[0-9]{2,5}$`)

var major = regexp.MustCompile(`^v[0-9]+$`)

func importsOf(f *ast.File) map[string]string {
	names := map[string]string{}
	for _, spec := range f.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		name := path.Base(p)
		if major.MatchString(name) {
			name = path.Base(path.Dir(p))
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = p
	}
	return names
}

// constantsOf finds the texts of constants and variables of a package, wherever in it they are declared.
func constantsOf(files []*ast.File) map[string]string {
	found := map[string]string{}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Names) == len(spec.Values) {
				for i, id := range spec.Names {
					if text, ok := literal(spec.Values[i]); ok {
						found[id.Name] = text
					}
				}
			}
			return true
		})
	}
	return found
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// calls notes what the calls of known functions name, and the hosts of URLs that stand in the sources.
func (s *scan) calls(f *ast.File) {
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			return n.Tag == nil // a tag is no text of the program
		case *ast.BasicLit:
			if text, ok := literal(n); ok {
				if m := literalURL.FindStringSubmatch(text); m != nil {
					s.use("host", m[3], "", n)
				} else if literalAddress.MatchString(text) {
					s.use("host", text, "", n)
				}
			}
		case *ast.CallExpr:
			s.call(n)
		case *ast.SelectorExpr:
			s.client(n)
		}
		return true
	})
}

// clients send what is made elsewhere, maybe by the gateway.
var clients = map[string]bool{
	"net/http.DefaultClient": true, "net/http.DefaultTransport": true, "net/http.Client": true, "net/http.Transport": true,
	"net/http/httputil.ReverseProxy": true, "net.Dialer": true,
}

func (s *scan) client(e *ast.SelectorExpr) {
	if pkg, ok := e.X.(*ast.Ident); ok && clients[s.imports[pkg.Name]+"."+e.Sel.Name] {
		s.use("client", "", pkg.Name+"."+e.Sel.Name, e)
	}
}

func (s *scan) call(c *ast.CallExpr) {
	selector, ok := c.Fun.(*ast.SelectorExpr)
	if !ok {
		return
	}
	pkg, ok := selector.X.(*ast.Ident)
	if !ok || s.imports[pkg.Name] == "" {
		if selector.Sel.Name == "DialContext" && len(c.Args) == 3 {
			s.named("host", c.Args[2], "DialContext", c)
		}
		return
	}
	importPath, name := s.imports[pkg.Name], selector.Sel.Name
	call := pkg.Name + "." + name
	if martianRegister.MatchString(importPath) && name == "Set" && len(c.Args) > 0 {
		text, _ := s.textOf(c.Args[0])
		s.out.Martian = append(s.out.Martian, use{"martian", text, call, s.at(c.Pos())})
	}
	if importPath == "plugin" && name == "Open" {
		s.out.PluginOpen = append(s.out.PluginOpen, s.at(c.Pos()))
	}
	known, ok := functions[importPath+"."+name]
	if !ok {
		return
	}
	if known.arg == all || known.arg >= len(c.Args) {
		s.use(known.what, "", call, c)
		return
	}
	s.named(known.what, c.Args[known.arg], call, c)
	if call == "tls.LoadX509KeyPair" && len(c.Args) == 2 {
		s.named("file", c.Args[1], call, c)
	}
}

// named notes what an argument names, or that it is computed.
func (s *scan) named(what string, arg ast.Expr, call string, at ast.Node) {
	text, whole := s.textOf(arg)
	if what == "host" {
		text = hostOf(text, whole)
	} else if !whole {
		text = ""
	}
	s.use(what, text, call, at)
}

// textOf is the text of an expression, or what it begins with when that is not the whole.
func (s *scan) textOf(e ast.Expr) (text string, whole bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		return literal(e)
	case *ast.ParenExpr:
		return s.textOf(e.X)
	case *ast.Ident:
		text, ok := s.constants[e.Name]
		return text, ok
	case *ast.BinaryExpr:
		left, whole := s.textOf(e.X)
		if e.Op != token.ADD || !whole {
			return left, false
		}
		right, whole := s.textOf(e.Y)
		return left + right, whole
	case *ast.CallExpr:
		if f, ok := e.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Sprintf" && len(e.Args) > 0 {
			text, _ := s.textOf(e.Args[0])
			text, _, _ = strings.Cut(text, "%")
			return text, false
		}
	}
	return "", false
}

// hostOf is the host of a URL or of an address; empty when it is not all there.
func hostOf(text string, whole bool) string {
	if m := literalURL.FindStringSubmatch(text); m != nil && (whole || m[4] != "") {
		return m[3]
	}
	if !whole || strings.Contains(text, "://") {
		return ""
	}
	if host, _, err := net.SplitHostPort(text); err == nil && host != "" {
		return text
	}
	if u, err := url.Parse("//" + text); err == nil && u.Host == text && strings.Contains(text, ".") {
		return text
	}
	return ""
}

func (s *scan) use(what, name, call string, at ast.Node) {
	s.out.Uses = append(s.out.Uses, use{what, name, call, s.at(at.Pos())})
}
