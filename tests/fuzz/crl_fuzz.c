/* Any bytes as a revocation list, fetched and kept. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "csms/pki/crl_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct crl_facts facts;
	char why[200], *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	crl_facts(text, &facts, why);
	/* Nobody has signed it. */
	if (crl_judge(data, size, text, 1800000000000, &facts, why) && size < 200)
		abort();
	free(text);
	return 0;
}
