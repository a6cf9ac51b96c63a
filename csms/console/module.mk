# The web console: TypeScript bundled by esbuild into $(BUILD)/console, ready to be served.

CONSOLE_DIR := csms/console
CONSOLE_SRC := $(shell find $(CONSOLE_DIR)/src -type f 2>/dev/null)
CONSOLE_NPM := $(CONSOLE_DIR)/node_modules/.package-lock.json

.PHONY: console
console: $(BUILD)/console/index.html ## build the web console

# What npm itself writes at the end of an installation is the stamp.
$(CONSOLE_NPM): $(CONSOLE_DIR)/package-lock.json $(CONSOLE_DIR)/package.json
	$(call say,NPM,$(CONSOLE_DIR))
	$(Q)cd $(CONSOLE_DIR) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	$(Q)touch $@

$(BUILD)/console/index.html: $(CONSOLE_SRC) $(CONSOLE_DIR)/build.mjs $(CONSOLE_NPM)
	$(call say,ESBUILD,$(BUILD)/console)
	$(Q)mkdir -p $(BUILD)
	$(Q)node $(CONSOLE_DIR)/build.mjs $(BUILD)/console

.PHONY: console-check
console-check: $(CONSOLE_NPM) ## check the console's types and pure functions
	$(Q)cd $(CONSOLE_DIR) && node_modules/.bin/tsc --noEmit
	$(Q)node tests/console/run-unit.mjs

.PHONY: console-test
console-test: console all ## load the console in a browser, against a stand-in and a running depotd
	$(Q)BUILD=$(BUILD) node tests/console/depot.test.mjs >$(BUILD)/console-depot.log 2>&1 & depot=$$!; \
		BUILD=$(BUILD) node tests/console/browser.test.mjs; rc=$$?; \
		wait $$depot || rc=1; cat $(BUILD)/console-depot.log; exit $$rc
