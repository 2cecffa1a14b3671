package verdict

// Breach is how an execution broke an invariant, in words.
type Breach struct {
	Kind string // "collision", "overlap", "torn", …
	Why  string // one sentence: who did what between whose which operations, and what came of it
	// Evidence are pairs of what was expected and what was found, as in the review.
	Evidence []Evidence
}

// Evidence is something stored that does not read back.
type Evidence struct {
	ID       string `json:"id"`
	Expected string `json:"expected"`
	Got      string `json:"got"`
}
