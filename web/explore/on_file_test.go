package explore

import (
	"encoding/json"
	"strings"
	"testing"

	"slotrace/engine/lab"
)

func TestAScheduleIsRunOnTheServersFile(t *testing.T) {
	d := open(t, "#explore?scenario=slot-allocation&variant=check-then-act&threads=2&ops=1&schedule=A1B3A2&step=6")
	d.Do("file")
	var asked struct {
		lab.Setup
		Schedule string
	}
	if err := json.Unmarshal([]byte(d.Request()), &asked); err != nil || asked.Schedule != "A1B3A2" || asked.Variant != "check-then-act" || asked.Threads != 2 {
		t.Fatalf("%v, %+v", err, asked)
	}
	if d.Request() != "" {
		t.Error("it is asked twice")
	}
	if line := read(find(d.view(), "on-file")); !strings.Contains(line, "…") {
		t.Errorf("while it runs: %q", line)
	}
	d.Do(`ran 200 {"agrees":true,"steps":[{},{},{},{},{},{}],"evidence":[{"ID":"b-0","Expected":"B's block 0","Got":"A's block 0"}]}`)
	if line := read(find(d.view(), "agrees")); !strings.Contains(line, "the same: 6 steps; b-0 was stored as “B's block 0” and reads “A's block 0”") {
		t.Errorf("%q", line)
	}
	d.Do("back")
	if find(d.view(), "agrees") == nil {
		t.Error("a step back, of the same schedule, forgets the answer")
	}
	d.Do("go 0")
	d.Do("take B")
	if find(d.view(), "on-file") != nil {
		t.Error("the answer is shown beside another schedule")
	}
	d.Do("file")
	if d.wrong == "" || d.Request() != "" {
		t.Error("half a schedule is sent")
	}
	d.Do("run")
	for answer, why := range map[string]string{
		`ran 0 `:                               "no server here",
		`ran 404 <html>`:                       "no server here",
		`ran 200 <html>`:                       "no server here",
		`ran 507 {"error":"the disk is full"}`: "on the server's file: the disk is full",
	} {
		d.Do("file")
		if d.Request() == "" {
			t.Fatal("nothing is asked")
		}
		d.Do(answer)
		if !strings.Contains(strings.ToLower(d.wrong), why) || find(d.view(), "on-file") != nil {
			t.Errorf("%s: %q", answer, d.wrong)
		}
	}
	d.Do(`ran 200 {"agrees":true}`) // nobody has asked
	if find(d.view(), "on-file") != nil {
		t.Error("an answer that nobody waits for is shown")
	}
}
