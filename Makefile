# What there is to run. `make help` lists it; the README begins with `make serve` and `make test`.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

programs := mediad mediaworker mediactl
python := .build/checks-venv/bin/python
python_load := .build/load-venv/bin/python
checks := first-light photos plaintext corpus links metrics metrics-cost alerts breach http-responses redbot-notes slow \
	cold-reads cache vectors cpu sandbox-cpu edge traces load dashboards bench-compare \
	convert-speed convert-resume convert-corpus quality-target imaging
faults := kill crash-points power-cuts io-errors full-disk tamper rotation model upload-rate catalog-cost sealing-speed
scenarios := smoke load stress spike soak all
hostile := corpus sanitized mutated bombs chaos readers overload memory sandbox-cpu
# Laid out as a package has it: what is in there goes to /usr/local/share.
share := .build/share
run_faults := PYTHONPATH=checks $(python) -m faults
run_hostile := PYTHONPATH=checks $(python) -m hostile

.PHONY: help
help: ## This list
	@grep -hE '^[a-z%-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([^:]+):.*## (.*)/  make \1\t\2/' | expand -t 22
	@printf '  load tests: %s (SCALE=0.1: a tenth of the time)\n' "$(scenarios:%=load-%)"
	@printf '  single checks: %s\n' "$(checks:%=check-%)" | fold -sw 100
	@printf '  single faults: %s\n' "$(faults:%=fault-%)" | fold -sw 100
	@printf '  single hostile: %s\n' "$(hostile:%=hostile-%)" | fold -sw 100

.PHONY: serve
serve: build ## Install what is needed, build, and start the service on 127.0.0.1:8080 (ARGS="--http-port 9000")
	exec .build/release/mediad serve $(ARGS)

.PHONY: build
build: ## Build the three programs for release, and mediactl's completions
	scripts/install-build
	for program in $(programs); do swift build -c release --product "$$program"; done
	scripts/completions .build/release/mediactl $(share)

.PHONY: completions
completions: ## Completions of mediactl for bash, zsh and fish, in .build/share; `make build` makes them too
	test -x .build/release/mediactl || $(MAKE) build
	scripts/completions .build/release/mediactl $(share)

.PHONY: man
man: ## Manual pages of mediactl and mediad, in .build/share/man
	test -x .build/release/mediactl -a -x .build/release/mediad || $(MAKE) build
	for program in mediactl mediad; do scripts/man-pages ".build/release/$$program" $(share)/man/man1; done

.PHONY: test
test: ## Install what is needed, build, run all tests, and count them
	scripts/install-test
	swift build --build-tests
	scripts/run-tests

.PHONY: lint
lint: ## swift-format in strict mode
	swift format lint --strict --recursive --parallel --configuration .swift-format Package.swift Sources Tests

.PHONY: check
check: ## Run every check against the release build; goes on after a failure and fails at the end
	scripts/install-checks
	$(MAKE) build
	scripts/run-checks $(checks)

.PHONY: $(checks:%=check-%)
$(checks:%=check-%): check-%:
	scripts/install-checks
	$(MAKE) build
	scripts/run-checks $*

.PHONY: convert-long
convert-long: ## 100,000 pictures, killed and resumed: the release set of check-convert-resume
	scripts/install-checks
	$(MAKE) build
	$(python) checks/convert_resume.py --long $(ARGS)

.PHONY: captures
captures: ## What mediactl convert looks like in a terminal, for docs/CONVERT.md
	scripts/install-checks
	$(MAKE) build
	scripts/capture-convert

.PHONY: bench-delivery
bench-delivery: ## What a hit costs, beside nginx, its proxy_cache and Varnish (ARGS="--rounds 9")
	scripts/install-checks
	$(MAKE) build
	$(python) checks/bench_delivery.py $(ARGS)

.PHONY: bench-imaging
bench-imaging: ## The default pair by us and by libvips: CPU, bytes, SSIM (exit code 3: a threshold missed; ARGS="--rounds 15")
	scripts/install-checks
	$(MAKE) build
	$(python) Benchmarks/imaging.py $(ARGS)

.PHONY: bench-encoders
bench-encoders: ## What JPEG and AVIF take in a worker: CPU and memory by the pixel (as root; ARGS="--width 4000")
	scripts/install-checks
	$(MAKE) build
	$(python) checks/bench_encoders.py $(ARGS)

.PHONY: $(scenarios:%=load-%)
$(scenarios:%=load-%): load-%:
	scripts/install-load
	test -n "$${BASE_URL:-}" || $(MAKE) build
	$(python_load) loadtest/run.py $* $(ARGS)

.PHONY: dashboards
dashboards: ## Write deploy/grafana/dashboards again, from deploy/grafana/pages
	python3 deploy/grafana/make_dashboards.py

.PHONY: bench-allocations
bench-allocations: ## How often a request takes memory, against Benchmarks/thresholds.json (exit code 3: more often)
	scripts/install-checks
	$(MAKE) build
	$(python) Benchmarks/allocations.py

.PHONY: profile
profile: ## Flame graphs of the service under load, in .build/profiles (ARGS="hits-16k hits-100k misses uploads")
	scripts/install-checks
	$(MAKE) build
	$(python) Benchmarks/profile.py $(ARGS)

.PHONY: faults
faults: ## Kill it, fill its disk, cut its power, tamper with it: the gate set (as root, or some are skipped)
	scripts/install-checks
	$(MAKE) build
	$(run_faults)

.PHONY: faults-long
faults-long: ## The same for hours: the release set; writes docs/FAULTS.md
	scripts/install-checks
	$(MAKE) build
	$(run_faults) --long

.PHONY: $(faults:%=fault-%)
$(faults:%=fault-%): fault-%:
	scripts/install-checks
	$(MAKE) build
	$(run_faults) $* $(ARGS)

.PHONY: hostile
hostile: ## Bombs, mutated pictures, bad workers and crowds: the gate set
	scripts/install-checks
	$(MAKE) build
	$(run_hostile)

.PHONY: hostile-long
hostile-long: ## The same at full size: the release set; writes docs/HOSTILE.md
	scripts/install-checks
	$(MAKE) build
	$(run_hostile) --long

.PHONY: $(hostile:%=hostile-%)
$(hostile:%=hostile-%): hostile-%:
	scripts/install-checks
	$(MAKE) build
	$(run_hostile) $* $(ARGS)

.PHONY: check-kill
check-kill: fault-kill

# The file cannot be named http.py: it would hide the standard library's `http` from all the others.
.PHONY: check-http
check-http: check-http-responses

.PHONY: fixtures
fixtures: ## Draw the small pictures of fixtures/pictures again
	scripts/install-checks
	$(python) fixtures/make_pictures.py
