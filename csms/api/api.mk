# csms/api/ and the views: what the room's module.mk takes into depotd, and the tests of it.

csms_api.src := $(wildcard csms/api/*.c) csms/view.c csms/view_night.c csms/words.c gen/api.c
csms_api.libs := z
