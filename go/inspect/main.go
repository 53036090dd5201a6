// Command inspect tells what the sources of a plugin hold, without compiling them: the registerers, the main function,
// and what they seem to use. The builder runs it with the files of the plugin's packages, as JSON on standard input.
package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
)

type input struct {
	Packages []struct {
		Path string `json:"path"`
		Dir  string `json:"dir"`
		// Files are compiled; Ignored are left out by build constraints, cgo among them.
		Files   []string `json:"files"`
		Ignored []string `json:"ignored"`
	} `json:"packages"`
	// Main is the import path of the plugin's own package.
	Main string `json:"main"`
}

type place struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	// Offset is in bytes.
	Offset int `json:"offset"`
}

type symbol struct {
	Name string `json:"name"`
	// Kind is var, func, type or const.
	Kind string `json:"kind"`
	place
}

type use struct {
	// What is host, env, file, exec, or client for what may call any host.
	What string `json:"what"`
	// Name is empty where it is computed.
	Name string `json:"name"`
	Call string `json:"call"`
	place
}

type imported struct {
	Path string `json:"path"`
	// Built is false in a file that build constraints leave out.
	Built bool `json:"built"`
	place
}

type report struct {
	Symbols []symbol `json:"symbols"`
	Main    []place  `json:"main"`
	// Martian are the calls that register a modifier for Martian; their names are empty where they are computed.
	Martian    []use   `json:"martian"`
	PluginOpen []place `json:"pluginOpen"`
	// Special are imports of C, plugin and unsafe.
	Special []imported `json:"special"`
	Uses    []use      `json:"uses"`
}

var registerers = map[string]bool{
	"ClientRegisterer": true, "HandlerRegisterer": true, "ModifierRegisterer": true, "MiddlewareRegisterer": true,
}

func main() {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	out := report{[]symbol{}, []place{}, []use{}, []place{}, []imported{}, []use{}}
	for _, p := range in.Packages {
		files := token.NewFileSet()
		var parsed []*ast.File
		for _, name := range p.Files {
			// What cannot be parsed is told by the compiler, in its own words.
			if f, _ := parser.ParseFile(files, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution); f != nil {
				parsed = append(parsed, f)
			}
		}
		constants := constantsOf(parsed)
		for _, f := range parsed {
			s := scan{files, importsOf(f), constants, &out}
			s.special(f, true)
			if p.Path == in.Main {
				s.declarations(f)
			}
			s.calls(f)
		}
		for _, name := range p.Ignored {
			if f, _ := parser.ParseFile(files, filepath.Join(p.Dir, name), nil, parser.ImportsOnly); f != nil {
				(&scan{files, nil, nil, &out}).special(f, false)
			}
		}
	}
	json.NewEncoder(os.Stdout).Encode(out)
}

// scan is the look at one file.
type scan struct {
	files *token.FileSet
	// imports are the import paths by their names in the file.
	imports map[string]string
	// constants are the texts of the package's constants and variables by their names.
	constants map[string]string
	out       *report
}

func (s *scan) at(pos token.Pos) place {
	p := s.files.PositionFor(pos, false)
	return place{p.Filename, p.Line, p.Column, p.Offset}
}

func (s *scan) special(f *ast.File, built bool) {
	for _, spec := range f.Imports {
		switch path, _ := strconv.Unquote(spec.Path.Value); path {
		case "C", "plugin", "unsafe":
			s.out.Special = append(s.out.Special, imported{path, built, s.at(spec.Path.Pos())})
		}
	}
}

func (s *scan) declarations(f *ast.File) {
	add := func(id *ast.Ident, kind string) {
		if registerers[id.Name] {
			s.out.Symbols = append(s.out.Symbols, symbol{id.Name, kind, s.at(id.Pos())})
		}
	}
	for _, decl := range f.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv != nil {
				continue
			}
			add(d.Name, "func")
			if d.Name.Name == "main" {
				s.out.Main = append(s.out.Main, s.at(d.Name.Pos()))
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.ValueSpec:
					for _, id := range spec.Names {
						add(id, d.Tok.String())
					}
				case *ast.TypeSpec:
					add(spec.Name, "type")
				}
			}
		}
	}
}
