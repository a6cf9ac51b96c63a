# tests/scenario/: whole nights of depotd's core and a simulated depot on a simulated clock.

# The simulated depot as one object that exports plant_* only: it has names in common with csms/.
PLANT_OBJ := $(BUILD)/tests/scenario/plant.o
PLANT_SRC := tests/scenario/plant.c $(filter-out %/main.c %/options.c %/ws_client.c,\
	$(wildcard tools/depotsim/*.c))

$(PLANT_OBJ): $(PLANT_SRC:%.c=$(BUILD)/obj/%.o)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)ld -r -o $@ $^
	$(Q)objcopy --wildcard --keep-global-symbol='plant_*' $@

SCENARIO_SRC := $(wildcard tests/scenario/world*.c) tests/scenario/judge.c $(csms_core.src) $(csms_core.gen) gen/scenario.c \
	$(csms_net.src) $(SCHEMAS_YAML_SRC) $(OCPP_SRC) $(SCHEDULER_SRC) $(MODBUS_SRC) $(DB_SRC)
SCENARIO_OBJ := $(patsubst %.c,$(BUILD)/obj/%.o,$(sort $(SCENARIO_SRC))) $(PLANT_OBJ)
SCENARIO_LIBS := $(foreach l,cjson yaml sqlite modbus mosquitto $(csms_net.libs) m check,$(LIB.$(l)))
SCENARIOS := $(patsubst tests/scenario/%.c,$(BUILD)/tests/scenario/%,\
	$(wildcard tests/scenario/*_test.c))

$(BUILD)/tests/scenario/nights_test: $(patsubst %,$(BUILD)/obj/tests/scenario/%.o,night night_trouble night_more night_watch night_island nights_known)
$(BUILD)/tests/scenario/late_test: LDFLAGS += -Wl,--wrap=planner_job_create
$(BUILD)/tests/scenario/guess_test $(BUILD)/tests/scenario/safety_test $(BUILD)/tests/scenario/close_test: $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard csms/view/*.c) gen/api.c)
$(SCENARIOS): $(BUILD)/tests/scenario/%: $(BUILD)/obj/tests/scenario/%.o $(SCENARIO_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(SCENARIO_LIBS)

.PHONY: scenario-build
scenario-build: $(SCENARIOS)

.PHONY: scenario
scenario: $(SCENARIOS) ## whole nights on a simulated clock; COUNT=300: more random ones
	$(Q)tests/run-unit $(SCENARIOS)

.PHONY: nights
nights: $(BUILD)/tests/scenario/nights_test ## 1,000 random nights of phases and failures; COUNT=20 SEED=7: some
	$(Q)COUNT=$(or $(COUNT),1000) PROGRESS=1 $<

# tests/certification/: the cases of a CSMS in the certification of OCPP 2.0.1, by number.
.PHONY: certification
certification: all ## certification cases, with a table by block and profile; ONLY="B K": some
	$(Q)BUILD=$(BUILD) node tests/certification/run.mjs $(ONLY)
