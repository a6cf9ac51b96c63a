# tools/bench/: what `make bench` measures depotd with.

$(eval $(call program,bench-depotd,$(addprefix tools/bench/,main.c crowd.c station.c client.c \
	payload.c histogram.c server.c seed.c \
	meter.c guard.c replan.c cycle.c figure.c) $(SCHEDULER_SRC) csms/secret.c gen/event.c $(SCHEMAS_SRC) $(DB_SRC), \
	cjson sqlite ssl m pthread))

$(eval $(call program,bench-plan,$(addprefix tools/bench/,plan.c depot.c figure.c) \
	$(addprefix scheduler/,$(FLOW)),m))

$(eval $(call program,bench-whole,tools/bench/whole.c tools/bench/figure.c $(addprefix scheduler/, \
	grid.c limits.c battery.c flow_taper.c $(PLAN) $(FLOW) $(PHASES)),m))

$(eval $(call program,bench-phases,tools/bench/phases.c tools/bench/figure.c tests/unit/phase_depots.c \
	$(addprefix scheduler/,$(FLOW) $(PHASES)),))

$(eval $(call program,bench-storage,$(addprefix tools/bench/,storage.c depot.c figure.c) \
	$(addprefix scheduler/,$(FLOW) $(STORAGE)),m))

# What it is compared with needs a library that only this is for.
ifneq ($(LIB.clp),)
$(eval $(call program,bench-clp,tools/bench/clp.c tools/bench/figure.c,clp))
endif

$(eval $(call program,bench-telematics,tools/bench/telematics.c $(csms_core.test),$(csms_core.test_libs)))

# A month of real sessions; the test and the bench walk it with the same code.
MONTH := tools/bench/month.c csms/money/tariff_read.c csms/zone.c gen/depot.c $(SCHEMAS_YAML_SRC) $(SCHEDULER_SRC)
$(eval $(call program,bench-month,tools/bench/month_main.c tools/bench/figure.c $(MONTH),cjson yaml m))
$(eval $(call unit,plan_month,$(MONTH),cjson yaml m))
