//go:build !js

package recording

import "crypto/rand"

func random(b []byte) { rand.Read(b) }
