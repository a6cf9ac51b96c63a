/*
 * File names as strangers give them, made harmless. Pure.
 */
#ifndef CSMS_FILE_NAME_H
#define CSMS_FILE_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define FILE_NAME_SIZE 101

/* The last segment of `name` with nothing in it but A-Z a-z 0-9 . _ - and no dot in front, at most
 * 100 characters of which the last stay; "" if nothing is left. */
void file_name_clean(const char *name, char out[FILE_NAME_SIZE]);

/* The parameter of a header's value, "filename" of `form-data; name="a"; filename="b.zip"`, without
 * its quotes and cut to fit. False if it is not there. */
bool file_name_parameter(const char *value, const char *parameter, char *out, size_t size);

/* The file's name in a content-disposition, clean; false without one. */
bool file_name_of_disposition(const char *value, char out[FILE_NAME_SIZE]);

#endif
