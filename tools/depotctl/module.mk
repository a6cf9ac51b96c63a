# depotctl: the operator's command line.

DEPOTCTL_SRC := $(wildcard tools/depotctl/*.c)

$(eval $(call program,depotctl,$(DEPOTCTL_SRC) gen/api.c $(DB_DEPS),$(DB_LIBS) curl))
$(eval $(call unit,depotctl_table,tools/depotctl/table.c $(SCHEMAS_SRC),cjson m))
