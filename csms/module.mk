# csms/: the daemon.

include csms/net.mk
include csms/api/api.mk

# What lives on the loop and needs no socket: what scenario tests link.
csms_core.src := $(addprefix csms/,fleet.c core.c call.c session.c dispatch.c record.c restore.c retry.c signed.c \
	samples.c mask.c password.c token_check.c tree.c setpoint.c planner.c control.c \
	control_tree.c control_cycle.c meters.c config.c) \
	$(wildcard csms/handle/*.c)
csms_core.src += csms/report.c # reports and the device model
csms_core.gen := $(addprefix gen/,ocpp201.c event.c config.c depot.c meter.c)

$(eval $(call program,depotd,csms/main.c $(csms_core.src) $(csms_core.gen) $(csms_net.src) \
	$(csms_api.src) $(SCHEMAS_SRC) schemas/yaml.c $(OCPP_SRC) $(SCHEDULER_SRC) $(MODBUS_SRC) $(DB_SRC), \
	cjson yaml sqlite modbus $(csms_net.libs) $(csms_api.libs) m))

$(eval $(call unit,csms_retry,csms/retry.c,))
$(eval $(call unit,csms_mask,csms/mask.c schemas/arena.c schemas/text.c,m))
$(eval $(call unit,csms_samples,csms/samples.c gen/ocpp201.c $(SCHEMAS_SRC),cjson m))
