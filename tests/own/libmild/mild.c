#include "mild.h"

int mild_words(const char *text)
{
	int count = 0;
	char before = ' ';

	for (; *text != '\0'; before = *text++)
		count += before == ' ' && *text == 'm';
	return count;
}
