#include <stdio.h>
int main(void) { puts("chosen"); return 0; }
