package recording

import (
	"archive/zip"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"

	"github.com/hack-pad/hackpadfs"
)

// WriteZip writes the recording as one file: its files as they are, which are compressed
// already, in the order of their use. The same recording gives the same bytes.
func (r *Recording) WriteZip(w io.Writer) error {
	z := zip.NewWriter(w)
	for _, name := range r.files() {
		b, err := fs.ReadFile(r.fsys, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // Damage tells of a segment; one that was cut off may have no manifest
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, reason(err))
		}
		f, err := z.CreateRaw(&zip.FileHeader{
			Name: name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(b),
			CompressedSize64: uint64(len(b)), UncompressedSize64: uint64(len(b)),
		})
		if err == nil {
			_, err = f.Write(b)
		}
		if err != nil {
			return err
		}
	}
	return z.Close()
}

// files lists the recording's files.
func (r *Recording) files() []string {
	names := []string{headerName, manifestName}
	for i := range r.Segments {
		names = append(names, segmentName(i+1))
	}
	return names
}

// CopyTo writes the recording's files into another folder, which is empty, and looks into
// each on the way. step, if there is one, is told how many bytes there are by now and ends it with an error.
func (r *Recording) CopyTo(to hackpadfs.FS, step func(bytes int64) error) error {
	if len(r.Damage) > 0 {
		return fmt.Errorf("%w: %s", ErrDamaged, r.Damage[0])
	}
	if err := writeHeader(to, &r.Header); err != nil {
		return err
	}
	bytes := int64(0)
	for i := range r.Segments {
		name := segmentName(i + 1)
		if _, err := r.Frames(i); err != nil {
			return err
		}
		b, err := fs.ReadFile(r.fsys, name)
		if err == nil {
			err = write(to, name, b)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, reason(err))
		}
		if bytes += int64(len(b)); step != nil {
			if err := step(bytes); err != nil {
				return err
			}
		}
	}
	return writeManifest(to, &Manifest{Segments: r.Segments, Ended: r.Ended})
}
