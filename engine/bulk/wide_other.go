//go:build !amd64 || race

package bulk

const wide = false

func copySumWide(to, from *byte, n int, sum uint32) uint32 { panic("there is no wide way here") }
func sumWide(of *byte, n int, sum uint32) uint32           { panic("there is no wide way here") }
