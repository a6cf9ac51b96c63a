# schemas/: every message and file that crosses a boundary, and the codec that walks the rows.

GENSCHEMA_SRC := $(wildcard tools/genschema/*.c) schemas/arena.c schemas/text.c schemas/utf8.c
# What a program links to decode and encode JSON (library m), and to read YAML too (libraries yaml, m).
SCHEMAS_SRC := schemas/arena.c schemas/codec.c schemas/encode.c schemas/json.c schemas/text.c \
	schemas/utf8.c schemas/wall.c

SCHEMAS_YAML_SRC := $(SCHEMAS_SRC) schemas/yaml.c

SCHEMAS := $(patsubst schemas/%.schema,%,$(wildcard schemas/*.schema))
GENERATED += $(foreach s,$(SCHEMAS),$(BUILD)/gen/$(s).h $(BUILD)/gen/$(s).c)

# Runs on the machine that builds, so it knows nothing of CFLAGS for the target.
$(BUILD)/genschema: $(GENSCHEMA_SRC) $(wildcard tools/genschema/*.h) schemas/arena.h \
		schemas/text.h schemas/codec.h schemas/rows.h
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) -std=c11 -O1 -g -D_GNU_SOURCE $(WARN) -iquote . -o $@ $(GENSCHEMA_SRC) -lm

$(BUILD)/gen/%.h $(BUILD)/gen/%.c: schemas/%.schema $(BUILD)/genschema
	$(call say,SCHEMA,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(BUILD)/genschema $< $(BUILD)/gen/$*.h $(BUILD)/gen/$*.c

$(eval $(call program,tests/schema/judge,tests/schema/judge.c gen/ocpp201.c $(SCHEMAS_SRC),m))
$(eval $(call unit,schema_yaml,$(SCHEMAS_YAML_SRC) gen/config.c gen/depot.c gen/meter.c,yaml m))
$(eval $(call unit,schema_roundtrip,$(SCHEMAS_SRC) $(SCHEMAS:%=gen/%.c),m))

tests/schema/node_modules/.package-lock.json: tests/schema/package-lock.json
	$(call say,NPM,tests/schema)
	$(Q)cd tests/schema && npm ci --silent

.PHONY: test-schema
test-schema: $(BUILD)/tests/schema/judge tests/schema/node_modules/.package-lock.json ## judge the codec against ajv
	$(Q)node tests/schema/differential.mjs $<

$(eval $(call unit,schema_arena,schemas/arena.c))
$(eval $(call unit,schema_text,schemas/text.c,m))
$(eval $(call unit,schema_wall,schemas/wall.c))
$(eval $(call unit,schema_codec,$(SCHEMAS_SRC) $(SCHEMAS:%=gen/%.c),m))
$(eval $(call unit,schema_gen,$(filter-out %/main.c,$(wildcard tools/genschema/*.c)) schemas/arena.c schemas/utf8.c))

CODEC_FUZZ_GEN := $(foreach s,ocpp201 event depot meter,$(BUILD)/gen/$(s).c)
$(eval $(call fuzzer,codec,$(SCHEMAS_SRC) $(CODEC_FUZZ_GEN),m))
