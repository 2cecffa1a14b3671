package explore

import "testing"

func factorial(n int) int {
	if n < 2 {
		return 1
	}
	return n * factorial(n-1)
}

// multinomial is (threads*each)! / each!^threads.
func multinomial(threads, each int) int {
	n := factorial(threads * each)
	for range threads {
		n /= factorial(each)
	}
	return n
}

func TestOneExecutionOfEachClass(t *testing.T) {
	for _, x := range []struct {
		threads, ops int
		add          bool
		want         int
	}{
		{2, 1, false, multinomial(2, 2)}, {2, 2, false, multinomial(2, 4)}, {3, 1, false, multinomial(3, 2)}, {3, 2, false, multinomial(3, 4)},
		{2, 1, true, 2}, {2, 2, true, multinomial(2, 2)}, {3, 1, true, 6}, {3, 2, true, multinomial(3, 2)}, {3, 3, true, multinomial(3, 3)}, {4, 2, true, multinomial(4, 2)},
	} {
		m, s := newStores(x.threads, x.ops, x.add)
		n, cut, lost := 0, 0, 0
		all := each(NewReduced(m), func(e End) bool {
			switch e {
			case Completed:
				n++
				if s.lost() {
					lost++
				}
			case Abandoned:
				cut++
			default:
				t.Fatal(e, m.Err())
			}
			return true
		})
		safe := multinomial(x.threads, x.ops)
		if !all || n != x.want || n-lost != safe {
			t.Errorf("%+v: %d classes (want %d), %d safe (want %d), %d cut short", x, n, x.want, n-lost, safe, cut)
		}
		m.Close()
	}
}

func BenchmarkReduced4x3(b *testing.B) {
	for range b.N {
		m, _ := newStores(4, 3, true)
		n, cut := 0, 0
		m.Each(NewReduced(m), func(e End) bool {
			if e == Completed {
				n++
			} else {
				cut++
			}
			return true
		})
		b.ReportMetric(float64(n), "classes")
		b.ReportMetric(float64(cut), "cut")
		m.Close()
	}
}
