// Press writes brotli and gzip forms of files beside each other into a folder, as a server sends them, and says how large they came out.
//
//	press -into DIR FILE...
//
// A file whose two forms are there and decompress to it is left alone: brotli's best takes seconds.
package main

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/andybalholm/brotli"
)

func main() {
	into := flag.String("into", ".", "folder for FILE.br and FILE.gz")
	flag.Parse()
	for _, name := range flag.Args() {
		sizes, err := press(*into, name)
		if err != nil {
			fmt.Fprintln(os.Stderr, "press:", err)
			os.Exit(1)
		}
		fmt.Printf("%s: %d bytes, %d as gzip, %d as brotli\n", filepath.Base(name), sizes.plain, sizes.gzip, sizes.brotli)
	}
}

type sizes struct{ plain, gzip, brotli int }

func press(into, name string) (sizes, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return sizes{}, err
	}
	target := filepath.Join(into, filepath.Base(name))
	br, err := form(target+".br", content, encodeBrotli, decodeBrotli)
	if err != nil {
		return sizes{}, err
	}
	gz, err := form(target+".gz", content, encodeGzip, decodeGzip)
	if err != nil {
		return sizes{}, err
	}
	return sizes{plain: len(content), gzip: gz, brotli: br}, nil
}

// form makes sure that target holds content in one coding, and returns its size there.
func form(target string, content []byte, encode func([]byte) ([]byte, error), decode func([]byte) ([]byte, error)) (int, error) {
	if old, err := os.ReadFile(target); err == nil {
		if decoded, err := decode(old); err == nil && bytes.Equal(decoded, content) {
			return len(old), nil
		}
	}
	encoded, err := encode(content)
	if err != nil {
		return 0, fmt.Errorf("compress %s: %w", target, err)
	}
	return len(encoded), replace(target, encoded)
}

// replace puts a whole file in place at once, so that whoever embeds the folder meanwhile never reads half of one. The
// temporary name begins with a dot, which go:embed passes over.
func replace(target string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(target), ".press-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // after the rename there is nothing left to remove
	if _, err = f.Write(content); err == nil {
		err = f.Chmod(0o644)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), target)
}

func encodeBrotli(content []byte) ([]byte, error) {
	var b bytes.Buffer
	return written(&b, brotli.NewWriterLevel(&b, brotli.BestCompression), content)
}

func encodeGzip(content []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	return written(&b, w, content)
}

func written(b *bytes.Buffer, w io.WriteCloser, content []byte) ([]byte, error) {
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func decodeBrotli(encoded []byte) ([]byte, error) {
	return io.ReadAll(brotli.NewReader(bytes.NewReader(encoded)))
}

func decodeGzip(encoded []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(encoded))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
