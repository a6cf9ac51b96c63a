/* Any text as a request, as a chain, as PKCS #7 and as a frame between depotd and depotd-ca. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "csms/pki/ca_frame.h"
#include "csms/pki/chain.h"
#include "csms/pki/csr.h"
#include "csms/pki/pkcs7.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct chain_facts chain;
	struct csr_facts facts;
	const char *texts[CA_FRAME_TEXTS];
	char why[200], *text, *pem;
	int count = 0;

	if (size > 20000 || !(text = malloc(size + 1)))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	csr_read(text, &facts, why);
	chain_judge(text, text, &chain, why);
	pem = pkcs7_to_pem(text, size, why);
	free(pem);
	if (ca_frame_read(data, size, texts, &count) > 0)
		for (int i = 0; i < count; i++)
			if (strlen(texts[i]) > size)
				abort();
	free(text);
	return 0;
}
