package mapping

import "os"

type file struct{}

// Create says that there are no mapped files here.
func Create(string, int64) (*Mapping, error) { return nil, ErrUnsupported }

// Open says that there are no mapped files here.
func Open(string, bool) (*Mapping, error) { return nil, ErrUnsupported }

// Lock says that there are no files to lock here.
func Lock(string, bool) (*os.File, error) { return nil, ErrUnsupported }

// SyncDir does nothing here.
func SyncDir(string) error { return nil }

func (file) sync([]byte) error    { return nil }
func (file) short(int) bool       { return false }
func (file) populate([]byte) bool { return false }
func (file) close([]byte) error   { return nil }
