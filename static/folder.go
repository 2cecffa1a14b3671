package static

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Write leaves the page in a folder that any host of files can serve, at any path, and that needs no server of ours: live is
// the program that stands in for it (wasm/live), and the page does without (site.js), forbids itself what the handler's headers forbid, and keeps itself for when there is no
// network (offline.js).
// The folder is made if it is not there; what else is in it stays.
func Write(folder string, live []byte) error {
	files, err := folderOf(files, live, false)
	if err != nil {
		return err
	}
	return writeFolder(folder, files)
}

// WriteEdge is Write for the edge, where the handler's headers go with the files: its host reads which from a file.
func WriteEdge(folder string, live []byte) error {
	files, err := edgeOf(files, live)
	if err != nil {
		return err
	}
	return writeFolder(folder, files)
}

func writeFolder(folder string, files map[string][]byte) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return fmt.Errorf("static: %w", err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o666); err != nil {
			return fmt.Errorf("static: %w", err)
		}
	}
	return nil
}

// folderOf is the folder's files by their names, for where there is an API beside them or none.
func folderOf(files fs.FS, live []byte, api bool) (map[string][]byte, error) {
	s, err := newSite(files)
	if err != nil {
		return nil, err
	}
	if !s.built() {
		return nil, errors.New("static: this program was built without the page; `make page` builds it")
	}
	folder := map[string][]byte{"live.wasm": live}
	for path, p := range s.pages {
		v, err := p.variants[identity]()
		if err != nil {
			return nil, err
		}
		folder[strings.TrimPrefix(path, "/")] = v.content
	}
	if folder["site.js"], err = fs.ReadFile(files, "site.js"); err != nil {
		return nil, fmt.Errorf("static: %w", err)
	}
	index, err := standalone(folder[""])
	if err != nil {
		return nil, err
	}
	// The program of recordings asks a server for what the browser does not have.
	const strict = "\"use strict\";\n"
	if !api {
		folder["lab.js"] = append([]byte(strict+"self.serverless = true;\n"), bytes.TrimPrefix(folder["lab.js"], []byte(strict))...)
	}
	folder[""] = index // as the page is asked for; its file gets its name below
	offline, err := fs.ReadFile(files, "offline.js")
	if err != nil {
		return nil, fmt.Errorf("static: %w", err)
	}
	head := offlineHead(folder)
	folder["index.html"] = index
	delete(folder, "")
	folder["offline.js"] = append(head, offline...)
	folder[".nojekyll"] = nil // to GitHub's pages: publish what is here as it is
	return folder, nil
}

// edgeOf is the folder's files at the edge.
func edgeOf(files fs.FS, live []byte) (map[string][]byte, error) {
	folder, err := folderOf(files, live, true)
	if err != nil {
		return nil, err
	}
	delete(folder, ".nojekyll")
	headers := []byte("/*\n")
	for _, name := range slices.Sorted(maps.Keys(securityHeaders)) {
		headers = fmt.Appendf(headers, "  %s: %s\n", name, securityHeaders[name])
	}
	folder["_headers"] = headers
	return folder, nil
}

// standalone is the page for where nobody sets headers. The rest of securityHeaders, browsers take from headers alone.
func standalone(index []byte) ([]byte, error) {
	const charset = `<meta charset="utf-8">` + "\n"
	const boot = `<script src="boot.js" defer></script>` + "\n"
	for _, edit := range []struct{ old, new string }{
		{`<html lang="en">`, `<html lang="en" data-site>`},
		{charset, charset + `<meta http-equiv="Content-Security-Policy" content="` + policy + `">` + "\n" + `<meta name="referrer" content="no-referrer">` + "\n"},
		{boot, boot + `<script src="site.js" defer></script>` + "\n"},
	} {
		if bytes.Count(index, []byte(edit.old)) != 1 {
			return nil, fmt.Errorf("static: index.html must have %q once", edit.old)
		}
		index = bytes.Replace(index, []byte(edit.old), []byte(edit.new), 1)
	}
	return index, nil
}

// offlineHead is what offline.js must know of the files, in JavaScript.
func offlineHead(files map[string][]byte) []byte {
	hashes := make(map[string]string)
	for name, content := range files {
		sum := sha256.Sum256(content)
		hashes["./"+name] = "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
	}
	list, err := json.Marshal(hashes) // in the order of the names
	if err != nil {
		panic(err) // text can be written
	}
	version := sha256.Sum256(list)
	return fmt.Appendf(nil, "\"use strict\";\nconst version = \"%x\", files = %s;\n", version[:8], list)
}
