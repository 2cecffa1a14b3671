//go:build amd64 && !race

package bulk

import "golang.org/x/sys/cpu"

// wide says that the machine can do what wide_amd64.s has it do: of Intel's since Ice Lake,
// of AMD's since Zen 4. The race detector could not see what is copied there.
var wide = cpu.X86.HasAVX512F && cpu.X86.HasAVX512VPCLMULQDQ && cpu.X86.HasAVX2 && cpu.X86.HasSSE42

// Sums are not inverted at their ends here. Where n bytes are copied they are a positive multiple
// of step, and where they are streamed to is a cache line's beginning.

//go:noescape
func copySumWide(to, from *byte, n int, sum uint32) uint32

// streamSumWide and streamWide write past the caches, and return when what is written behind them
// cannot be seen before it.
//
//go:noescape
func streamSumWide(to, from *byte, n int, sum uint32) uint32

//go:noescape
func streamWide(to, from *byte, n int)

//go:noescape
func sumWide(of *byte, n int, sum uint32) uint32
