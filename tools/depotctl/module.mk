# depotctl: the operator's command line.

DEPOTCTL_SRC := $(wildcard tools/depotctl/*.c)

$(eval $(call program,depotctl,$(DEPOTCTL_SRC) tools/depotsim/ws_client.c $(OCPP_SRC) csms/depot_tails.c csms/pki/sealed_file.c csms/pki/pki_profile.c csms/pki/keypair.c gen/api.c gen/depot.c gen/pki.c schemas/yaml.c \
	$(DB_DEPS),$(DB_LIBS) yaml curl ws))
$(eval $(call unit,depotctl_table,tools/depotctl/table.c $(SCHEMAS_SRC),cjson m))
$(eval $(call unit,depotctl_replay,tools/depotctl/replay_text.c schemas/text.c schemas/wall.c,m))
