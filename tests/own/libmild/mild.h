#ifndef MILD_H
#define MILD_H

/* How many words of a text are mild: those that begin with "m". */
int mild_words(const char *text);

#endif
