#include <stdio.h>
int tally(int n) { printf("%d\n", n); return n + 1; }
