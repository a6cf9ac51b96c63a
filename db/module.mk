# db/: journal, projections, measurements, wire log. The only room that knows SQL.

DB_SRC := $(wildcard db/*.c)
DB_DEPS := $(DB_SRC) gen/event.c $(SCHEMAS_SRC)
DB_LIBS := cjson sqlite ssl m pthread

$(eval $(call unit,db_journal,$(DB_DEPS),$(DB_LIBS)))
$(eval $(call unit,db_transaction,$(DB_DEPS),$(DB_LIBS)))
$(eval $(call unit,db_care,$(DB_DEPS),$(DB_LIBS)))
$(eval $(call unit,db_store,$(DB_DEPS),$(DB_LIBS)))
$(eval $(call unit,db_record,$(DB_DEPS),$(DB_LIBS)))
$(eval $(call unit,db_query,$(DB_DEPS),$(DB_LIBS)))
$(eval $(call unit,db_device,$(DB_DEPS),$(DB_LIBS)))
$(eval $(call unit,db_report,$(DB_DEPS),$(DB_LIBS)))
$(eval $(call unit,db_cadence,db/cadence.c))

$(eval $(call program,bench-db,tests/db/db_bench.c $(DB_DEPS),$(DB_LIBS)))
$(eval $(call program,tests/db/crash_test,tests/db/crash_test.c $(DB_DEPS),$(DB_LIBS)))
