.DEFAULT_GOAL := help
.PHONY: help run build page site edge edge-run test lint bench soak picture clean

# What `make run` hands to slotrace, as in: make run ARGS="--addr :9090"
ARGS =
# Where `make edge-run` serves.
PORT = 8787
# Which benchmarks `make bench` runs, as a regular expression.
BENCH = .
# How much `make soak` does, as in: make soak SOAK="10000 100000 5000000x"
SOAK =

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

run: build ## build what is missing and serve the page on http://127.0.0.1:8080; ARGS="..." are slotrace's
	@exec bin/slotrace $(ARGS)

build: page ## build bin/slotrace, one file with the page inside
	@scripts/server.sh

page: ## build the page's WebAssembly into static/dist, within its budget
	@scripts/page.sh

site: page ## leave the page in the folder site, for any host of files: it needs no server, and opens offline once visited
	@scripts/site.sh

edge: page ## build the worker that serves page and API at the edge into build/edge, for wrangler to deploy
	@scripts/edge.sh

edge-run: edge ## serve what make edge builds on this machine, on http://127.0.0.1:8787; PORT="..." is another
	@scripts/edge-run.sh $(PORT)

test: ## install what the tests need and is missing, build, lint, and run every test
	@scripts/test.sh

lint: ## check formatting, vet, staticcheck, and which way imports point
	@scripts/lint.sh

bench: ## run the benchmarks, which print ratios, beside other stores too; BENCH="..." chooses some
	@scripts/bench.sh '$(BENCH)'

soak: ## kill writing processes 2,000 times, check 60,000 histories, fuzz what comes from outside; SOAK="kills histories executions-a-fuzz-test"
	@scripts/soak.sh $(SOAK)

picture: build ## take the README's picture of the page, in a real browser
	@scripts/picture.sh

clean: ## remove everything that was built
	@rm -rf bin build site static/dist/*.br static/dist/*.gz
