/* SPDX-License-Identifier: Apache-2.0
 * greet: the command line around libgreet. */
#include <greet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int usage(FILE *stream, int status)
{
	fputs("usage: greet [--help | --version] [NAME]\n", stream);
	return status;
}

static int greet(const char *name)
{
	int length = greet_format(NULL, 0, name);
	if (length < 0) {
		fputs("greet: a name cannot hold control characters\n", stderr);
		return 1;
	}
	char *text = malloc((size_t)length + 1);
	if (text == NULL) {
		perror("greet");
		return 1;
	}
	greet_format(text, (size_t)length + 1, name);
	int failed = puts(text) == EOF || fflush(stdout) == EOF;
	free(text);
	if (failed)
		perror("greet");
	return failed;
}

int main(int argc, char **argv)
{
	if (argc > 2)
		return usage(stderr, 2);
	const char *name = argc == 2 ? argv[1] : NULL;
	if (name != NULL && strcmp(name, "--help") == 0)
		return usage(stdout, 0);
	if (name != NULL && strcmp(name, "--version") == 0) {
		printf("greet %s (libgreet %s)\n", VERSION, greet_version());
		return 0;
	}
	if (name != NULL && name[0] == '-')
		return usage(stderr, 2);
	return greet(name);
}
