# csms/: the daemon.

# Rooms of what depotd knows and decides; net, pki, view, api, people, oscp and ca are listed by themselves.
CSMS_ROOMS := certificates charging command files handle metering money plan power station vehicles

include csms/net.mk
include csms/api/api.mk
include csms/oscp/oscp.mk

# Translation of OCPP 1.6 to 2.0.1 and back.
V16_SRC := $(wildcard ocpp/v16*.c)

# What lives on the loop and needs no socket: what scenario tests link.
csms_core.src := $(filter-out csms/main.c csms/listen.c $(csms_net.src),\
	$(wildcard csms/*.c $(CSMS_ROOMS:%=csms/%/*.c))) $(V16_SRC)
csms_core.gen := $(addprefix gen/,ocpp16.c ocpp201.c event.c config.c depot.c meter.c loose.c opcp.c oidc.c pki.c telematics.c)

$(eval $(call program,depotd,csms/main.c csms/listen.c $(csms_core.src) $(csms_core.gen) $(csms_net.src) \
	$(csms_api.src) $(csms_oscp.src) $(SCHEMAS_SRC) schemas/yaml.c $(OCPP_SRC) $(SCHEDULER_SRC) $(MODBUS_SRC) $(DB_SRC), \
	cjson yaml sqlite modbus mosquitto $(csms_net.libs) $(csms_api.libs) m))

# Its keys are read by nothing else.
$(eval $(call program,depotd-ca,$(wildcard csms/ca/*.c) csms/pki/keypair.c csms/pki/csr.c csms/pki/x509.c \
	csms/pki/ca_frame.c csms/call_filter.c csms/pki/pki_profile.c gen/pki.c $(SCHEMAS_YAML_SRC),ssl cjson yaml m))

$(eval $(call unit,depot_tails,csms/depot_tails.c,))
$(eval $(call unit,csms_v16_password,csms/station/v16_password.c,))
$(eval $(call unit,csms_retry,csms/station/retry.c,))
$(eval $(call unit,csms_file_name,csms/files/file_name.c csms/files/multipart.c,))
$(eval $(call fuzzer,multipart,csms/files/multipart.c csms/files/file_name.c,))
$(eval $(call unit,csms_mask,csms/mask.c schemas/arena.c schemas/text.c,m))
$(eval $(call unit,csms_samples,csms/metering/samples.c gen/ocpp201.c $(SCHEMAS_SRC),cjson m))
$(eval $(call unit,csms_image,csms/metering/image.c,m))
$(eval $(call unit,station_clock,csms/station/station_clock.c csms/clock.c schemas/wall.c,m))
$(eval $(call unit,csms_meter_ocpp,csms/metering/meter_ocpp.c csms/metering/samples.c gen/ocpp201.c gen/meter.c $(SCHEMAS_SRC),cjson m))

# Rules of the loop that look at the whole fleet.
csms_core.test := $(csms_core.src) $(csms_core.gen) $(csms_net.src) $(SCHEMAS_YAML_SRC) $(OCPP_SRC) \
	$(SCHEDULER_SRC) $(MODBUS_SRC) $(DB_SRC)
csms_core.test_libs := cjson yaml sqlite modbus mosquitto $(csms_net.libs) m

$(eval $(call unit,token_check,$(csms_core.test),$(csms_core.test_libs)))
$(eval $(call unit,csms_profile_check,csms/power/profile_check.c gen/ocpp201.c $(SCHEMAS_SRC),cjson m))
$(eval $(call unit,list_content,$(csms_core.test),$(csms_core.test_libs)))
$(eval $(call unit,price_estimate,csms/money/price_estimate.c scheduler/battery.c,m))
$(eval $(call unit,charge_price,csms/charging/charge_price.c,m))
PRICE_READ := csms/money/price_read.c csms/money/price_xml.c csms/money/price_csv.c csms/money/price_json.c csms/money/price_plausible.c
$(eval $(call unit,price_read,$(PRICE_READ) csms/money/price_series.c csms/zone.c scheduler/calendar.c \
	$(SCHEMAS_SRC),cjson expat m))
$(eval $(call fuzzer,price,$(PRICE_READ) $(SCHEMAS_SRC),cjson expat m))
$(eval $(call unit,tariff,csms/money/tariff_read.c csms/zone.c $(addprefix scheduler/,$(TARIFF)) gen/depot.c $(SCHEMAS_YAML_SRC),cjson yaml m))
$(eval $(call unit,chances_report,csms/vehicles/chances_report.c csms/clock.c scheduler/calibration.c \
	$(wildcard db/*.c) gen/event.c $(SCHEMAS_SRC),cjson sqlite ssl m pthread))
$(eval $(call unit,whatif_nights,csms/api/whatif_nights.c csms/zone.c,))
$(eval $(call unit,csms_vehicles,$(csms_core.test),$(csms_core.test_libs)))
$(eval $(call fuzzer,trips_csv,csms/vehicles/trips_csv.c $(BUILD)/gen/depot.c $(SCHEMAS_SRC),cjson m))
$(eval $(call unit,trips_expected,$(csms_core.test),$(csms_core.test_libs)))
$(eval $(call unit,telematics_map,csms/vehicles/telematics_map.c csms/vehicles/telematics_units.c gen/telematics.c $(SCHEMAS_YAML_SRC),cjson yaml m))
$(eval $(call fuzzer,telematics,csms/vehicles/telematics_map.c csms/vehicles/telematics_units.c $(BUILD)/gen/telematics.c $(SCHEMAS_YAML_SRC),cjson yaml m))

# Requests, chains and what depotd-ca is told.
PKI_READ := csms/pki/csr.c csms/pki/x509.c csms/pki/chain.c csms/pki/pkcs7.c csms/pki/ca_frame.c
$(eval $(call unit,csr,$(PKI_READ),ssl))
$(eval $(call fuzzer,csr,$(PKI_READ),ssl))
