# tools/depotsim/: a whole depot to try depotd against.

SIM_STATION := $(addprefix tools/depotsim/,battery.c commands.c commands_auth.c commands_log.c commands_model.c commands_trust.c device_model.c \
	evse.c keyring.c old_wire.c outbox.c profiles.c report.c station.c transaction.c van.c) csms/pki/hash_data.c csms/pki/x509.c
SIM_WORLD := $(addprefix tools/depotsim/,csv.c daytime.c make_depot.c meter_server.c mount.c pose.c sim.c store.c visits.c)
SIM_MAPS := modbus/meter_map.c gen/meter.c
SIM_MESSAGES := gen/ocpp16.c gen/ocpp201.c gen/depot.c gen/scenario.c $(OCPP_SRC) $(SCHEMAS_SRC)

$(eval $(call program,depotsim,$(SIM_STATION) $(SIM_WORLD) $(SIM_MAPS) $(SIM_MESSAGES) schemas/yaml.c \
	csms/clock.c $(addprefix tools/depotsim/,main.c options.c upload.c ws_client.c), \
	cjson yaml modbus ws ssl curl m pthread))

$(eval $(call unit,sim_energy,tools/depotsim/battery.c tools/depotsim/van.c,))
$(eval $(call unit,sim_csv,$(addprefix tools/depotsim/,csv.c daytime.c make_depot.c) \
	gen/depot.c gen/scenario.c $(SCHEMAS_SRC) schemas/yaml.c,cjson yaml m))
$(eval $(call unit,sim_profiles,tools/depotsim/profiles.c $(SIM_MESSAGES),cjson m))
$(eval $(call unit,sim_outbox,tools/depotsim/outbox.c $(SIM_MESSAGES),cjson m))
$(eval $(call unit,sim_meter,tools/depotsim/meter_server.c tools/depotsim/pose.c $(SIM_MAPS) $(SCHEMAS_SRC) \
	schemas/yaml.c,modbus cjson yaml m pthread))
$(eval $(call unit,sim_station,$(SIM_STATION) $(SIM_MESSAGES),cjson ssl m))
$(eval $(call unit,sim_ws,tools/depotsim/ws_client.c,ws ssl pthread))
$(eval $(call unit,sim_world,$(SIM_STATION) $(SIM_WORLD) $(SIM_MAPS) $(SIM_MESSAGES) schemas/yaml.c, \
	cjson yaml modbus ssl m pthread))
