# csms/api/ and the views: what the room's module.mk takes into depotd, and the tests of it.

csms_api.src := $(wildcard csms/api/*.c) csms/view.c csms/view_night.c csms/words.c gen/api.c
csms_api.libs := z

$(eval $(call unit,api_route,csms/api/route.c $(SCHEMAS_SRC),m))
$(eval $(call unit,api_auth,csms/api/auth.c csms/api/route.c csms/clock.c csms/secret.c \
	$(SCHEMAS_SRC),ssl m))
$(eval $(call unit,api_words,csms/words.c $(SCHEMAS_SRC),m))
