#include "csms/certificates/own_names.h"
#include <stdio.h>
#include <unistd.h>

#define OWN_HOSTS_MAX 20 /* listen.hosts may hold */

void own_names(const struct config_listen *l, struct own_names *out)
{
	*out = (struct own_names){.host = "localhost"};
	for (size_t i = 0; i < l->hosts.count && out->count < OWN_HOSTS_MAX; i++)
		out->of[out->count++] = l->hosts.items[i];
	gethostname(out->host, sizeof out->host - 1);
	if (!out->count)
		out->of[out->count++] = out->host;
	out->of[out->count++] = "localhost";
	out->of[out->count++] = "127.0.0.1";
	out->of[out->count++] = "::1";
}
