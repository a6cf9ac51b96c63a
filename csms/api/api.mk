# csms/api/ and the views: what the room's module.mk takes into depotd, and the tests of it.

csms_api.src := $(wildcard csms/api/*.c csms/people/*.c csms/view/*.c) gen/api.c
csms_api.libs := z argon

$(eval $(call unit,api_route,csms/api/route.c csms/api/permission.c $(SCHEMAS_SRC),cjson m))
$(eval $(call unit,api_auth,csms/api/auth.c csms/api/permission.c csms/clock.c csms/secret.c \
	$(SCHEMAS_SRC),cjson ssl m))
$(eval $(call unit,api_words,csms/words.c $(SCHEMAS_SRC),cjson m))
$(eval $(call unit,words_session,csms/view/words_session.c csms/words.c $(SCHEMAS_SRC),cjson m))
$(eval $(call unit,tongue,csms/net/limit.c csms/view/tongue.c csms/view/tongue_json.c csms/view/tongue_de.c csms/view/tongue_de_steps.c csms/words.c csms/view/words_chargers.c csms/view/words_session.c csms/view/words_people.c csms/view/words_power.c csms/view/words_setup.c \
	csms/view/words_vehicles.c csms/view/words_whatif.c csms/alarms_table.c csms/money/price_series.c csms/money/price_words.c \
	scheduler/grid.c scheduler/calendar.c $(SCHEMAS_SRC),cjson m))
$(eval $(call unit,words_power,csms/view/words_power.c csms/words.c $(SCHEMAS_SRC),cjson m))
$(eval $(call unit,words_people,csms/view/words_people.c csms/words.c $(SCHEMAS_SRC),cjson m))
$(eval $(call unit,words_whatif,csms/view/words_whatif.c csms/words.c $(SCHEMAS_SRC),cjson m))
$(eval $(call unit,words_setup,csms/view/words_setup.c csms/money/price_words.c csms/words.c $(SCHEMAS_SRC),cjson m))
$(eval $(call unit,words_chargers,csms/view/words_chargers.c csms/words.c $(SCHEMAS_SRC),cjson m))
$(eval $(call unit,words_vehicles,csms/view/words_vehicles.c csms/words.c $(SCHEMAS_SRC),cjson m))

# The API over real sockets: all of csms but its main.
csms_api_http.test := $(filter-out csms/main.c,$(wildcard csms/*.c $(CSMS_ROOMS:%=csms/%/*.c) csms/net/*.c \
	csms/view/*.c csms/api/*.c csms/people/*.c csms/pki/*.c)) $(addprefix gen/,api.c ocpp16.c ocpp201.c event.c config.c depot.c meter.c loose.c opcp.c oidc.c pki.c telematics.c) \
	$(wildcard ocpp/v16*.c) \
	$(SCHEMAS_YAML_SRC) $(OCPP_SRC) $(SCHEDULER_SRC) $(MODBUS_SRC) $(DB_SRC) \
	$(wildcard csms/oscp/*.c) gen/oscp20.c tests/net/client.c tests/net/server_thread.c
$(eval $(call unit,api_http,$(csms_api_http.test),cjson yaml sqlite modbus mosquitto ws ssl ev z curl expat argon m pthread))
$(eval $(call unit,people_factor,csms/people/totp.c csms/people/seal.c csms/people/argon.c csms/secret.c,ssl argon))
