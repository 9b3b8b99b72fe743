.DEFAULT_GOAL := help
# Every target that help lists.
.PHONY: $(shell awk -F : '/^[a-z-]+:.*\#\# / {print $$1}' $(MAKEFILE_LIST))

PYTHON   ?= python3
CONFIG   ?= configs/demo.toml
AS_OF    ?=
OUTPUT   ?=
VERSION  ?=
REASON   ?=
SIZE     ?=
REPORT   ?=
DEMO_DAY ?= 2026-09-30

PORT     ?= 4200
WEB_PORT ?= 8000
WHO      ?=
ROLE     ?= manager
MANAGER  ?=
API      ?= http://127.0.0.1:$(PORT)/api

HOLDFAST := .venv/bin/holdfast
# Files of tests are shared out among processes, one a core; a file's tests stay together, for what they share.
PYTEST   := .venv/bin/python -m pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
# Nothing is told to anybody, the server answers this machine only, and forgets runs with their logs after RUNS_DAYS.
RUNS_DAYS ?= 90
PREFECT   = PREFECT_SERVER_ANALYTICS_ENABLED=false DO_NOT_TRACK=true \
	PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED=events,flow_runs \
	PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD=$$(($(RUNS_DAYS) * 86400)) .venv/bin/prefect
OPTIONS   = --config $(CONFIG) $(if $(AS_OF),--as-of $(AS_OF)) $(if $(OUTPUT),--output $(OUTPUT))
UNDATED   = --config $(CONFIG) $(if $(OUTPUT),--output $(OUTPUT))
DEMO      = --config configs/demo.toml $(if $(OUTPUT),--output $(OUTPUT))

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "CONFIG=configs/demo.toml  configuration of train, tune, score, nightly and oracle"
	@echo "AS_OF=2026-09-30          day they run for (default: today)"
	@echo "OUTPUT=folder             where they write (default: the configured root)"

setup: .venv/ready ## Install everything into .venv (the other targets do it themselves)

.venv/ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed; name one with make PYTHON=..." >&2; exit 2; }
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@test -x .venv/bin/uv || .venv/bin/python -m pip install --quiet --disable-pip-version-check uv
	.venv/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes requirements.txt
	.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
	@touch $@

lock: setup ## Resolve the dependencies anew and write requirements.txt (names, versions, hashes)
	.venv/bin/uv pip compile pyproject.toml --extra dev --universal --upgrade --generate-hashes --no-emit-index-url \
		--quiet --output-file requirements.txt

demo: setup ## Simulate a company, train, publish its risk lists, and say where they are
	$(HOLDFAST) simulate $(DEMO) --until $(DEMO_DAY)
	$(HOLDFAST) train $(DEMO) --as-of $(DEMO_DAY)
	$(HOLDFAST) nightly $(DEMO) --as-of $(DEMO_DAY)
	$(HOLDFAST) oracle $(DEMO) --as-of $(DEMO_DAY)

train: setup ## Ingest, train and register the models
	$(HOLDFAST) train $(OPTIONS)

tune: setup ## Search for better settings of the trees, which train then uses (TRIALS=40)
	$(HOLDFAST) tune $(OPTIONS) $(if $(TRIALS),--trials $(TRIALS))

models: setup ## List the registered models, and every decision about who is champion
	$(HOLDFAST) models $(UNDATED)

promote: setup ## Make a registered model champion by hand (VERSION=3 REASON="why")
	$(HOLDFAST) promote $(UNDATED) $(if $(VERSION),--version $(VERSION)) $(if $(REASON),--reason "$$REASON")

rollback: setup ## Make the champion before the present one champion again (REASON="why")
	$(HOLDFAST) rollback $(UNDATED) $(if $(REASON),--reason "$$REASON")

score: setup ## Score the customers of a day that was ingested
	$(HOLDFAST) score $(OPTIONS)

nightly: setup ## Ingest, score and publish the risk lists (EXPLAIN=all: the reasons of every customer scored, too)
	$(HOLDFAST) nightly $(OPTIONS) $(if $(EXPLAIN),--explain $(EXPLAIN))

backfill: setup ## Publish past days in order, as they would have been then (FROM= TO=)
	$(HOLDFAST) backfill $(UNDATED) --from $(FROM) --to $(TO)

send: setup ## Send what is published to the sinks of [publication] that do not hold it yet
	$(HOLDFAST) send $(UNDATED)

server: setup ## Start a Prefect server on this machine, for `deploy` and `worker`
	$(PREFECT) server start --host 127.0.0.1 --port $(PORT)

deploy: setup ## Tell the server when to run CONFIG: every night, week and month
	PREFECT_API_URL=$(API) $(HOLDFAST) deploy $(UNDATED)

worker: setup ## Run what the server has scheduled, until it is stopped
	PREFECT_API_URL=$(API) $(PREFECT) worker start --pool holdfast --type process

erase: setup ## Remove a customer from everything that is kept, for good (CUSTOMER=00123)
	$(HOLDFAST) erase $(UNDATED) --customer "$(CUSTOMER)"

serve: setup ## Serve the account managers' web app on this machine (WEB_PORT=8000)
	$(HOLDFAST) serve $(UNDATED) --port $(WEB_PORT)

