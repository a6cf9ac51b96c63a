# depotd: the central system of an electric-fleet depot.
# `make help` lists the targets. Each room has a module.mk that names its sources, tests and
# programs; this file only knows how to compile, link and run them.

BUILD   ?= build
CC      ?= gcc
HOSTCC  ?= cc
V       ?= 0
DESTDIR ?=
prefix  ?= /usr/local
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

ROOMS := schemas ocpp scheduler modbus db csms tools tests

WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla \
           -Wpointer-arith -Wundef -Wno-unused-parameter
# Words for people are cut where they do not fit; only gcc complains, and only it knows the flag.
WARN    += $(if $(findstring clang,$(CC)),,-Wno-format-truncation)
OPT     ?= -O2
HARDEN  ?= -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
SAN     ?=
ifneq ($(SAN),)
HARDEN  := -fno-omit-frame-pointer -fPIE
endif
ifeq ($(CI),true)
WARN    += -Werror
endif
CPPFLAGS += -D_GNU_SOURCE -DDEPOTD_VERSION='"$(VERSION)"' -iquote . -iquote $(BUILD)
CFLAGS  += -std=c11 $(OPT) -g $(WARN) $(HARDEN) $(SAN)
LDFLAGS += -pie $(SAN)

Q := @
ifeq ($(V),1)
Q :=
endif
say = @printf '  %-7s %s\n' '$(1)' '$(2)'

# Third-party libraries by the name that module.mk files use; see docs/architecture.md for who may
# include which header.
LIB.cjson     := -lcjson
LIB.yaml      := -lyaml
LIB.expat     := -lexpat
LIB.argon     := -largon2
LIB.sqlite    := -lsqlite3
LIB.modbus    := -lmodbus
LIB.ws        := -lwebsockets
LIB.ssl       := -lssl -lcrypto
LIB.ev        := -lev
LIB.curl      := -lcurl
LIB.mosquitto := -lmosquitto
LIB.z         := -lz
LIB.m         := -lm
LIB.pthread   := -pthread
LIB.check     := $(shell pkg-config --libs check 2>/dev/null)
LIB.clp       := $(shell pkg-config --libs clp 2>/dev/null)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

PROGRAMS :=
UNIT_TESTS :=
FUZZERS :=
GENERATED :=
CHECK_SRC :=

# $(call program,NAME,SOURCES,LIBS): $(BUILD)/NAME from C sources and named libraries.
define program
PROGRAMS += $$(BUILD)/$(1)
$$(BUILD)/$(1): $$(patsubst %.c,$$(BUILD)/obj/%.o,$(2))
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(foreach l,$(3),$$(LIB.$$(l)))
endef

# $(call unit,NAME,SOURCES,LIBS): tests/unit/NAME_test.c with only the sources it lists.
define unit
UNIT_TESTS += $$(BUILD)/tests/unit/$(1)_test
$$(BUILD)/tests/unit/$(1)_test: $$(BUILD)/obj/tests/unit/$(1)_test.o $$(patsubst %.c,$$(BUILD)/obj/%.o,$(2))
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(foreach l,$(3) check,$$(LIB.$$(l)))
endef

# $(call fuzzer,NAME,SOURCES,LIBS): tests/fuzz/NAME_fuzz.c by libFuzzer (clang).
define fuzzer
FUZZERS += $$(BUILD)/tests/fuzz/$(1)_fuzz
$$(BUILD)/tests/fuzz/$(1)_fuzz: tests/fuzz/$(1)_fuzz.c $(2) | gen
	$$(call say,FUZZLD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)clang -std=c11 -O1 -g $$(CPPFLAGS) -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=undefined -o $$@ tests/fuzz/$(1)_fuzz.c \
		$(2) $$(foreach l,$(3),$$(LIB.$$(l)))
endef

include $(wildcard $(ROOMS:%=%/module.mk) tools/*/module.mk csms/console/module.mk)

$(BUILD)/obj/%.o: %.c | gen
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Generated sources live under $(BUILD)/gen and include each other as "gen/NAME.h".
$(BUILD)/obj/gen/%.o: $(BUILD)/gen/%.c | gen
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

.PHONY: gen
gen: $(GENERATED)

.PHONY: all
all: $(PROGRAMS) ## build everything

.PHONY: unit
unit: $(UNIT_TESTS) ## build and run the unit tests
	$(Q)tests/run-unit $(UNIT_TESTS)

.PHONY: deps-build deps-run deps-test deps-bench
deps-build:
	$(Q)tools/install-deps build
deps-run:
	$(Q)tools/install-deps run csms/console
deps-bench:
	$(Q)tools/install-deps bench csms/console tests/e2e
deps-test:
	$(Q)tools/install-deps test csms/console tests/schema tests/e2e

# The targets that a newcomer types install what they need and then start make anew, since what is
# installed decides what can be built.
SPEED ?= 1
.PHONY: run
run: deps-run ## build, then run the demo depot until Ctrl-C (SPEED=60: faster)
	$(Q)$(MAKE) --no-print-directory all console
	$(Q)tools/demo $(BUILD) $(SPEED)

.PHONY: test
test: deps-test ## build and run all tests; what CI runs
	$(Q)$(MAKE) --no-print-directory all console
	$(Q)tests/run-all $(BUILD)

.PHONY: check
check: gen ## formatting, include matrix, header owners, static analysis
	$(Q)tools/check $(BUILD)

# Sanitizers: the unit and scenario tests once more, in a build folder of their own.
.PHONY: asan
asan: ## unit and scenario tests under ASan and UBSan
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)-asan OPT=-O1 \
		SAN="-fsanitize=address,undefined -fno-sanitize-recover=undefined" unit scenario

.PHONY: console-waiting
console-waiting: deps-test ## the console with each answer late, then failed; a part of make test
	$(Q)$(MAKE) --no-print-directory all console
	$(Q)BUILD=$(BUILD) node tests/console/waiting.test.mjs

.PHONY: bench
bench: deps-bench ## measure; ONLY=ws runs one group
	$(Q)$(MAKE) --no-print-directory all console
	$(Q)tools/bench/run $(BUILD) $(ONLY)

.PHONY: install
install: all console ## install under $(prefix) (DESTDIR, prefix)
	install -d $(DESTDIR)$(prefix)/bin $(DESTDIR)$(prefix)/share/depotd/console \
		$(DESTDIR)/etc/depotd/meters $(DESTDIR)/etc/depotd/pki $(DESTDIR)/etc/depotd/tariffs
	install -m 755 $(BUILD)/depotd $(BUILD)/depotd-ca $(BUILD)/depotctl $(BUILD)/depotsim $(DESTDIR)$(prefix)/bin
	cp -r $(BUILD)/console/. $(DESTDIR)$(prefix)/share/depotd/console/
	install -m 644 etc/meters/*.yaml $(DESTDIR)/etc/depotd/meters
	install -m 644 etc/pki/*.yaml $(DESTDIR)/etc/depotd/pki
	install -m 644 etc/tariffs/*.yaml $(DESTDIR)/etc/depotd/tariffs
	[ -e $(DESTDIR)/etc/depotd/depotd.yaml ] || \
		install -m 640 etc/depotd.yaml $(DESTDIR)/etc/depotd/depotd.yaml
	install -d $(DESTDIR)$(prefix)/lib/systemd/system
	sed 's|/usr/local/|$(prefix)/|' etc/depotd.service >$(DESTDIR)$(prefix)/lib/systemd/system/depotd.service
	[ -e $(DESTDIR)/etc/depotd/depot.yaml ] || \
		install -m 640 etc/demo/depot.yaml $(DESTDIR)/etc/depotd/depot.yaml

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BUILD) $(BUILD)-asan

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | sort -u | \
		awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
