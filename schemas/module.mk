# schemas/: every message and file that crosses a boundary, and the codec that walks the rows.

# What a program links to decode and encode JSON (libraries cjson, m), and YAML too (yaml, cjson, m).
SCHEMAS_SRC := schemas/arena.c schemas/codec.c schemas/complaint.c schemas/encode.c schemas/json.c \
	schemas/names.c schemas/peek.c schemas/text.c schemas/thread.c schemas/tree.c schemas/utf8.c schemas/wall.c
SCHEMAS_YAML_SRC := $(SCHEMAS_SRC) schemas/yaml.c

# -- generator: schemas/NAME.schema to $(BUILD)/gen/NAME.[ch] ---------------------------------------

SCHEMAS := $(patsubst schemas/%.schema,%,$(wildcard schemas/*.schema))
GENERATED += $(foreach s,$(SCHEMAS),$(BUILD)/gen/$(s).h $(BUILD)/gen/$(s).c)
GENSCHEMA_PARTS := $(filter-out %/main.c,$(wildcard tools/genschema/*.c))
GENSCHEMA_SRC := tools/genschema/main.c $(GENSCHEMA_PARTS) schemas/arena.c schemas/text.c \
	schemas/utf8.c

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

# -- tests -----------------------------------------------------------------------------------------

SCHEMAS_GEN := $(SCHEMAS:%=gen/%.c)

$(eval $(call unit,schema_arena,schemas/arena.c))
$(eval $(call unit,schema_text,schemas/text.c,m))
$(eval $(call unit,schema_wall,schemas/wall.c))
$(eval $(call unit,schema_gen,$(GENSCHEMA_PARTS) schemas/arena.c schemas/utf8.c))
$(eval $(call unit,schema_codec,$(SCHEMAS_SRC) $(SCHEMAS_GEN),cjson m))
$(eval $(call unit,schema_lenient,$(SCHEMAS_SRC) gen/ocpp16.c gen/ocpp201.c,cjson m))
$(eval $(call unit,schema_roundtrip,$(SCHEMAS_SRC) $(SCHEMAS_GEN),cjson m))
$(eval $(call unit,schema_yaml,$(SCHEMAS_YAML_SRC) gen/config.c gen/depot.c gen/meter.c,yaml cjson m))
$(eval $(call unit,schema_threads,$(SCHEMAS_SRC) gen/ocpp201.c gen/depot.c,cjson m pthread))

CODEC_FUZZ_GEN := $(foreach s,ocpp201 event depot meter,$(BUILD)/gen/$(s).c)
$(eval $(call fuzzer,codec,$(SCHEMAS_SRC) $(CODEC_FUZZ_GEN),cjson m))

$(eval $(call program,tests/schema/judge,tests/schema/judge.c gen/ocpp16.c gen/ocpp201.c \
	$(SCHEMAS_SRC),cjson m))

SCHEMA_NPM := tests/schema/node_modules/.package-lock.json

$(SCHEMA_NPM): tests/schema/package-lock.json
	$(call say,NPM,tests/schema)
	$(Q)cd tests/schema && npm ci --silent

.PHONY: test-schema
test-schema: $(BUILD)/tests/schema/judge $(SCHEMA_NPM) ## judge the codec against ajv
	$(Q)node tests/schema/differential.mjs $<
