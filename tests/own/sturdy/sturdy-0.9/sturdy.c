#include <stdio.h>

int main(void)
{
	puts("sturdy " VERSION);
	return 0;
}
