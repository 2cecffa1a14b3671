package visible

import (
	"reflect"
	"testing"
)

func TestASwapThatFailsIsToldAsMissing(t *testing.T) {
	var word uint64
	c := NewCounter(1, 0, &word)
	var s seer
	if c.CompareAndSwap(NewThread(0, &s), Claim, 7, 8) || s.value != Missing || s.asked != 1 {
		t.Errorf("0 was swapped as a 7, or told as %d", s.value)
	}
}

// seer remembers the last operation and its value.
type seer struct {
	op    Op
	value uint64
	asked int
}

func (s *seer) Point(_ *Thread, op Op)          { s.asked++ }
func (s *seer) Done(_ *Thread, op Op, v uint64) { s.op, s.value = op, v }

// Every operation does the same with an observer and without, and tells its kind, object, range and value.
func TestEveryOperationIsAnnounced(t *testing.T) {
	var word uint64
	counter := NewCounter(1, 4, &word)
	mem := NewBytes(2, make([]byte, 16))
	lock := NewMutex(5, 0)
	var got [4]byte
	for _, observed := range []bool{false, true} {
		word = 0
		var s seer
		th := &Thread{}
		if observed {
			th.Watch(&s)
		}
		for _, x := range []struct {
			do    func() uint64
			op    Op
			value uint64
		}{
			{func() uint64 { return counter.Add(th, Tell, 3) }, Op{OpAdd, Tell, 1, Range{4, 5}}, 3},
			{func() uint64 { return counter.Load(th, Look) }, Op{OpLoad, Look, 1, Range{4, 5}}, 3},
			{func() uint64 { counter.Store(th, Commit, 9); return counter.Peek() }, Op{OpStore, Commit, 1, Range{4, 5}}, 9},
			{func() uint64 { counter.CompareAndSwap(th, Claim, 9, 10); return 9 }, Op{OpCompareAndSwap, Claim, 1, Range{4, 5}}, 9},
			{func() uint64 { mem.Write(th, Block, 2, []byte("ab"), []byte("cd")); return 4 }, Op{OpWrite, Block, 2, Range{2, 6}}, 4},
			{func() uint64 { mem.Read(th, Fetch, 2, got[:1], got[1:]); return 4 }, Op{OpRead, Fetch, 2, Range{2, 6}}, 4},
			{func() uint64 { lock.Lock(th, Enter); return 0 }, Op{OpLock, Enter, 5, Range{0, 1}}, 0},
			{func() uint64 { lock.Unlock(th, Leave); return 0 }, Op{OpUnlock, Leave, 5, Range{0, 1}}, 0},
		} {
			s = seer{}
			if v := x.do(); v != x.value {
				t.Errorf("%s gave %d, want %d", x.op.Kind, v, x.value)
			}
			if observed && (s.asked != 1 || s.op != x.op || s.value != x.value) {
				t.Errorf("%s: the observer was asked %d times and saw %+v, %d; want %+v, %d", x.op.Kind, s.asked, s.op, s.value, x.op, x.value)
			}
		}
		if string(got[:]) != "abcd" {
			t.Errorf("read %q", got)
		}
	}
}

func TestStepsAndKindsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for s := NoStep; s < Steps; s++ {
		if n := s.String(); n == "" || seen[n] {
			t.Errorf("step %d is called %q", s, n)
		} else {
			seen[n] = true
		}
	}
	if Steps.String() != "unknown step" || Kind(99).String() != "unknown operation" {
		t.Error("what is not known has a name")
	}
}

func TestWhoeverWritesIsGivenThePlaceAndNoMore(t *testing.T) {
	mem := NewBytes(2, make([]byte, 9))
	to := mem.Writing(&Thread{}, Block, 1, 5)
	if len(to) != 5 || cap(to) != 5 || copy(to, "FIRST") != 5 || string(mem.mem) != "\x00FIRST\x00\x00\x00" {
		t.Errorf("%d bytes, up to %d; then there is %q", len(to), cap(to), mem.mem)
	}
}

// A struct of more than four fields, or words, is kept in memory by Go's compiler and copied at
// each call, which took a third of what it costs to be watched.
func TestAnOperationIsPassedInRegisters(t *testing.T) {
	for _, op := range []reflect.Type{reflect.TypeFor[Op](), reflect.TypeFor[Range]()} {
		if op.NumField() > 4 || op.Size() > 32 {
			t.Errorf("%v has %d fields and %d bytes", op, op.NumField(), op.Size())
		}
	}
}
