/* @NAME@: @SUMMARY@ */
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("@NAME@ " VERSION);
	} else if (argc == 1) {
		puts("Hello from @NAME@");
	} else {
		fputs("usage: @NAME@ [--version]\n", stderr);
		return 2;
	}
	return 0;
}
