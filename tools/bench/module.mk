# tools/bench/: what `make bench` measures depotd with.

$(eval $(call program,bench-depotd,$(addprefix tools/bench/,main.c crowd.c station.c client.c \
	payload.c histogram.c server.c seed.c \
	meter.c guard.c) $(SCHEDULER_SRC) csms/secret.c gen/event.c $(SCHEMAS_SRC) $(DB_SRC), \
	cjson sqlite ssl m pthread))
