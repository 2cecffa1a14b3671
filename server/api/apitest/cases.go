package apitest

import (
	"net/http"
	"slices"
	"strings"
)

// row is a Case without what it needs. In it, {run} stands for a run that there is; there is no run 8.
type row struct {
	method, target, body string
	status               int
	says                 string
}

// refusedOwn needs a machine of one's own.
var refusedOwn = []row{
	{"POST", "/api/runs", `{"writers":0}`, 400, "writers: must be from 1 to 64, not 0"},
	{"POST", "/api/runs", `{"writers":10000}`, 400, "writers: must be from 1 to 64, not 10000"},
	{"POST", "/api/runs", `{"slots":0,"pace_us":-1}`, 400, "slots: must be from 1 to 1000000, not 0; pace_us: must be from 0 to 5000000, not -1"},
	{"POST", "/api/runs", `{"allocator":"hope"}`, 400, "allocator: there is no allocator \"hope\"; there are check-then-act, "},
	{"POST", "/api/runs", `{"writers":"eight"}`, 400, `writers: must be a whole number, not "eight"`},
	{"POST", "/api/runs", `{"writers":1.5}`, 400, "writers: must be a whole number, not 1.5"},
	{"POST", "/api/runs", `{"writers":1e1}`, 400, "writers: must be a whole number, not 1e1"},
	{"POST", "/api/runs", `{"writers":null}`, 400, "writers: must be a whole number, not null"},
	{"POST", "/api/runs", "{\"writers\":[\n1]}", 400, "writers: must be a whole number, not [1]"},
	{"POST", "/api/runs", `{"stores":9223372036854775808}`, 400, "stores: 9223372036854775808 is far out of range"},
	{"POST", "/api/runs", `{"stores":1.5}`, 400, "stores: must be a whole number"},
	{"POST", "/api/runs", `{"allocator":7}`, 400, "allocator: must be text, not 7"},
	{"POST", "/api/runs", `{"paused":"yes"}`, 400, `paused: must be true or false, not "yes"`},
	{"POST", "/api/runs", `{"writer":8}`, 400, `there is no field "writer"; there are allocator, compare, writers, slots, embedding, pace_us, window_us, stores, paused`},
	{"POST", "/api/runs", `{"Writers":8}`, 400, `there is no field "Writers"`},
	{"POST", "/api/runs", `{"writers":8,"writers":9}`, 400, "writers: must be given once"},
	{"POST", "/api/runs", `{"writers":8} x`, 400, "the body is not JSON: "},
	{"POST", "/api/runs", `{"writers":8}{}`, 400, "the body is not JSON: "},
	{"POST", "/api/runs", `{"writers":8,}`, 400, "the body is not JSON: "},
	{"POST", "/api/runs", `{"writers":08}`, 400, "the body is not JSON: "},
	{"POST", "/api/runs", `{"writers"`, 400, "the body is not JSON: "},
	{"POST", "/api/runs", `[]`, 400, "the body must be a JSON object"},
	{"POST", "/api/runs", `null`, 400, "the body must be a JSON object"},
	{"POST", "/api/runs", "{}" + strings.Repeat(" ", 4095), 413, "the body is over 4096 bytes"},
	{"POST", "/api/runs?writers=8", `{}`, 400, `there is no parameter "writers" here`},
	{"PATCH", "/api/runs/{run}", ``, 400, "the body is empty"},
	{"PATCH", "/api/runs/{run}", `{"slots":9}`, 400, `there is no field "slots"; there are allocator, compare, writers, pace_us, window_us, pause, step`},
	{"PATCH", "/api/runs/{run}", `{"step":0}`, 400, "step: must be from 1 to 100, not 0"},
	{"PATCH", "/api/runs/{run}", `{"pause":1}`, 400, "pause: must be true or false, not 1"},
	{"PATCH", "/api/runs/8", `{"pause":true}`, 404, "run 8: no such run"},
	{"GET", "/api/runs/8", "", 404, "run 8: no such run"},
	{"DELETE", "/api/runs/8", "", 404, "run 8: no such run"},
	{"GET", "/api/runs/8/evidence", "", 404, "run 8: no such run"},
	{"GET", "/api/runs/8/slots/1", "", 404, "run 8: no such run"},
	{"GET", "/api/runs/0", "", 400, `id: must be a number from 1 to 4294967295, not "0"`},
	{"GET", "/api/runs/07", "", 400, `id: must be a number`},
	{"GET", "/api/runs/+7", "", 400, `id: must be a number`},
	{"GET", "/api/runs/%207", "", 400, `id: must be a number`},
	{"GET", "/api/runs/4294967303", "", 400, `id: must be a number`},
	{"GET", "/api/runs/" + strings.Repeat("9", 500), "", 400, `id: must be a number`},
	{"GET", "/api/runs/{run}/evidence?after=-1", "", 400, `after: must be a number from 0 to 18446744073709551615, not "-1"`},
	{"GET", "/api/runs/{run}/evidence?after=", "", 400, `after: must be a number`},
	{"GET", "/api/runs/{run}/evidence?side=2", "", 400, `side: must be a number from 0 to 1, not "2"`},
	{"GET", "/api/runs/{run}/evidence?limit=0", "", 400, `limit: must be a number from 1 to 1000, not "0"`},
	{"GET", "/api/runs/{run}/evidence?limit=1001", "", 400, `limit: must be a number from 1 to 1000, not "1001"`},
	{"GET", "/api/runs/{run}/evidence?limit=1&limit=2", "", 400, `limit: must be given once`},
	{"GET", "/api/runs/{run}/evidence?from=1", "", 400, `there is no parameter "from"; there are after, side, limit`},
	{"GET", "/api/runs/{run}/evidence?after=%zz", "", 400, "the query \"after=%zz\" cannot be read"},
	{"GET", "/api/runs/{run}/evidence?after=1;side=1", "", 400, "cannot be read"},
	{"GET", "/api/runs/{run}/slots/1000000", "", 400, `slot: must be a number from 0 to 999999, not "1000000"`},
	{"GET", "/api/runs/{run}/slots/x?side=0", "", 400, `slot: must be a number`},
	{"GET", "/api/runs/{run}/slots/1?limit=1", "", 400, `there is no parameter "limit"; there are side`},
	{"PUT", "/api/runs", "{}", 405, `"PUT" does nothing here; GET, HEAD, POST would`},
	{"POST", "/api/runs/{run}", "{}", 405, `DELETE, GET, HEAD, PATCH would`},
	{"DELETE", "/api/runs/{run}/evidence", "", 405, `GET, HEAD would`},

	{"POST", "/api/reviews", `{"allocator":"hope"}`, 400, `allocator: there is no allocator "hope"; there are check-then-act, `},
	{"POST", "/api/reviews", `{"compare":"hope"}`, 400, `compare: there is no allocator "hope"`},
	{"POST", "/api/reviews", `{"seed":-1}`, 400, "seed: must be from 0 to 9007199254740991, not -1"},
	{"POST", "/api/reviews", `{"seed":9007199254740992}`, 400, "seed: must be from 0 to"},
	{"POST", "/api/reviews", `{"seed":"1"}`, 400, `seed: must be a whole number, not "1"`},
	{"POST", "/api/reviews", `{"runs":2}`, 400, `there is no field "runs"; there are allocator, compare, seed`},
	{"POST", "/api/reviews", `[]`, 400, "the body must be a JSON object"},
	{"POST", "/api/reviews", "{}" + strings.Repeat(" ", 4095), 413, "the body is over 4096 bytes"},
	{"POST", "/api/reviews?seed=1", `{}`, 400, `there is no parameter "seed" here`},
	{"GET", "/api/reviews?after=1", "", 400, `there is no parameter "after" here`},
	{"GET", "/api/reviews/8", "", 404, "review 8: no such review; GET /api/reviews tells which there is"},
	{"DELETE", "/api/reviews/8", "", 404, "review 8: no such review"},
	{"GET", "/api/reviews/0", "", 400, `id: must be a number from 1 to 4294967295, not "0"`},
	{"DELETE", "/api/reviews/x", "", 400, `id: must be a number`},
	{"DELETE", "/api/reviews/7?now=1", "", 400, `there is no parameter "now"`},
	{"PATCH", "/api/reviews/7", "{}", 405, `"PATCH" does nothing here; DELETE, GET, HEAD would`},
	{"DELETE", "/api/reviews", "", 405, `GET, HEAD, POST would`},

	{"POST", "/api/schedules", `{"schedule":"A1B3"}`, 400, "add A2"},
	{"POST", "/api/schedules", `{"schedule":"A1;B3"}`, 400, "character 3"},
	{"POST", "/api/schedules", `{"scenario":"x","schedule":"A1"}`, 400, "there is no scenario"},
	{"POST", "/api/schedules", `{"schedule":7}`, 400, "schedule"},
	{"POST", "/api/schedules", `{"schedule":"A1B3A2","mode":"find"}`, 400, "mode"},
}

