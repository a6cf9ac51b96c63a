include csms/net.mk
