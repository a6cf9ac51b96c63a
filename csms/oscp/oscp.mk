# csms/oscp/: the grid operator's protocol, depotd as Flexibility Provider.

csms_oscp.src := $(wildcard csms/oscp/*.c) gen/oscp20.c

$(eval $(call unit,oscp_block,csms/oscp/block.c,m))
$(eval $(call unit,oscp_segment,csms/oscp/segment.c,))
$(eval $(call fuzzer,oscp,csms/oscp/block.c csms/oscp/segment.c $(SCHEMAS_SRC) $(BUILD)/gen/oscp20.c,cjson m))
