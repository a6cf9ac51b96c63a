/* ENGINE is OpenSSL's old way to keys elsewhere; Debian 12 has no provider for PKCS #11. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "csms/ca/token.h"

#include <openssl/engine.h>
#include <openssl/err.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static ENGINE *engine;

static int explain(char why[200], const char *what, const char *which)
{
	unsigned long error = ERR_peek_last_error();
	const char *reason = error ? ERR_reason_error_string(error) : NULL;

	snprintf(why, 200, "%s %.100s: %.60s", what, which, reason ? reason : "no reason given");
	ERR_clear_error();
	return -1;
}

static int read_pin(const char *path, char pin[80])
{
	FILE *f = fopen(path, "re");
	bool good = f && fgets(pin, 80, f);

	if (f)
		fclose(f);
	if (good)
		pin[strcspn(pin, "\r\n")] = '\0';
	return good ? 0 : -1;
}

int token_open(const char *module, const char *pin_file, char why[200])
{
	char pin[80] = "";

	if (pin_file && read_pin(pin_file, pin)) {
		snprintf(why, 200, "the token's PIN cannot be read from %.120s", pin_file);
		return -1;
	}
	ENGINE_load_builtin_engines();
	engine = ENGINE_by_id("pkcs11");
	if (!engine)
		return explain(why, "OpenSSL has no engine for tokens (install",
			"libengine-pkcs11-openssl)");
	if (!ENGINE_ctrl_cmd_string(engine, "MODULE_PATH", module, 0) ||
		(pin[0] && !ENGINE_ctrl_cmd_string(engine, "PIN", pin, 0)) || !ENGINE_init(engine))
		return explain(why, "the token's module does not work:", module);
	OPENSSL_cleanse(pin, sizeof pin);
	return 0;
}

EVP_PKEY *token_key(const char *uri, char why[200])
{
	EVP_PKEY *key = ENGINE_load_private_key(engine, uri, NULL, NULL);

	if (!key)
		explain(why, "the token has no such key, or does not let us use it:", uri);
	return key;
}
