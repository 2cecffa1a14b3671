// Arrows checks which way the imports of this module point: each package may import the rooms in its row of the table in
// rooms.go and no others. Run it in the module's folder; it prints one line for each arrow that is not in the table.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// builds are the ways the code is compiled; what one leaves out another sees.
var builds = [][]string{
	{"GOOS=linux", "GOARCH=amd64"},
	{"GOOS=windows", "GOARCH=amd64"},
	{"GOOS=js", "GOARCH=wasm"},
}

// pkg is what `go list` says of a package.
type pkg struct {
	ImportPath string
	Imports    []string
}

func main() {
	var wrong []string
	for _, build := range builds {
		packages, err := list(build)
		if err != nil {
			fmt.Fprintln(os.Stderr, "arrows:", err)
			os.Exit(1)
		}
		for _, p := range packages {
			wrong = append(wrong, check(rooms, p)...)
		}
	}
	slices.Sort(wrong)
	for _, line := range slices.Compact(wrong) {
		fmt.Println(line)
	}
	if len(wrong) > 0 {
		os.Exit(1)
	}
}

// list asks for the packages of one build. Imports are read from the files, so a package that does not compile counts too.
func list(build []string) ([]pkg, error) {
	c := exec.Command("go", "list", "-e", "-json=ImportPath,Imports", "./...")
	c.Env = append(os.Environ(), build...)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("go list for %s: %w", strings.Join(build, " "), err)
	}
	var packages []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list for %s: %w", strings.Join(build, " "), err)
		}
		packages = append(packages, p)
	}
}

// check says what is wrong with the imports of one package, a line for each.
func check(rooms []room, p pkg) []string {
	name := within(p.ImportPath)
	at := slices.IndexFunc(rooms, func(r room) bool { return covers(r.path, name) })
	if at < 0 {
		return []string{fmt.Sprintf("%s has no row in scripts/arrows/rooms.go", name)}
	}
	row := rooms[at]
	var wrong []string
	for _, imported := range p.Imports {
		if !row.allows(imported) {
			wrong = append(wrong, fmt.Sprintf("%s may not import %s", name, strings.TrimPrefix(imported, module+"/")))
		}
	}
	return wrong
}

func (r room) allows(imported string) bool {
	if imported == "syscall/js" {
		return r.browser
	}
	if name := within(imported); name != "" {
		return slices.ContainsFunc(r.imports, func(path string) bool { return covers(path, name) })
	}
	return !slices.ContainsFunc(r.without, func(path string) bool { return covers(path+"/...", imported) })
}

// within is the folder of a package of this module, and empty for any other.
func within(path string) string {
	if path == module {
		return "."
	}
	folder, ours := strings.CutPrefix(path, module+"/")
	if !ours {
		return ""
	}
	return folder
}

// covers reports whether path is pattern, or lies under one that ends in /..., as the go command reads it.
func covers(pattern, path string) bool {
	folder, under := strings.CutSuffix(pattern, "/...")
	return path == folder || under && strings.HasPrefix(path, folder+"/")
}
