/* SPDX-License-Identifier: Apache-2.0
 * libgreet: owns the wording of a greeting and the rules for a name. */
#include "greet.h"

#include <errno.h>
#include <stdio.h>

static int is_control(unsigned char c)
{
	/* Bytes from 128 on belong to UTF-8 sequences and are left alone. */
	return c < 32 || c == 127;
}

const char *greet_version(void)
{
	return GREET_VERSION;
}

int greet_format(char *buffer, size_t size, const char *name)
{
	if (name == NULL || *name == '\0')
		name = "world";
	for (const char *p = name; *p != '\0'; p++) {
		if (is_control((unsigned char)*p)) {
			errno = EINVAL;
			return -1;
		}
	}
	return snprintf(buffer, size, "Hello, %s!", name);
}
