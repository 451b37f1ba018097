#include "mild.h"

int main(void)
{
	return mild_words("many a mild morning") == 3 && mild_words("") == 0 ? 0 : 1;
}