var refused = []row{
	{"GET", "/api/run", "", 404, `there is no "/api/run"; there are `},
	{"GET", "/api/runs/", "", 404, `there is no`},
	{"GET", "/api/runs/7/", "", 404, `there is no`},
	{"POST", "/healthz", "", 405, `GET, HEAD would`},
	{"GET", "/api/reviews/7/evidence", "", 404, `searches at /api/explore`},

	{"POST", "/api/explore", `{"scenario":"slots"}`, 400, "there is no scenario"},
	{"POST", "/api/explore", `{"variant":"slots"}`, 400, "has no variant"},
	{"POST", "/api/explore", `{"threads":99}`, 400, "threads: 1 to 26"},
	{"POST", "/api/explore", `{"threads":-1}`, 400, "threads: 1 to 26"},
	{"POST", "/api/explore", `{"ops":1e9}`, 400, "ops"},
	{"POST", "/api/explore", `{"mode":"guess"}`, 400, "mode"},
	{"POST", "/api/explore", `{"max_executions":0}`, 400, "max_executions: 1 to"},
	{"POST", "/api/explore", `{"max_executions":1000000000}`, 400, "max_executions: 1 to"},
	{"POST", "/api/explore", `{"seed":-1}`, 400, "seed"},
	{"POST", "/api/explore", `{"timeout":"1h"}`, 400, "timeout"},
	{"POST", "/api/explore", `[]`, 400, "object"},
	{"POST", "/api/explore", "{}" + strings.Repeat(" ", 4095), 413, "the body is over 4096 bytes"},
	{"POST", "/api/explore", "{}" + strings.Repeat(" ", 100_000), 413, "the body is over 4096 bytes"},
	{"POST", "/api/explore", `{"threads":2`, 400, "the body is not JSON: "},
	{"POST", "/api/explore", "\x00", 400, "the body is not JSON: "},
	{"POST", "/api/explore?mode=find", "{}", 400, `there is no parameter "mode" here`},
	{"POST", "/api/explore?mode=%zz", "{}", 400, `the query "mode=%zz" cannot be read`},
	{"GET", "/api/explore", "", 405, `"GET" does nothing here; POST would`},
	{"PUT", "/api/explore", "{}", 405, "POST would"},
	{"DELETE", "/healthz", "", 405, "GET, HEAD would"},
	{"GET", "/api/", "", 404, `there is no "/api/"; there are `},
	{"GET", "/api/explore/", "", 404, "there is no"},
	{"GET", "/api/explore%2f", "", 404, "there is no"},
	{"GET", "/api/%00", "", 404, "there is no"},
	{"GET", "/api/" + strings.Repeat("x", 4000), "", 404, "there is no"},
}

