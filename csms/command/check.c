#include "csms/command/check.h"
#include <stdarg.h>
#include <stdio.h>

int check_refuse(struct schema_error *err, const char *path, const char *fmt, ...)
{
	va_list ap;

	*err = (struct schema_error){.fault = SCHEMA_BAD_RANGE};
	snprintf(err->path, sizeof err->path, "%s", path);
	va_start(ap, fmt);
	vsnprintf(err->message, sizeof err->message, fmt, ap);
	va_end(ap);
	return -1;
}

int check_conflict(struct schema_error *err, const char *fmt, ...)
{
	va_list ap;

	*err = (struct schema_error){.fault = SCHEMA_OK};
	va_start(ap, fmt);
	vsnprintf(err->message, sizeof err->message, fmt, ap);
	va_end(ap);
	return -1;
}
