/* SPDX-License-Identifier: Apache-2.0
 * Tests of libgreet through its public interface. */
#include "greet.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int failures;

static void check(int ok, const char *what)
{
	printf("%s - %s\n", ok ? "ok" : "not ok", what);
	failures += !ok;
}

int main(void)
{
	char text[32];
	char small[6];

	check(strcmp(greet_version(), GREET_VERSION) == 0, "version");
	check(greet_format(text, sizeof text, "Ada") == 11 && strcmp(text, "Hello, Ada!") == 0, "name");
	check(greet_format(text, sizeof text, NULL) == 13 && strcmp(text, "Hello, world!") == 0, "no name");
	check(greet_format(text, sizeof text, "") == 13, "empty name");
	check(greet_format(text, sizeof text, "Zo\xc3\xab") == 12, "UTF-8 name");
	check(greet_format(small, sizeof small, "Ada") == 11 && strcmp(small, "Hello") == 0, "small buffer");
	errno = 0;
	check(greet_format(text, sizeof text, "A\nb") == -1 && errno == EINVAL, "control character");
	return failures != 0;
}
