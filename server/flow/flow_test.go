package flow

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"slotrace/engine/event"
)

var noon = time.Unix(1_000_000, 0)

// Whoever sends a frame a tick, as large as there is room for, keeps to what the page promises.
func TestNoSecondHasMoreThanPromised(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type message struct {
			at    time.Time
			bytes int
		}
		now, f := noon, New(noon, 0)
		hello := rapid.IntRange(0, 30<<10).Draw(t, "hello")
		f.Spend(now, hello)
		sent := []message{{now, hello}}
		for range rapid.IntRange(1, 150).Draw(t, "ticks") {
			now = now.Add(Tick * time.Duration(rapid.SampledFrom([]int{1, 1, 1, 2, 40}).Draw(t, "pause")))
			if room := f.Room(now, Reserve); room > 0 {
				n := rapid.SampledFrom([]int{room, room / 2, min(room, 100)}).Draw(t, "bytes")
				f.Send(now, n)
				sent = append(sent, message{now, n})
			}
		}
		for i := range sent {
			bytes, messages := 0, 0
			for _, m := range sent[i:] {
				if m.at.Sub(sent[i].at) >= time.Second {
					break
				}
				bytes += m.bytes
				messages++
			}
			if bytes > 256<<10 || messages > 60 {
				t.Fatalf("%d bytes in %d messages within a second", bytes, messages)
			}
		}
	})
}

func TestAcknowledgements(t *testing.T) {
	f := New(noon, 10)
	for range 3 {
		f.Send(noon, 100)
	}
	for _, c := range []struct {
		message []byte
		binary  bool
		code    int // 0: it is one
	}{
		{event.AppendAck(nil, 10), true, 1002},
		{event.AppendAck(nil, 14), true, 1002},
		{event.AppendAck(nil, 12), false, 1003},
		{event.AppendAck(nil, 12)[:5], true, 1002},
		{make([]byte, event.MaxReply+1), true, 1009},
		{[]byte{2}, true, event.CloseVersion},
		{event.AppendAck(nil, 12), true, 0},
		{event.AppendAck(nil, 12), true, 1002},
	} {
		end, ok := f.Ack(noon, c.binary, c.message)
		if end.Code != c.code || ok != (c.code == 0) || len(end.Reason) > 123 {
			t.Errorf("% x: %+v, %v", c.message, end, ok)
		}
	}
	if f.Acked() != 12 || f.Flying() != 1 || f.Next() != 14 {
		t.Errorf("%d acknowledged, %d flying, the next is %d", f.Acked(), f.Flying(), f.Next())
	}
}

// Patience is counted from the last sign, or from when something was sent to somebody idle.
func TestWhoIsSilentForTooLong(t *testing.T) {
	f := New(noon, 0)
	later := noon.Add(time.Hour)
	if f.Silent(later) {
		t.Error("nothing was sent, and an acknowledgement is due")
	}
	f.Send(later, 1)
	f.Send(later.Add(time.Second), 1)
	if f.Silent(later.Add(Patience-1)) || !f.Silent(later.Add(Patience)) {
		t.Errorf("it is overdue at %v", f.SilentAt())
	}
	if _, ok := f.Ack(later.Add(Patience-1), true, event.AppendAck(nil, 1)); !ok || f.Silent(later.Add(Patience)) {
		t.Error("it has just acknowledged something")
	}
	if f.Silent(later.Add(2*Patience-2)) || !f.Silent(later.Add(2*Patience-1)) {
		t.Errorf("then it is overdue at %v", f.SilentAt())
	}
}

func FuzzAck(f *testing.F) {
	f.Add(event.AppendAck(nil, 2), true)
	f.Add([]byte("x"), false)
	f.Fuzz(func(t *testing.T, message []byte, binary bool) {
		flow := New(noon, 0)
		flow.Send(noon, 1)
		flow.Send(noon, 1)
		end, ok := flow.Ack(noon, binary, message)
		if ok == (end.Code != 0) || len(end.Reason) > 123 || ok != (flow.Flying() < 2) {
			t.Errorf("% x: %+v, %v, %d flying", message, end, ok, flow.Flying())
		}
	})
}