var answeredOwn = []row{
	{"GET", "/api/runs", "", 200, `{"runs":[`},
	{"GET", "/api/runs/{run}", "", 200, `{"id":{run},"state":"`},
	{"PATCH", "/api/runs/{run}", `{"pause":true}`, 200, `{"id":{run},"state":"`},
	{"GET", "/api/runs/{run}/evidence?limit=5", "", 200, `{"run":{run},"side":0,"total":`},
	{"GET", "/api/runs/{run}/slots/3", "", 200, `"slot":3,"claims":0,"memories":[]`},
	{"GET", "/api/reviews", "", 200, `{"reviews":[`},
	{"POST", "/api/schedules", `{"schedule":"A1B3A2"}`, 200, `"agrees":true`},
}

var answered = []row{
	{"GET", "/healthz", "", 200, "ok\n"},
	{"GET", "/healthz?since=yesterday", "", 200, "ok\n"},
	{"POST", "/api/explore", "", 200, `"verdict":"violated"`},
	{"POST", "/api/explore", "{}", 200, `"schedule":"A1B3A2"`},
	{"POST", "/api/explore", `{"variant":"fetch-add","threads":3,"ops":2,"mode":"prove"}`, 200, `"verdict":"holds","complete":true,"executions":90`},
	{"POST", "/api/explore", `{"variant":"fetch-add","threads":8,"ops":8,"mode":"prove","max_executions":50}`, 200, `"verdict":"unknown"`},
	{"POST", "/api/explore", `{"mode":"count","threads":4,"ops":2}`, 200, `"violations":2308743490536`},
	{"POST", "/api/explore", `{"mode":"count","threads":5,"ops":2}`, 200, `"executions":"`},
	{"POST", "/api/explore", `{"mode":"walk","seed":9,"threads":8,"ops":8}`, 200, `"seed":9`},
}

// bodies are the types that a body may be said to have.
var bodies = map[string]int{
	"application/json": 200, "application/json; charset=utf-8": 200, "Application/JSON;charset=UTF-8": 200,
	"text/plain": 415, "application/x-www-form-urlencoded": 415, "application/json; charset=latin1": 415, "application/jsonx": 415, "application/": 415,
}

// Refused are requests that must change nothing.
func Refused() []Case { return slices.Concat(cases(refusedOwn, true), cases(refused, false)) }

// Answered are the others.
func Answered() []Case {
	all := slices.Concat(cases(answeredOwn, true), cases(answered, false))
	for kind, status := range bodies {
		c := Case{Method: "POST", Target: "/api/explore", Body: `{"max_executions":1}`, Status: status, Header: []string{"Content-Type", kind}}
		if status != http.StatusOK {
			c.Says = "application/json would do"
		}
		all = append(all, c)
	}
	return all
}

func cases(rows []row, machine bool) (all []Case) {
	for _, r := range rows {
		all = append(all, Case{Method: r.method, Target: r.target, Body: r.body, Status: r.status, Says: r.says, Machine: machine})
	}
	return all
}
