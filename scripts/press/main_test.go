package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestBothFormsDecompressToTheFile(t *testing.T) {
	for name, content := range map[string][]byte{
		"empty": {},
		"text":  bytes.Repeat([]byte("two writers, one slot; "), 1000),
	} {
		t.Run(name, func(t *testing.T) {
			source, into := filepath.Join(t.TempDir(), "file"), t.TempDir()
			put(t, source, string(content))
			if _, err := press(into, source); err != nil {
				t.Fatal(err)
			}
			for suffix, decode := range map[string]func([]byte) ([]byte, error){".br": decodeBrotli, ".gz": decodeGzip} {
				encoded, err := os.ReadFile(filepath.Join(into, "file"+suffix))
				if err != nil {
					t.Fatal(err)
				}
				if got, err := decode(encoded); err != nil || !bytes.Equal(got, content) {
					t.Errorf("%s gives back %d bytes of %d: %v", suffix, len(got), len(content), err)
				}
			}
			if left, _ := filepath.Glob(filepath.Join(into, ".press-*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestOnlyWhatChangedOrIsDamagedIsPressedAgain(t *testing.T) {
	source, into := filepath.Join(t.TempDir(), "file"), t.TempDir()
	past := time.Now().Add(-time.Minute)
	for _, step := range []struct {
		name, content, damage, want string
	}{
		{name: "first", content: "one", want: ".br.gz"},
		{name: "again", content: "one", want: ""},
		{name: "changed, of the same length", content: "two", want: ".br.gz"},
		{name: "gzip damaged", content: "two", damage: ".gz", want: ".gz"},
		{name: "brotli damaged", content: "two", damage: ".br", want: ".br"},
	} {
		put(t, source, step.content)
		if step.damage != "" {
			put(t, filepath.Join(into, "file"+step.damage), "half")
		}
		// What is older than the press was not written by it.
		for _, suffix := range []string{".br", ".gz"} {
			if err := os.Chtimes(filepath.Join(into, "file"+suffix), past, past); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
		if _, err := press(into, source); err != nil {
			t.Fatal(err)
		}
		wrote := ""
		for _, suffix := range []string{".br", ".gz"} {
			info, err := os.Stat(filepath.Join(into, "file"+suffix))
			if err != nil {
				t.Fatal(err)
			}
			if info.ModTime().After(past) {
				wrote += suffix
			}
		}
		if wrote != step.want {
			t.Errorf("%s: wrote %q, want %q", step.name, wrote, step.want)
		}
	}
}

func put(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
