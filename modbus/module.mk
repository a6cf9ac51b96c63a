# Meters over Modbus: register maps, links and the polling worker.
MODBUS_SRC := modbus/meter_poller.c modbus/meter_link.c modbus/meter_map.c modbus/meter_check.c \
	modbus/meter_stats.c modbus/meter_setpoint.c modbus/sunspec.c modbus/meter_identify.c modbus/meter_scan.c \
	modbus/site_frame.c
METER_SERVER_SRC := tests/unit/meter_server.c
METER_CODEC_SRC := gen/meter.c $(wildcard schemas/*.c)

$(eval $(call unit,meter_map,modbus/meter_map.c $(METER_CODEC_SRC),cjson yaml m))
$(eval $(call unit,meter_check,modbus/meter_check.c modbus/meter_stats.c,m))
$(eval $(call unit,meter_link,modbus/meter_link.c modbus/meter_stats.c $(METER_SERVER_SRC),modbus pthread))
$(eval $(call unit,meter_poller,$(MODBUS_SRC) $(METER_CODEC_SRC) $(METER_SERVER_SRC),modbus cjson yaml m pthread))
$(eval $(call unit,meter_setpoint,$(MODBUS_SRC) $(METER_CODEC_SRC) $(METER_SERVER_SRC),modbus cjson yaml m pthread))
$(eval $(call unit,meter_identify,$(MODBUS_SRC) $(METER_CODEC_SRC) $(METER_SERVER_SRC),modbus cjson yaml m pthread))
$(eval $(call unit,meter_sunspec,modbus/sunspec.c modbus/meter_map.c modbus/meter_stats.c \
	$(METER_CODEC_SRC),cjson yaml m))
$(eval $(call fuzzer,meter,modbus/sunspec.c modbus/meter_map.c modbus/meter_check.c modbus/meter_stats.c \
	$(BUILD)/gen/meter.c $(wildcard schemas/*.c),cjson yaml m))
$(eval $(call unit,site_frame,modbus/site_frame.c,))
$(eval $(call fuzzer,site_frame,modbus/site_frame.c,))
