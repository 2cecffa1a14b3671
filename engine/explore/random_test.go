package explore

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"slotrace/engine/visible"
	"slotrace/engine/visible/index"
)

// made is a program that is made at random: a few threads over two counters, two locks, six bytes and an index, in
// which what a thread does depends on what it saw: each operation is of one number, which
// what was seen changes from there on.
type made struct {
	threads [][]uint64
	words   [2]uint64
	count   [2]visible.Counter
	locks   [2]*visible.Mutex
	memory  [6]byte
	bytes   visible.Bytes
	entries *index.Map
	saw     []string // by thread
}

func newMade(seed uint64) *made {
	r := rand.New(rand.NewPCG(seed, 7))
	p := &made{entries: index.New(4, 0)}
	for i := range p.count {
		p.count[i] = visible.NewCounter(1, uint64(i), &p.words[i])
		p.locks[i] = visible.NewMutex(2, uint64(i))
	}
	p.bytes = visible.NewBytes(3, p.memory[:])
	most := 4
	if r.IntN(2) == 0 {
		p.threads = make([][]uint64, 2)
	} else {
		p.threads, most = make([][]uint64, 3), 3
	}
	of := [][]int{{0, 1, 2, 3}, {4, 5, 6}, {4, 4, 6, 3}, {0, 2, 3, 4, 6}, {0, 3, 7, 8}, {9, 10, 11, 12}, {3, 6, 11, 12}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}[r.IntN(8)]
	for i := range p.threads {
		for range 1 + r.IntN(most) {
			p.threads[i] = append(p.threads[i], uint64(of[r.IntN(len(of))])|uint64(r.IntN(16))<<8)
		}
	}
	p.saw = make([]string, len(p.threads))
	return p
}

func (p *made) Reset() {
	p.words = [2]uint64{}
	p.memory = [6]byte{}
	p.entries.Clear()
	clear(p.saw)
}

func (p *made) Run(t *visible.Thread) {
	acc, saw := uint64(0), []string{}
	var held []int
	note := func(x any) {
		saw = append(saw, fmt.Sprint(x))
		p.saw[t.ID] = strings.Join(saw, " ")
	}
	see := func(v uint64, ok bool) {
		if ok {
			acc = (acc + v + 1) % 5
		}
		note(v*2 + uint64(map[bool]int{true: 1}[ok]))
	}
	for _, x := range p.threads[t.ID] {
		n := x>>8 + acc
		c, l, key := &p.count[n%2], p.locks[n%2], [2]string{"x", "y"}[n%2]
		switch x & 0xff {
		case 0:
			see(c.Load(t, 0), true)
		case 1:
			c.Store(t, 0, n/2)
		case 2:
			see(c.Add(t, 0, 1+n/4), true)
		case 3:
			see(0, c.CompareAndSwap(t, 0, n/2%3, n/4%3+1))
		case 4:
			if !slices.Contains(held, int(n%2)) || n > 14 {
				l.Lock(t, 0)
				held = append(held, int(n%2))
			}
		case 5:
			if len(held) > 0 {
				p.locks[held[len(held)-1]].Unlock(t, 0)
				held = held[:len(held)-1]
			}
		case 6:
			ok := l.TryLock(t, 0)
			see(1, ok)
			if ok {
				held = append(held, int(n%2))
			}
		case 7:
			var b [2]byte
			p.bytes.Read(t, 0, n%5, b[:1+n/5%2])
			see(uint64(b[0])+2*uint64(b[1]), true)
		case 8:
			b := [2]byte{byte(1 + t.ID), byte(n)}
			p.bytes.Write(t, 0, n%5, b[:1+n/5%2], nil)
		case 9:
			see(p.entries.Load(t, 0, key))
		case 10:
			p.entries.Store(t, 0, key, n/2)
		case 11:
			see(p.entries.Insert(t, 0, key, n/2))
		case 12:
			see(p.entries.Delete(t, 0, key))
		}
	}
	for _, i := range slices.Backward(held) {
		p.locks[i].Unlock(t, 0)
	}
}

func (p *made) outcome() string {
	all := map[string]uint64{}
	p.entries.Each(func(key string, v uint64) { all[key] = v })
	return fmt.Sprint(p.saw, p.words, p.memory, all)
}

// all is every class that a search visits, with what it comes to; visits is how many
// executions that took. whole is false if most were not enough.
func (p *made) all(t *testing.T, m *Machine, s interface{ Visit() (End, bool) }, most int) (classes map[string]string, visits int, whole bool) {
	classes = map[string]string{}
	for visits < most {
		end, ok := s.Visit()
		switch {
		case !ok:
			return classes, visits, true
		case end == Abandoned:
			continue
		case end != Completed && end != Deadlock:
			t.Fatalf("%v: an execution ended as %d: %s", p.threads, end, m.Err())
		}
		visits++
		came := fmt.Sprint(end, p.outcome())
		of := class(m)
		if before, known := classes[of]; known && before != came {
			t.Errorf("%v: two equivalent executions come to %s and %s", p.threads, before, came)
		}
		classes[of] = came
	}
	return classes, visits, false
}

// Of whatever program one execution of each class is visited, no more and no fewer, and
// all of a class come to the same. SLOTRACE_PROGRAMS is how many are made.
func TestReducedIsRightAboutProgramsMadeAtRandom(t *testing.T) {
	programs, most := 150, 400
	if s := os.Getenv("SLOTRACE_PROGRAMS"); s != "" {
		programs, _ = strconv.Atoi(s)
		most = 5000
	}
	judged, deadlocks := 0, 0
	first, _ := strconv.Atoi(os.Getenv("SLOTRACE_FIRST"))
	for seed := range uint64(programs) {
		p := newMade(seed + uint64(first))
		m := New(len(p.threads), func(visible.Observer) Program { return p })
		every, _, whole := p.all(t, m, NewEvery(m, Unbounded), most)
		if whole {
			judged++
			reduced, visits, _ := p.all(t, m, NewReduced(m), 1e9)
			if visits != len(reduced) {
				t.Errorf("program %d, %v: %d classes in %d visits", seed, p.threads, len(reduced), visits)
			}
			if !maps.Equal(every, reduced) {
				t.Errorf("program %d, %x: every execution has %d classes, of which one execution each are %d", seed, p.threads, len(every), len(reduced))
			}
			for _, came := range every {
				if strings.HasPrefix(came, fmt.Sprint(Deadlock)) {
					deadlocks++
					break
				}
			}
		}
		m.Close()
	}
	if judged < programs/2 || deadlocks == 0 {
		t.Errorf("%d programs of %d were small enough, and %d deadlocked", judged, programs, deadlocks)
	}
	t.Logf("%d programs of %d, %d with a deadlock", judged, programs, deadlocks)
}
