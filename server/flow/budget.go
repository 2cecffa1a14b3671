package flow

import "time"

// budget is a token bucket of bytes. In any stretch of time what is spent from it is
// at most burst and rate times the stretch, as long as no single message is larger
// than what there is room for, hello aside: that goes on credit.
type budget struct {
	left float64
	at   time.Time
}

func newBudget(now time.Time) budget { return budget{burst, now} }

func (b *budget) refill(now time.Time) {
	b.left = min(burst, b.left+now.Sub(b.at).Seconds()*rate)
	b.at = now
}

// room is how many bytes may be spent now, below 0 while there is credit to pay back.
func (b *budget) room(now time.Time) int {
	b.refill(now)
	return int(b.left)
}

func (b *budget) spend(now time.Time, bytes int) {
	b.refill(now)
	b.left -= float64(bytes)
}
