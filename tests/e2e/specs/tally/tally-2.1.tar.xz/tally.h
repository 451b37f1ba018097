int tally(int n);
