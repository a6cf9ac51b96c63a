# OCPP-J framing: pure library, linked by whoever speaks OCPP.
OCPP_SRC := ocpp/frame.c ocpp/scan.c ocpp/callerror.c ocpp/message_id.c ocpp/version.c
OCPP_CODEC_SRC := $(filter-out schemas/yaml.c,$(wildcard schemas/*.c))

$(eval $(call unit,ocpp_frame,$(OCPP_SRC) $(OCPP_CODEC_SRC),cjson m))
$(eval $(call unit,ocpp_callerror,ocpp/callerror.c ocpp/message_id.c $(OCPP_CODEC_SRC),cjson m))
$(eval $(call unit,ocpp_message_id,ocpp/message_id.c,))
$(eval $(call unit,ocpp_version,ocpp/version.c,))
$(eval $(call fuzzer,frame,$(OCPP_SRC) $(OCPP_CODEC_SRC),cjson m))
V16_TEST_SRC := $(wildcard ocpp/v16*.c) ocpp/callerror.c ocpp/message_id.c ocpp/version.c $(OCPP_CODEC_SRC) \
	gen/ocpp16.c gen/ocpp201.c
$(eval $(call unit,ocpp_v16_up,$(V16_TEST_SRC),cjson m))
$(eval $(call fuzzer,v16,$(V16_TEST_SRC:gen/%=$(BUILD)/gen/%),cjson m))
$(eval $(call unit,ocpp_v16_down,$(V16_TEST_SRC),cjson m))
