package object

import (
	"syscall/js"
	"time"

	"slotrace/engine/event"
	"slotrace/server/flow"
	"slotrace/server/room"
)

// post is the sockets.
type post struct{ send, end js.Value }

// Send gives each message an array of its own: the platform may not have sent it when
// send returns.
func (p post) Send(to room.ID, message []byte) {
	p.send.Invoke(int(to), array(message))
}

func (p post) Close(to room.ID, end flow.Ending) {
	p.end.Invoke(int(to), end.Code, end.Reason)
}

func array(b []byte) js.Value {
	a := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(a, b)
	return a
}

func bytes(a js.Value) []byte {
	b := make([]byte, a.Length())
	js.CopyBytesToGo(b, a)
	return b
}

func id(v js.Value) room.ID { return room.ID(v.Int()) }

// Asked says whether this instance was started to hold a room.
func Asked() bool { return js.Global().Get("context").Get("room").Truthy() }

// Hold holds a room, until the instance ends.
func Hold() {
	shim := js.Global().Get("context").Get("room")
	out := post{shim.Get("send"), shim.Get("end")}
	r := room.New(out)
	var buf []byte

	// on makes f one of the shim's functions. The last argument of each is the time in
	// milliseconds; each returns in how many there is something to do, or -1.
	on := func(name string, f func(args []js.Value, now time.Time)) {
		shim.Set(name, js.FuncOf(func(_ js.Value, args []js.Value) any {
			now := time.UnixMilli(int64(args[len(args)-1].Float()))
			f(args, now)
			at, ok := r.Due()
			if !ok {
				return -1
			}
			return max(0, int((at.Sub(now)+time.Millisecond-1)/time.Millisecond))
		}))
	}
	on("join", func(args []js.Value, now time.Time) { r.Join(id(args[0]), now) })
	on("present", func(args []js.Value, now time.Time) { r.Present(id(args[0]), now) })
	on("leave", func(args []js.Value, now time.Time) { r.Leave(id(args[0]), now) })
	on("tick", func(_ []js.Value, now time.Time) { r.Tick(now) })
	on("message", func(args []js.Value, now time.Time) { // id, an Uint8Array or, for text, null
		if args[1].IsNull() {
			r.Message(id(args[0]), now, false, nil)
			return
		}
		n := args[1].Length()
		if cap(buf) < n {
			buf = make([]byte, max(n, event.MaxMessage))
		}
		js.CopyBytesToGo(buf[:n], args[1])
		r.Message(id(args[0]), now, true, buf[:n])
	})

	// keep returns null or [pieces, [viewer, sequence, viewer, sequence, …]].
	shim.Set("keep", js.FuncOf(func(js.Value, []js.Value) any {
		kept, ok := r.Keep()
		if !ok {
			return nil
		}
		pieces, places := make([]any, len(kept.Pieces)), make([]any, 0, 2*len(kept.Viewers))
		for i, p := range kept.Pieces {
			pieces[i] = array(p)
		}
		for _, v := range kept.Viewers {
			places = append(places, int(v.Viewer), int(v.Sequence))
		}
		return []any{pieces, places}
	}))
	// restore takes those, the presenter or -1, and the time. It returns what is wrong with
	// them, or "".
	shim.Set("restore", js.FuncOf(func(_ js.Value, args []js.Value) any {
		var kept room.Kept
		for i := range args[0].Length() {
			kept.Pieces = append(kept.Pieces, bytes(args[0].Index(i)))
		}
		for i := 0; i < args[1].Length(); i += 2 {
			kept.Viewers = append(kept.Viewers, room.Place{Viewer: id(args[1].Index(i)), Sequence: uint32(args[1].Index(i + 1).Float())})
		}
		presenter := args[2].Int()
		restored, err := room.Restore(out, kept, room.ID(max(presenter, 0)), presenter >= 0, time.UnixMilli(int64(args[3].Float())))
		if err != nil {
			return err.Error()
		}
		r = restored
		return ""
	}))
	select {}
}
