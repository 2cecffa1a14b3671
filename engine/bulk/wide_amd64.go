//go:build amd64 && !race

package bulk

import "golang.org/x/sys/cpu"

// wide says that the machine can do what wide_amd64.s has it do: of Intel's since Ice Lake,
// of AMD's since Zen 4. The race detector could not see what is copied there.
var wide = cpu.X86.HasAVX512F && cpu.X86.HasAVX512VPCLMULQDQ && cpu.X86.HasAVX2 && cpu.X86.HasSSE42

// Both take a sum that is not inverted at its ends, and go on with it.

// copySumWide takes n bytes, a positive multiple of step.
//
//go:noescape
func copySumWide(to, from *byte, n int, sum uint32) uint32

//go:noescape
func sumWide(of *byte, n int, sum uint32) uint32