invite: setup ## Print a link that signs somebody in to the web app once (WHO=anna ROLE=manager MANAGER="Anna Schmidt")
	$(HOLDFAST) invite $(UNDATED) --user "$(WHO)" --role $(ROLE) $(if $(MANAGER),--manager "$(MANAGER)")

revoke: setup ## End every session and link of somebody in the web app (WHO=anna)
	$(HOLDFAST) revoke $(UNDATED) --user "$(WHO)"

outcomes: setup ## Keep what came of the customers listed (FILE="anna.xlsx bo.csv", as they came back)
	$(HOLDFAST) outcomes import $(FILE) $(OPTIONS)

features: setup ## Write the feature matrix for exploring (ONLY=rfm,promises CUTOFFS=12 EVERY=30)
	$(HOLDFAST) features $(OPTIONS) $(if $(CUTOFFS),--cutoffs $(CUTOFFS)) $(if $(EVERY),--every $(EVERY)) $(if $(ONLY),--families $(ONLY))

features-doc: setup ## Write the feature dictionary, features/DICTIONARY.md, from the code
	$(HOLDFAST) features-doc

ablation: setup ## Say what each family of features is worth to the churn model
	$(HOLDFAST) ablation $(OPTIONS)

backtest: setup ## Train and score as of many past days (FROM= TO= EVERY= COMPARE_VALUE=1), and compare with what happened
	$(HOLDFAST) backtest $(OPTIONS) $(if $(FROM),--from $(FROM)) $(if $(TO),--to $(TO)) $(if $(EVERY),--every $(EVERY)) $(if $(COMPARE_VALUE),--compare-value)

effect: setup ## Say what acting on the listed customers brought, against the controls (BY=segment)
	$(HOLDFAST) effect $(OPTIONS) $(if $(BY),--by $(BY))

realised: setup ## Hold past publications whose horizons are over against what happened (AGAIN=1: all of them)
	$(HOLDFAST) realised $(OPTIONS) $(if $(AGAIN),--again)

report: setup ## Write the month's report of satisfaction, loyalty, profitability, retention, segments and their plan
	$(HOLDFAST) report $(OPTIONS)

monitor: setup ## Hold a night that was scored against what its champion learned from, and its tables against the year before
	$(HOLDFAST) monitor $(OPTIONS)

oracle: setup ## Hold the published scores of a simulated company against the truth
	$(HOLDFAST) oracle $(OPTIONS)

test: setup ## Run all tests
	$(PYTEST)

test-faults: setup ## Kills, full disks, races and leakage, the long way, with counts (about an hour)
	HOLDFAST_FAULTS=long .venv/bin/python -m pytest -s tests/faults tests/features/test_contract.py

test-worker: setup ## Let a schedule fire every minute, for MINUTES=10, and see every run publish
	.venv/bin/python -m tests.flows.every_minute $(if $(MINUTES),--minutes $(MINUTES))

audit: setup ## Ask for known vulnerabilities of the dependencies, where an index answers
	.venv/bin/python -m tests.audit

lint: setup ## Format, lint and types
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/ty check configs features models pipelines

check: lint ## Format, lint, types, layers and the fast tests
	$(PYTEST) -m "not slow"

bench: setup .venv-bench/ready ## Time the features beside straight queries (SIZE=--small or --large)
	.venv/bin/python -m tests.benchmarks.features $(SIZE) $(if $(REPORT),--report $(REPORT))

bench-telco: setup ## Hold trees and slopes against logistic regression and plain LightGBM on the IBM Telco customers
	.venv/bin/python -m tests.benchmarks.telco

bench-explain: setup ## Time how many customers a second can be explained, by the shape of the trees
	.venv/bin/python -m tests.benchmarks.explaining

bench-uplift: setup ## Hold the uplift model against random and risk on Hillstrom's e-mails (REPORT=file.html)
	.venv/bin/python -m tests.benchmarks.hillstrom $(if $(REPORT),--report $(REPORT))

bench-outreach: setup ## Hold lists and the measured effect against the truth of 100 simulated companies
	.venv/bin/python -m tests.benchmarks.outreach

bench-monitor: setup ## Say how soon the monitor notices what goes wrong in a simulated company, and how often it errs
	.venv/bin/python -m tests.benchmarks.monitor

bench-web: setup ## Time the web app for 50 people at once over 10,000 customers, on SQLite and PostgreSQL
	.venv/bin/python -m tests.benchmarks.web

bench-nights: setup ## Time a night that reads only what is new beside one that reads everything (20 M transactions)
	.venv/bin/python -m tests.benchmarks.nights

bench-night: setup ## Time a whole night by its stages beside reading and predicting alone (SIZE=--large: 200 M transactions)
	.venv/bin/python -m tests.benchmarks.night $(SIZE)

bench-scale: setup ## Time ingest and scoring here, by one and by two Dask workers (SIZE=--large: 200 M transactions)
	.venv/bin/python -m tests.benchmarks.scale $(SIZE)

# DuckDB and featuretools do not fit what is installed; without them the benchmark compares with polars and pandas only.
.venv-bench/ready: tests/benchmarks/requirements.txt | setup
	@.venv/bin/uv venv --quiet --clear --python .venv/bin/python .venv-bench \
		&& .venv/bin/uv pip install --quiet --python .venv-bench/bin/python --requirement $< \
		&& touch $@ || echo "DuckDB and featuretools could not be installed: left out" >&2

format: setup ## Format the code
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .
