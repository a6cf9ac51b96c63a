#include "csms/certificates/emaid.h"
#include <ctype.h>
#include <string.h>

enum { COUNTRY = 2, LENGTH = EMAID_SIZE - 1 };

bool emaid_normal(const char *text, char out[EMAID_SIZE])
{
	int n = 0;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '-')
			continue;
		if (n > LENGTH || !(n < COUNTRY ? isalpha(c) : isalnum(c)) || c > 126)
			return false;
		if (n < LENGTH)
			out[n] = (char)toupper(c);
		n++; /* the fifteenth is the check digit */
	}
	out[n < LENGTH ? n : LENGTH] = '\0';
	return n >= LENGTH;
}

bool emaid_same(const char *a, const char *b)
{
	char x[EMAID_SIZE], y[EMAID_SIZE];

	return emaid_normal(a, x) && emaid_normal(b, y) && strcmp(x, y) == 0;
}
