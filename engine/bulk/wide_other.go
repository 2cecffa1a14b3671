//go:build !amd64 || race

package bulk

const wide = false

const noWay = "there is no wide way here"

func copySumWide(to, from *byte, n int, sum uint32) uint32   { panic(noWay) }
func streamSumWide(to, from *byte, n int, sum uint32) uint32 { panic(noWay) }
func streamWide(to, from *byte, n int)                       { panic(noWay) }
func sumWide(of *byte, n int, sum uint32) uint32             { panic(noWay) }
