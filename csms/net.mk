# The network rooms of csms: clock, loop, sockets, TLS, WebSocket and HTTP servers.

SITE_CA := csms/pki/site_ca.c csms/pki/keypair.c

csms_base.src := csms/clock.c csms/timers.c csms/loop.c csms/log.c csms/bytes.c
csms_net.src := $(csms_base.src) csms/secret.c $(wildcard csms/pki/*.c csms/net/*.c)
csms_net.libs := ws ssl ev z curl expat pthread

csms_net_core.test := $(csms_base.src) csms/net/tls.c csms/pki/peer_check.c csms/pki/pem_folder.c csms/pki/pem_files.c \
	csms/pki/x509.c csms/net/net.c csms/net/net_conn.c csms/net/net_peers.c csms/net/limit.c \
	csms/net/net_socket.c csms/net/http_head.c tests/net/server_thread.c tests/net/client.c

$(eval $(call unit,csms_clock,csms/clock.c,))
$(eval $(call unit,csms_timers,csms/timers.c csms/clock.c,))
$(eval $(call unit,csms_loop,csms/loop.c csms/timers.c csms/clock.c schemas/thread.c,ev pthread))
$(eval $(call unit,csms_log,csms/log.c csms/clock.c,))
$(eval $(call unit,csms_secret,csms/secret.c,ssl))
$(eval $(call unit,csms_net_peers,csms/net/net_peers.c csms/clock.c,))
$(eval $(call unit,csms_http_head,csms/net/http_head.c csms/net/http_body.c csms/bytes.c,))
$(eval $(call unit,csms_ws_gate,csms/net/ws_gate.c csms/net/http_head.c,ssl))
$(eval $(call unit,csms_ws_frame,csms/net/ws_frame.c,))
$(eval $(call unit,csms_ws_deflate,csms/net/ws_deflate.c,z))
$(eval $(call unit,csms_ws_server,$(csms_net_core.test) csms/net/ws_server.c csms/net/ws_upgrade.c \
	csms/net/ws_messages.c csms/net/ws_gate.c csms/net/ws_frame.c csms/net/ws_deflate.c,$(csms_net.libs)))
$(eval $(call unit,csms_site_ca,$(SITE_CA),ssl))
$(eval $(call unit,csms_http_server,$(csms_net_core.test) csms/net/http_server.c csms/net/http_reply.c csms/net/http_body.c,\
	$(csms_net.libs)))
$(eval $(call unit,csms_http_stream,$(csms_net_core.test) csms/net/http_server.c csms/net/http_reply.c \
	csms/net/http_body.c,$(csms_net.libs)))
$(eval $(call unit,csms_http_client,csms/net/http_client.c $(csms_net_core.test) csms/net/http_server.c \
	csms/net/http_reply.c csms/net/http_body.c $(SITE_CA) schemas/text.c,$(csms_net.libs) m))
$(eval $(call unit,csms_tls,$(csms_net_core.test) csms/net/http_server.c csms/net/http_reply.c csms/net/http_body.c \
	$(SITE_CA),$(csms_net.libs)))
$(eval $(call fuzzer,http_head,csms/net/http_head.c csms/net/http_body.c csms/bytes.c csms/net/ws_gate.c \
	csms/net/ws_deflate.c,ssl z))
$(eval $(call fuzzer,ws_deflate,csms/net/ws_deflate.c csms/net/ws_frame.c,z))
CONTRACT_PKI := csms/pki/cert_id.c csms/pki/ca_pool.c csms/pki/pem_files.c csms/pki/ocsp_message.c csms/pki/contract_chain.c
PKI_PROFILE := csms/pki/pki_profile.c csms/pki/keypair.c gen/pki.c $(SCHEMAS_YAML_SRC)
$(eval $(call unit,contract_chain,$(CONTRACT_PKI) tools/depotctl/pki_lab.c $(PKI_PROFILE),ssl cjson yaml m))
$(eval $(call unit,pki_profile,$(CONTRACT_PKI) tools/depotctl/pki_lab.c $(PKI_PROFILE),ssl cjson yaml m))
$(eval $(call unit,ocsp_hosts,csms/certificates/ocsp_hosts.c csms/certificates/emaid.c,))
$(eval $(call fuzzer,ocsp,$(CONTRACT_PKI) csms/certificates/ocsp_hosts.c csms/certificates/emaid.c,ssl))
$(eval $(call fuzzer,crl,csms/pki/crl_file.c csms/pki/x509.c,ssl))
$(eval $(call unit,sealed_file,csms/pki/sealed_file.c,ssl))
$(eval $(call unit,ocmf,csms/pki/ocmf.c $(SCHEMAS_SRC),ssl cjson m))
