package lab

import "testing"

func benchmark(b *testing.B, s Setup, mode string) {
	n := 0.0
	for b.Loop() {
		r, err := Explore(s, mode, Bounds{}, nil)
		if err != nil {
			b.Fatal(err)
		}
		x, _ := r.Executions.Float64()
		n += x
	}
	b.ReportMetric(n/b.Elapsed().Seconds(), "executions/s")
}

func BenchmarkProve3x3(b *testing.B) { benchmark(b, allocation("fetch-add", 3, 3), Prove) }
func BenchmarkProve4x2(b *testing.B) { benchmark(b, allocation("fetch-add", 4, 2), Prove) }
func BenchmarkProve5x2(b *testing.B) { benchmark(b, allocation("fetch-add", 5, 2), Prove) }
func BenchmarkProve4x3(b *testing.B) { benchmark(b, allocation("fetch-add", 4, 3), Prove) }
func BenchmarkAll3x2(b *testing.B)   { benchmark(b, allocation("fetch-add", 3, 2), All) }
func BenchmarkFind3x3(b *testing.B)  { benchmark(b, allocation("check-then-act", 3, 3), Find) }
