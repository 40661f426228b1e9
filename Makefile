# `make` lists the targets. Nothing here needs more than Go, make, git and Debian's packages.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO       ?= go
DEMO     ?= demo
COPR_DEMO ?= copr-demo
COPR_ARCHES ?= copr-arches
FUZZTIME ?= 20s
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

build: ## build bin/mirrorctl
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/mirrorctl ./cmd/mirrorctl

demo: build ## make a small site in ./demo, archive fedora-25 before your eyes, and serve it
	bin/mirrorctl demo --tour $(DEMO)

copr-demo: build ## rebuild CRIU for EL 9 and Fedora 44, prove, sign and publish it, and install it with dnf
	test/packages --copr
	test/copr-demo $(COPR_DEMO)

copr-arches: build ## the same for EL 9 on four architectures: cross-compiled, and proven in virtual machines
	test/packages --copr
	test/copr-arches $(COPR_ARCHES)

copr: packages ## the rebuild hub's long campaigns: 200 builds under kills, four architectures, newer clients
	test/packages --copr
	MIRRORCTL_COPR=long $(GO) test -count=1 -v -timeout 2h ./copr/... ./test/queue

s3: packages ## the archive's S3 store against a real server, which is built first
	MIRRORCTL_S3=build $(GO) test -count=1 -v -timeout 30m ./archive/s3store

packages: ## install the Debian packages that the tests use
	test/packages

test: packages ## run every test (short forms of the long campaigns)
	test/run

check: packages ## everything that test does, and format, vet, staticcheck, race, fuzz
	test/run --check
	test/fuzz $(FUZZTIME)

clients: packages ## real dnf and librepo against a running service
	$(GO) test -count=1 -v ./test/clients

fault: packages ## the crash and power-cut campaigns at full length
	MIRRORCTL_FAULT=long $(GO) test -count=1 -v -timeout 6h ./test/fault/...

docs: ## make docs/reference anew from the program
	$(GO) generate ./cmd/mirrorctl

bench: packages ## speed beside nginx, rsync and sha256sum, in the same run
	$(GO) test -count=1 -v -timeout 1h ./test/load -bench-peers

clean: ## remove what was built
	rm -rf bin

.PHONY: help build demo copr-demo copr-arches copr s3 packages test check clients fault docs bench clean
